"""Every checkable statement of both papers, and of this book, as data/claims.yml lists them.

A statement says where it stands, what decides it and to which pages it belongs; how it came out is
computed elsewhere, by `claims` from a page's numbers and by `ledger` over all pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import yaml

__all__ = ["KINDS", "PAPERS", "Statement", "statements"]

PAPERS = {"webster2019": "Webster et al. 2019", "bai2022": "Bai et al. 2022"}
PAPERS |= {"mempaper": "This book"}
KINDS = ("claim", "erratum", "paper-against-code", "question")


@dataclass(frozen=True)
class Statement:
    """What a paper says, in our words, or what this book asks, as a statement.

    kind     claim; erratum: printed, and not borne out by the paper's own numbers;
             paper-against-code: the published code does otherwise; question: what neither
             paper says
    decides  the number, and the line that it is held against
    pages    page -> one of its figures or tables
    scale    what deciding would take, where it takes more than the pages have
    """

    id: str
    paper: str
    kind: str
    statement: str
    where: str
    decides: str
    pages: Mapping[str, str]
    scale: str = ""

    @property
    def source(self) -> str:
        """Returns the paper and the place in it."""
        return f"{PAPERS[self.paper]}, {self.where}"


@cache
def statements() -> Mapping[str, Statement]:
    """Returns the statements by id, in the order of the papers."""
    text = resources.files("mempaper").joinpath("data/claims.yml").read_text(encoding="utf-8")
    listed = [
        Statement(paper=paper, **entry)
        for paper, entries in yaml.safe_load(text).items()
        for entry in entries
    ]
    return MappingProxyType({statement.id: statement for statement in listed})
