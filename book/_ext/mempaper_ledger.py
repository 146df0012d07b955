"""The ledger of claims as HTML: a row for each statement, live and recorded verdicts apart."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mempaper import ledger, results
from mempaper.statements import PAPERS

if TYPE_CHECKING:
    from mempaper.ledger import Entry

__all__ = ["claims_box", "counts_table", "entries_table", "headlines_table"]

Link = Callable[[str, str], tuple[str, str] | None]
"""(page, label) -> (address, text); None where the book has no such page."""

_COLUMNS = {
    "claim": "Claims",
    "erratum": "Errata",
    "paper-against-code": "Paper against code",
    "question": "Questions",
}
_LIVE_AND_RECORDED = ("This build", "Recorded")
_KINDS = {
    "claim": "",
    "erratum": "erratum",
    "paper-against-code": "paper against code",
    "question": "question",
}


def counts_table(entries: Sequence["Entry"]) -> str:
    """Returns how many statements came to what: by kind in this build, and recorded."""
    columns = {
        title: [entry.live_outcome for entry in entries if entry.statement.kind == kind]
        for kind, title in _COLUMNS.items()
    }
    columns["Recorded"] = [entry.recorded_outcome for entry in entries]
    head = "".join(f'<th scope="col">{name}</th>' for name in ("", *columns))
    rows = "".join(
        f'<tr data-verdict="{outcome}"><th scope="row">{_badge(outcome)}</th>'
        + "".join(f"<td>{column.count(outcome)}</td>" for column in columns.values())
        + "</tr>"
        for outcome in ledger.OUTCOMES
    )
    caption = (
        f"{len(entries)} statements: those of each kind in this build (profile "
        f"{entries[0].profile}), and all of them recorded"
    )
    return (
        f'<table class="mempaper-counts"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def entries_table(entries: Iterable["Entry"], link: Link) -> str:
    """Returns one row for each statement; what decided a verdict is folded under it."""
    head = ("Statement", *_LIVE_AND_RECORDED)
    body = []
    for entry in entries:
        cells = (_statement(entry, link), _live(entry), _recorded(entry))
        labelled = zip(head, cells, strict=True)
        tds = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in labelled)
        body.append(f'<tr id="claim-{entry.statement.id}">{tds}</tr>')
    heads = "".join(f'<th scope="col">{label}</th>' for label in head)
    return (
        f'<table class="mempaper-ledger"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def claims_box(entries: Sequence["Entry"], noun: str, ledger_url: str | None) -> str:
    """Returns what is said of one figure or table, and what came of it, folded under one line.

    noun        "figure" or "table"
    ledger_url  address of the page that lists all statements; None where there is none
    """
    several = f"{len(entries)} statements" if len(entries) > 1 else "1 statement"
    counts = ledger.counts(entry.live_outcome for entry in entries)
    items = "".join(f"<li>{_said_and_found(entry, ledger_url)}</li>" for entry in entries)
    return (
        f'<details class="mempaper-claims"><summary>{several} on this {noun}; in this build: '
        f"{counts}</summary><ul>{items}</ul></details>"
    )


def _said_and_found(entry: "Entry", ledger_url: str | None) -> str:
    said = entry.statement
    source = escape(said.source)
    if ledger_url:
        source = f'<a href="{ledger_url}#claim-{said.id}">{source}</a>'
    kind = f", {_KINDS[said.kind]}" if _KINDS[said.kind] else ""
    each = "; ".join(f"{one.dataset}: {one.agreement}" for one in entry.recorded)
    rows = {
        "Asked" if said.kind == "question" else "Printed": (
            f"{escape(said.statement)} ({source}{kind})"
        ),
        "This build": _verdict(entry.live_outcome),
        "Recorded": _verdict(entry.recorded_outcome) + escape(each) if each else "nothing",
    }
    return f"<dl>{''.join(f'<dt>{k}</dt><dd>{v}</dd>' for k, v in rows.items())}</dl>"


def headlines_table(entries: Sequence["Entry"], chosen: Mapping[str, str], url: str) -> str:
    """Returns the verdicts on a few statements, and under them the counts for each paper.

    chosen  id of a statement -> the statement in short
    url     of the page with all of them

    Raises
        ValueError  there is no such statement
    """
    by_id = {entry.statement.id: entry for entry in entries}
    if unknown := chosen.keys() - by_id.keys():
        raise ValueError(f"no such statements: {', '.join(sorted(unknown))}")
    rows = "".join(
        f'<tr><td><a href="{escape(url)}#claim-{name}">{escape(words)}</a></td>'
        f'<td data-label="This build">{_verdict(by_id[name].live_outcome)}</td>'
        f'<td data-label="Recorded">{_recorded_badge(by_id[name])}</td></tr>'
        for name, words in chosen.items()
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Statement", *_LIVE_AND_RECORDED))
    of_paper = {
        title: [entry.live_outcome for entry in entries if entry.statement.paper == paper]
        for paper, title in PAPERS.items()
    }
    told = "; ".join(
        f"{escape(title)}: {ledger.counts(found)}" for title, found in of_paper.items()
    )
    return (
        f'<table class="mempaper-ledger mempaper-headlines"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{rows}</tbody></table><p class="mempaper-detail">This build is that of profile '
        f"{escape(entries[0].profile)}; recorded are longer runs on larger data. All statements in "
        f"this build: {told}.</p>"
    )


def _statement(entry: "Entry", link: Link) -> str:
    said = entry.statement
    where = ", ".join(filter(None, (_KINDS[said.kind], said.where)))
    found = filter(None, (link(page, label) for page, label in said.pages.items()))
    links = "; ".join(f'<a href="{escape(url)}">{escape(text)}</a>' for url, text in found)
    return (
        f"<p>{escape(said.statement)}</p>"
        f'<p class="mempaper-source">{escape(where[0].upper() + where[1:])}'
        f"{'. See ' + links if links else ''}</p>"
        f'<p class="mempaper-detail">Decided by: {escape(said.decides)}</p>'
    )


def _live(entry: "Entry") -> str:
    if not entry.live:
        reason = f'<p class="mempaper-detail">{_with_code(entry.reason)}</p>'
        return _verdict(entry.live_outcome) + reason
    told = "".join(_told(f"{each.verdict}: {each.detail}", each.line) for each in entry.live)
    return _verdict(entry.live_outcome) + _folded(told)


def _recorded(entry: "Entry") -> str:
    if not entry.recorded:
        return _recorded_badge(entry)
    told = ""
    for each in entry.recorded:
        text = f"{each.dataset}, {each.agreement}. {each.detail}"
        told += _told(text, results.described(each.source))
    return _recorded_badge(entry) + _folded(told)


def _recorded_badge(entry: "Entry") -> str:
    if not entry.recorded:
        return '<span class="mempaper-detail">nothing</span>'
    return _verdict(entry.recorded_outcome)


def _verdict(outcome: str) -> str:
    return f'<div data-verdict="{outcome}">{_badge(outcome)}</div>'


def _badge(outcome: str) -> str:
    return f'<span class="mempaper-badge">{outcome}</span>'


def _folded(told: str) -> str:
    return f"<details><summary>Numbers</summary>{told}</details>"


def _with_code(text: str) -> str:
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _told(text: str, line: str) -> str:
    return f'<p>{escape(text)}</p><p class="mempaper-provenance">{escape(line)}</p>'
