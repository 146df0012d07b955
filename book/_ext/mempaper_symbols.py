"""Sets the names of statistics as formulas have them, wherever a page has them as plain text."""

import re

from sphinx.application import Sphinx

__all__ = ["set_symbols", "with_symbols"]

_AS_IT_IS = (
    r"<(script|style|code|pre|svg|textarea|option)\b.*?</\1>"
    r'|<(span|div)\b[^>]* class="math\b[^>]*>.*?</\2>'
    r"|<[^>]*>"
)
_NAME = r"\b(?P<letter>[CZ])_(?P<index>[TU])\b"
_FOUND = re.compile(f"{_AS_IT_IS}|{_NAME}", re.DOTALL)


def set_symbols(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Sets them in a page's text; code, formulas and attributes stay as they are."""
    if "body" in context:
        context["body"] = with_symbols(context["body"])


def with_symbols(html: str) -> str:
    """Returns HTML with its C_T and Z_U set.

    >>> with_symbols('<td title="C_T">C_T, <code>C_T</code></td>')
    '<td title="C_T"><i>C<sub>T</sub></i>, <code>C_T</code></td>'
    """

    def in_place(match: re.Match) -> str:
        if not match["letter"]:
            return match[0]
        return f"<i>{match['letter']}<sub>{match['index']}</sub></i>"

    return _FOUND.sub(in_place, html)
