# Every line is a command that also works by hand.

PYTHON ?= python3
PROFILE ?= laptop
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt
TORCH_FOR_CPU := https://download.pytorch.org/whl/cpu/torch/

.PHONY: book test soak env bench lint clean help

book: env  ## train, execute the notebooks and build the book: make book PROFILE=smoke|laptop|real|paper
	$(BIN)/snakemake --quiet all --config profile=$(PROFILE)

test: env  ## all tests, the import contract, the types and the linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest

soak: env  ## the long forms of the fault tests, at most an hour: many kills, many drawn inputs
	MEMPAPER_EXAMPLES=150 $(BIN)/python -m pytest tests/test_properties.py
	$(BIN)/python -m pytest -m soak

env: .venv/installed  ## .venv with everything installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(PIP) --no-deps --retries 1 --find-links $(TORCH_FOR_CPU) torch
	$(PIP) --editable '.[book,test]'
	touch .venv/installed

bench: env  ## speed against named baselines; make bench RECORD=1 writes results/benchmarks.csv
	$(BIN)/python -m pytest benchmarks --benchmark-only $(if $(RECORD),--record)

lint: env  ## mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the built book; keeps finished runs, which `mempaper runs clean` removes
	rm -rf _build

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
