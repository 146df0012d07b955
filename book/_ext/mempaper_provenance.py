"""What a page says about where its numbers come from, as HTML."""

import json
import shlex
from collections.abc import Mapping
from html import escape

__all__ = ["computed_line", "details", "launch_row", "parameter_table", "rerun_command"]

_LONG = 60
_DATA, _SEEDS = ("dataset", "datasets"), ("seed", "seeds")


def computed_line(made: Mapping) -> str:
    """Returns the line under a figure or table that this build computed."""
    values = made["parameters"]
    parts = [f"profile {made['profile']}"]
    for label, names in (("dataset", _DATA), ("seed", _SEEDS)):
        for name in names:
            if name in values:
                several = isinstance(values[name], list) and len(values[name]) != 1
                parts.append(f"{label}{'s' * several} {_plain(values[name])}")
    source = f"notebooks/{made['notebook']}.py ({made['source_sha256'][:7]})"
    return (
        f"Computed by this build: {', '.join(parts)}; source {source}; "
        f"mempaper {made['version']}; {made['executed'][:10]}"
    )


def details(made: Mapping) -> str:
    """Returns the foot of a notebook's page: everything its executed copy records."""
    minutes, seconds = divmod(round(made["seconds"]), 60)
    commit = f", commit {made['commit'][:7]}" if made.get("commit") else ""
    rows = {
        "Source": f"notebooks/{made['notebook']}.py, SHA-256 {made['source_sha256'][:12]}",
        "Package": f"mempaper {made['version']}{commit}, code {made['code'][:12]}",
        "Executed": f"{made['executed'][:16].replace('T', ' ')} UTC, {minutes} min {seconds} s",
        "Machine": made["machine"],
        "Profile": made["profile"],
    }
    listed = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in rows.items())
    return (
        '<section class="mempaper-details"><h2>How this page was made</h2>'
        f"<dl>{listed}</dl></section>"
    )


def launch_row(links: Mapping[str, str]) -> str:
    """Returns the places where the page runs as a notebook; nothing where there are none.

    links  text -> address; the download first
    """
    if not links:
        return ""
    (text, url), *others = links.items()
    download = f'<a href="{escape(url)}" download>{escape(text)}</a>'
    elsewhere = (
        f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>'
        for text, url in others
    )
    return f'<p class="mempaper-launch">{download}{"".join(elsewhere)}</p>'


def parameter_table(
    parameters: list, made: Mapping | None, profiles: Mapping[str, Mapping], command: str
) -> str:
    """Returns the table of a notebook's parameters with the command that executes it again.

    parameters  objects with name, default, legal and meaning
    made        the executed copy's record, or None for a page without one
    profiles    name -> the values that this profile sets
    """
    head = ["Parameter", "This build", "Default", "Legal values", "Meaning", "By profile"]
    body = []
    for parameter in parameters:
        value = made["parameters"].get(parameter.name) if made else None
        others = {
            profile: values[parameter.name]
            for profile, values in profiles.items()
            if parameter.name in values
        }
        cells = [
            f"<code>{escape(parameter.name)}</code>",
            _value(value) if made else "not executed",
            _value(parameter.default),
            escape(parameter.legal or _kind(parameter.default)),
            escape(parameter.meaning),
            "<div>"
            + "".join(f"<div>{name} {_value(each)}</div>" for name, each in others.items())
            + "</div>"
            if others
            else "the default in all",
        ]
        changed = ' class="changed"' if made and value != parameter.default else ""
        labelled = zip(head, cells, strict=True)
        tds = "".join(f'<td data-label="{label}">{cell}</td>' for label, cell in labelled)
        body.append(f"<tr{changed}>{tds}</tr>")
    heads = "".join(f'<th scope="col">{label}</th>' for label in head)
    return (
        '<details class="mempaper-parameters"><summary>Parameters</summary>'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        "<p>Execute this notebook with your own:</p>"
        '<div class="highlight-bash notranslate"><div class="highlight">'
        f"<pre>{escape(command)}</pre></div></div></details>"
    )


def _value(value: object) -> str:
    text = escape(json.dumps(value))
    if len(text) <= _LONG:
        return f"<code>{text}</code>"
    return f"<details><summary>{_long(value)}</summary><code>{text}</code></details>"


def _long(value: object) -> str:
    noun = "families" if isinstance(value, dict) else "values"
    return f"{len(value)} {noun}" if isinstance(value, dict | list) else "text"


def rerun_command(notebook: str, profile: str, parameters: list, made: Mapping | None) -> str:
    """Returns the command that executes the notebook with its first parameter set by hand."""
    command = f"mempaper notebook run {notebook} --profile {profile}"
    if not parameters:
        return command
    first = parameters[0]
    value = made["parameters"].get(first.name, first.default) if made else first.default
    text = value if isinstance(value, str) else json.dumps(value)
    return f"{command} -p {first.name} {shlex.quote(text)}"


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _kind(default: object) -> str:
    return {
        bool: "true, false",
        str: "text",
        int: "whole number",
        float: "number",
        dict: "mapping",
    }.get(type(default), "any")
