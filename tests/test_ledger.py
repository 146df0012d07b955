"""The ledger: statements that say no verdict, joined with live and recorded ones."""

import ast
import json
import re
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest
import yaml

from mempaper import ledger, notebooks, results, statements
from mempaper.claims import CLAIMS
from mempaper.errors import InputError

REPOSITORY = Path(__file__).parents[1]
STATEMENTS = statements.statements()


def judged(notebook):
    """Returns the claims that a notebook's script asks claims.judge for."""
    calls = (node for node in ast.walk(ast.parse(notebook.source.read_text())))
    return {
        call.args[0].value
        for call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "claims.judge"
    }


def test_there_are_statements_of_all_kinds_and_of_both_papers():
    assert len(STATEMENTS) >= 40
    assert {s.paper for s in STATEMENTS.values()} == set(statements.PAPERS)
    assert {s.kind for s in STATEMENTS.values()} == set(statements.KINDS)


def test_no_id_is_given_twice():
    text = resources.files("mempaper").joinpath("data/claims.yml").read_text()
    ids = [entry["id"] for of_paper in yaml.safe_load(text).values() for entry in of_paper]
    assert sorted(ids) == sorted(STATEMENTS)


def test_the_books_file_is_the_packages():
    found = (REPOSITORY / "book" / "claims.yml").read_text()
    assert found == resources.files("mempaper").joinpath("data/claims.yml").read_text()


def test_no_verdict_is_written_by_hand():
    """Neither in the statements nor, but for what checks a reference, in a notebook's code."""
    told = re.compile(r"\b(not )?reproduced\b|\bnot testable\b|\bnot judged\b|\bverdict:", re.I)
    text = resources.files("mempaper").joinpath("data/claims.yml").read_text()
    entries = yaml.safe_load(text)
    assert not told.search(yaml.dump(entries))
    for notebook in notebooks.find(REPOSITORY).values():
        code = ast.unparse(ast.parse(notebook.source.read_text()))
        assert not told.search(code), notebook.name


def test_the_pages_judge_what_the_ledger_says_they_do():
    for notebook in notebooks.find(REPOSITORY).values():
        said = {s.id for s in STATEMENTS.values() if notebook.name in s.pages}
        assert judged(notebook) == said & set(CLAIMS), notebook.name
    everywhere = set().union(*map(judged, notebooks.find(REPOSITORY).values()))
    assert everywhere == set(CLAIMS)


def test_what_no_page_decides_says_what_it_would_take():
    assert set(CLAIMS) <= set(STATEMENTS)
    assert all(STATEMENTS[name].scale for name in set(STATEMENTS) - set(CLAIMS))


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=lambda s: s.id)
def test_each_statement_is_whole_and_its_figures_exist(statement):
    for text in (statement.statement, statement.where, statement.decides):
        assert text == text.strip() != ""
    for page, label in statement.pages.items():
        kind = {"fig": "figure", "tab": "table"}[label.partition("-")[0]]
        script = notebooks.find(REPOSITORY)[page].source.read_text()
        assert f"# | {kind}: {label}\n" in script


def interval(low, high, estimate):
    return {"low": low, "high": high, "estimate": estimate, "confidence": 0.95}


MADE = {
    "notebook": "one/page",
    "profile": "smoke",
    "executed": "2026-11-22T03:04:05+00:00",
    "commit": "0123456789abcdef",
}


def write_copy(root, page, verdicts):
    """Writes an executed copy that displays verdicts, claim -> (verdict, numbers)."""
    outputs = [
        {
            "data": {
                "application/vnd.mempaper.verdict+json": {
                    "claim": claim,
                    "statement": "S",
                    "source": "T",
                    "verdict": verdict,
                    "detail": f"{claim} has numbers",
                    "numbers": numbers,
                }
            }
        }
        for claim, (verdict, numbers) in verdicts.items()
    ]
    path = root / "_build" / "executed" / "smoke" / f"{page}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    copy = {"cells": [{"outputs": outputs}], "metadata": {"mempaper": MADE | {"notebook": page}}}
    copy["metadata"]["mempaper"]["sha256"] = notebooks.checksum(copy)
    path.write_text(json.dumps(copy))


