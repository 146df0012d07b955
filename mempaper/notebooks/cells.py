"""What the first lines of a cell say: that its output is a figure or a table, and which.

A code cell may begin with a YAML block of `# |` lines: `figure: NAME` or `table: NAME` makes its
output a numbered figure or table that prose refers to by that name, `caption:` and `alt:` describe
it, and `recorded: NAME` says that it is drawn from that table of results/.
"""

import re

import yaml

__all__ = ["split_options"]

_OPTION = re.compile(r"# ?\|(?: (.*))?$")
_KEYS = {"figure", "table", "caption", "alt", "recorded"}


def split_options(source: str) -> tuple[dict[str, str], str]:
    """Returns the options at the head of a cell and the source without them.

    Raises
        ValueError  an unknown option, both figure and table, or one of them without a caption
    """
    lines = source.split("\n")
    count = next((i for i, line in enumerate(lines) if not _OPTION.match(line)), len(lines))
    options = yaml.safe_load("\n".join(_OPTION.match(line)[1] or "" for line in lines[:count]))
    options = options or {}
    if unknown := set(options) - _KEYS:
        raise ValueError(f"unknown cell options {sorted(unknown)}; there are {sorted(_KEYS)}")
    if options and ("figure" in options) == ("table" in options):
        raise ValueError(f"a cell with options is either a figure or a table: {options}")
    if options and "caption" not in options:
        raise ValueError(f"a figure or table needs a caption: {options}")
    return options, "\n".join(lines[count:]).lstrip("\n")
