"""The ledger of claims: each statement of the papers beside every verdict on it.

Live verdicts are those of the executed copies of a profile, recorded ones those under results/, and
the two are kept apart. What an entry comes to is computed from them and stored nowhere.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import book, results
from .claims import CLAIMS, NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, combined
from .notebooks import catalogue, execution
from .results import RecordedVerdict
from .statements import Statement, statements

__all__ = ["NOT_JUDGED", "OUTCOMES", "Entry", "LiveVerdict", "as_json", "counts", "read"]

NOT_JUDGED = "not judged"
OUTCOMES = (REPRODUCED, NOT_REPRODUCED, NOT_TESTABLE, NOT_JUDGED)


@dataclass(frozen=True)
class LiveVerdict:
    """What one page of a build says of a statement.

    numbers  name -> low, high, estimate and confidence of what decided it; None: not finite
    made     what made the executed copy, see notebooks.record
    """

    page: str
    verdict: str
    detail: str
    numbers: Mapping[str, Mapping[str, float | None]]
    made: Mapping[str, Any]

    @property
    def line(self) -> str:
        """Returns which page, when, and from which state of the code."""
        commit = f", commit {self.made['commit'][:10]}" if self.made.get("commit") else ""
        return f"{self.page}, {self.made['executed'][:10]}{commit}"


@dataclass(frozen=True)
class Entry:
    """A statement, and all verdicts on it."""

    statement: Statement
    profile: str
    live: tuple[LiveVerdict, ...]
    recorded: tuple[RecordedVerdict, ...]

    @property
    def live_outcome(self) -> str:
        """Returns one of OUTCOMES, of all pages of the build that judge it."""
        return _outcome(each.verdict for each in self.live)

    @property
    def recorded_outcome(self) -> str:
        """Returns one of OUTCOMES, of all data sets that are recorded."""
        return _outcome(each.verdict for each in self.recorded)

    @property
    def reason(self) -> str:
        """Returns why this build has no verdict; empty where it has one."""
        if self.live:
            return ""
        if self.statement.id not in CLAIMS:
            return f"No page computes what decides it. It would take: {self.statement.scale}"
        return f"Not executed with profile {self.profile}."


def read(
    profile: str = "laptop",
    *,
    paper: str | None = None,  # None: of all
    page: str | None = None,  # whose statements, with the verdicts that it gives; None: of all
    root: Path | None = None,
) -> list[Entry]:
    """Returns the entries in the order of the papers.

    Raises
        InputError  there is no checkout or no such profile
    """
    root = root or catalogue.find_root()
    catalogue.load_profile(profile, root)
    live = _by_claim(_live(profile, page, root))
    wanted = [
        said
        for said in statements().values()
        if paper in (None, said.paper) and (page is None or page in said.pages)
    ]
    found = results.recorded_verdicts([said.id for said in wanted], root=root)
    recorded = _by_claim((each.claim, each) for each in found)
    return [
        Entry(said, profile, tuple(live.get(said.id, ())), tuple(recorded.get(said.id, ())))
        for said in wanted
    ]


def counts(outcomes: Iterable[str]) -> str:
    """Returns how many entries came to each outcome, as text."""
    found = Counter(outcomes)
    return ", ".join(f"{found[outcome]} {outcome}" for outcome in OUTCOMES if found[outcome])


def as_json(entry: Entry) -> dict[str, Any]:
    """Returns an entry as plain dicts and lists, with what it came to."""
    said = asdict(entry.statement) | {"source": entry.statement.source}
    live = {"outcome": entry.live_outcome, "reason": entry.reason}
    live["verdicts"] = [asdict(each) for each in entry.live]
    recorded = {
        "outcome": entry.recorded_outcome,
        "verdicts": [asdict(each) for each in entry.recorded],
    }
    return said | {"live": live, "recorded": recorded}


def _live(profile: str, page: str | None, root: Path) -> Iterable[tuple[str, LiveVerdict]]:
    for notebook in book.chapters(root) if page is None else [catalogue.Notebook(root, page)]:
        made = execution.record(execution.executed_path(notebook, profile))
        for verdict in book.verdicts(notebook, profile) if made else ():
            found = {name: verdict[name] for name in ("verdict", "detail", "numbers")}
            yield verdict["claim"], LiveVerdict(page=notebook.name, **found, made=made)


def _by_claim(found: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for claim, verdict in found:
        grouped.setdefault(claim, []).append(verdict)
    return grouped


def _outcome(verdicts: Iterable[str]) -> str:
    verdicts = list(verdicts)
    return combined(verdicts) if verdicts else NOT_JUDGED