@pytest.fixture
def root(tmp_path):
    """Returns a checkout with two executed pages and verdicts recorded with two seeds."""
    files = {
        "_config.yml": "",
        "book/_toc.yml": "root: book/intro\nchapters: [{file: notebooks/one/page}, "
        "{file: notebooks/one/other}, {file: notebooks/one/unexecuted}]",
        "profiles/smoke.yaml": "",
    }
    files |= {f"notebooks/one/{name}.py": "# %%\n" for name in ("page", "other", "unexecuted")}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    gap = {"digits, GLO-128": interval(0.2, 0.4, 0.3)}
    write_copy(tmp_path, "one/page", {"small-glo-detected": ("reproduced", gap)})
    both = {"small-glo-detected": ("not testable", {}), "tests-agree": ("not reproduced", {})}
    write_copy(tmp_path, "one/other", both)
    (tmp_path / "results").mkdir()
    table = pd.DataFrame(
        {
            "claim": "gan-generalizes",
            "verdict": ["reproduced", "not testable"],
            "dataset": "mnist",
            "seed": [0, 1],
            "quantity": "mnist, DCGAN, MRE-gap",
            "estimate": [0.01, 0.03],
            "low": [-0.1, 0.0],
            "high": [0.1, 0.2],
            "confidence": 0.95,
        }
    )
    table.to_csv(tmp_path / "results" / "table_1_mnist_verdicts.csv", index=False)
    source = MADE | {"profile": "real", "seeds": [0, 1], "machine": "m", "seconds": 7200}
    source |= {"version": "0.1.0"}
    (tmp_path / "results" / "table_1_mnist_verdicts.json").write_text(json.dumps(source))
    return tmp_path


def by_id(root, **options):
    return {entry.statement.id: entry for entry in ledger.read("smoke", root=root, **options)}


def test_live_and_recorded_verdicts_are_joined_and_kept_apart(root):
    found = by_id(root)
    assert list(found) == list(STATEMENTS)
    glo = found["small-glo-detected"]
    assert [each.page for each in glo.live] == ["one/page", "one/other"]
    assert glo.live[0].numbers == {"digits, GLO-128": interval(0.2, 0.4, 0.3)}
    assert glo.live[0].line == "one/page, 2026-11-22, commit 0123456789"
    # One page that cannot tell keeps the whole open.
    assert (glo.live_outcome, glo.recorded_outcome) == ("not testable", "not judged")
    gan = found["gan-generalizes"]
    assert (gan.live_outcome, gan.recorded_outcome) == ("not judged", "not testable")
    (recorded,) = gan.recorded
    assert (recorded.dataset, recorded.seeds) == ("mnist", 2)
    assert recorded.agreement == "not testable (1 of 2 seeds)"
    # Student's quantile at 97.5 % with one degree of freedom is 12.706; the standard error .01.
    mean = recorded.numbers["mnist, DCGAN, MRE-gap"]
    assert (mean.estimate, mean.high) == pytest.approx((0.02, 0.02 + 0.12706), rel=1e-4)
    assert found["tests-agree"].live_outcome == "not reproduced"


def test_what_has_no_verdict_says_why(root):
    found = by_id(root)
    assert found["tests-agree"].reason == ""
    assert found["gan-generalizes"].reason == "Not executed with profile smoke."
    unjudged = found["restarts-help"]
    assert unjudged.live_outcome == "not judged"
    assert unjudged.reason.startswith("No page computes what decides it. It would take: Several")


def test_the_counts_are_of_all_entries(root):
    outcomes = [entry.live_outcome for entry in by_id(root).values()]
    rest = len(STATEMENTS) - 2
    told = ledger.counts(outcomes)
    assert told == f"1 not reproduced, 1 not testable, {rest} not judged"


def test_one_paper_alone(root):
    found = by_id(root, paper="bai2022")
    assert {entry.statement.paper for entry in found.values()} == {"bai2022"}


def test_the_ledger_as_json(root):
    plain = json.loads(json.dumps([ledger.as_json(e) for e in by_id(root).values()]))
    gan = next(entry for entry in plain if entry["id"] == "gan-generalizes")
    assert gan["source"] == "Webster et al. 2019, Sec. 3.2 and Table 1"
    assert gan["live"] == {
        "outcome": "not judged",
        "reason": "Not executed with profile smoke.",
        "verdicts": [],
    }
    (recorded,) = gan["recorded"]["verdicts"]
    assert recorded["numbers"]["mnist, DCGAN, MRE-gap"]["estimate"] == pytest.approx(0.02)


def test_an_unknown_profile_is_refused(root):
    with pytest.raises(InputError, match="the profile must be one of smoke"):
        ledger.read("vast", root=root)


def test_the_repositorys_results_are_of_known_claims():
    assert {each.claim for each in results.recorded_verdicts(root=REPOSITORY)} <= set(CLAIMS)


def test_recorded_quantities_are_in_the_order_of_their_numbers():
    found = results.verdicts("some-threshold-suits-each-model", root=REPOSITORY).text["quantity"]
    thresholds = [float(name.split(", ")[1]) for name in found if name.startswith("SAGAN, ")]
    assert len(set(thresholds)) > 1
    assert thresholds == sorted(thresholds)
