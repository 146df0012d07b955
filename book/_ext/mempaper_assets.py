"""Scripts that pages load: MathJax's parts that are used, and the theme's icons that are used.

Both come in one file each of 2.3 and 1.5 MB; what is left of them is 1.2 and 0.1 MB. MathJax's
fonts lie in its script, for some browsers read no font from a file for a page that is one.
"""

import base64
import re
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

__all__ = ["copy_mathjax", "drop_unused_icons", "mend", "use_mathjax"]

_FOLDER = "mathjax"
_PARTS = ("input/tex", "output/chtml", "a11y/assistive-mml")
_FONTS = "output/chtml/fonts"
_FILES = ("startup", "core", f"{_FONTS}/tex", *_PARTS)
_FONT = re.compile(r"%%URL%%/([A-Za-z0-9-_]+\.woff)")
_ICON = re.compile(
    r'(?:"([a-z0-9-]+)"|([a-z0-9]+)):\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?'
)
_NAMED = re.compile(r"fa-([a-z0-9-]+)")


def use_mathjax(app: Sphinx, config) -> None:
    """Lets pages with formulas load MathJax from _static."""
    config.mathjax_path = f"{_FOLDER}/startup.js"
    settings = dict(config.mathjax3_config or {})
    config.mathjax3_config = settings | {"loader": {"load": list(_PARTS)}}


def copy_mathjax(static: Path) -> None:
    package = Path(next(iter(find_spec("sphinx-mathjax-offline").submodule_search_locations)))
    source = package / "static" / "mathjax"

    def embedded(match: re.Match) -> str:
        font = (source / _FONTS / "woff-v2" / match[1]).read_bytes()
        return f"data:font/woff;base64,{base64.b64encode(font).decode()}"

    for name in _FILES:
        target = static / _FOLDER / f"{name}.js"
        target.parent.mkdir(parents=True, exist_ok=True)
        script = (source / f"{name}.js").read_text("utf-8")
        target.write_text(_FONT.sub(embedded, script), "utf-8")


def mend(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Takes from the bibliography a role that its entries do not fit."""
    if "body" in context:
        wrong = '<div role="list" class="citation-list">'
        context["body"] = context["body"].replace(wrong, '<div class="citation-list">')


def drop_unused_icons(html: Path) -> None:
    """Takes from Font Awesome's script the icons that no page and no other script names."""
    script = html / "_static" / "scripts" / "fontawesome.js"
    readers = list(html.rglob("*.html"))
    readers += [path for path in (html / "_static").rglob("*.js") if path != script]
    used = {name for path in readers for name in _NAMED.findall(path.read_text("utf-8"))}

    def kept(match: re.Match) -> str:
        names = {match[1] or match[2], *re.findall(r'"([^"]*)"', match[3])}
        return match[0] if names & used else ""

    script.write_text(_ICON.sub(kept, script.read_text("utf-8")), "utf-8")
