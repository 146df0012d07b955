"""The whole book as one PDF: the rendered pages after each other, printed by Chromium.

References lead from page to page as in the book, for each page's anchors get its name before them.
"""

import os
import posixpath
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from . import book
from .errors import InputError
from .files import write_atomic

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

__all__ = ["print_book", "single_page"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_POINTING = ("for", "headers", "aria-labelledby", "aria-describedby")
_SECONDS = 600
_PRINT = """
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-center { content: counter(page); } }
body { background: #fff; }
article.bd-article { break-before: page; padding: 0; }
nav.mempaper-contents { break-before: page; }
nav.mempaper-contents li { list-style: none; margin: 0.2rem 0; }
.mempaper-front { padding-top: 30%; text-align: center; }
"""


def print_book(root: Path, *, output: Path | None = None) -> Path:
    """Prints the pages rendered below `root` and returns the PDF, `_build/mempaper.pdf` by default.

    Raises
        InputError  the book is not rendered, or there is no Chromium
    """
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise InputError(
            "PATH", f"hold one of {', '.join(_BROWSERS)}", "none", "Install Chromium to print."
        )
    output = (output or root / "_build" / "mempaper.pdf").absolute()
    # Beside the pages, for their style sheets and images.
    page = root / "_build" / "html" / "_static" / "whole.html"
    text = single_page(root, start=page.parent)
    write_atomic(page, text.encode())
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        command = [browser, "--headless", "--disable-gpu", f"--user-data-dir={folder}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")
        command += [f"--print-to-pdf={output}", "--no-pdf-header-footer"]
        command += ["--generate-pdf-document-outline", "--virtual-time-budget=120000"]
        try:
            subprocess.run(
                [*command, page.as_uri()], check=True, capture_output=True, timeout=_SECONDS
            )
        finally:
            page.unlink()
    return output


def single_page(root: Path, *, start: Path) -> str:
    """Returns all pages in the order of the contents as one, whose addresses begin at `start`.

    Raises
        InputError  the book is not rendered
    """
    from bs4 import BeautifulSoup

    html = root / "_build" / "html"
    soups = {}
    for name in book.pages(root):
        path = html / f"{name}.html"
        if not path.is_file():
            raise InputError(
                "the book", "be rendered before it is printed", path, "Run `mempaper book`."
            )
        soups[name] = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    articles = {name: _article(soup, name, set(soups), html, start) for name, soup in soups.items()}
    first = next(iter(soups.values()))
    head = "".join(_head(first, next(iter(soups)), html, start))
    title = first.title.get_text().partition(" — ")[0]
    listed = "".join(
        f'<li><a href="#{_slug(name)}">{escape(article.h1.get_text().rstrip("#"))}</a></li>'
        for name, article in articles.items()
    )
    body = "".join(str(article) for article in articles.values())
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>{head}<style>{_PRINT}</style></head><body>"
        f'<header class="mempaper-front"><h1>{escape(title)}</h1></header>'
        f'<nav class="mempaper-contents"><h1>Contents</h1><ol>{listed}</ol></nav>'
        f"{body}</body></html>"
    )


def _head(soup: "BeautifulSoup", name: str, html: Path, start: Path) -> list[str]:
    """Returns the style sheets of a page, and the scripts that set formulas and draw figures."""
    kept = []
    for tag in soup.head.find_all(["link", "script"]):
        address = tag.get("src") or tag.get("href") or ""
        if tag.name == "link" and "stylesheet" not in tag.get("rel", []):
            continue
        if tag.name == "script" and not (
            "MathJax" in tag.get_text() or "tex-svg" in address or "turn.js" in address
        ):
            continue
        if address:
            key = "src" if tag.name == "script" else "href"
            tag[key] = _moved(address, name, html, start)
        kept.append(str(tag))
    return kept


def _article(soup: "BeautifulSoup", name: str, names: set[str], html: Path, start: Path) -> "Tag":
    """Returns the text of a page, its anchors named after it and everything unfolded."""
    article = soup.find("article", class_="bd-article")
    slug = _slug(name)
    for tag in article.find_all(True):
        if tag.get("id"):
            tag["id"] = f"{slug}--{tag['id']}"
        for key in _POINTING:
            if tag.get(key):
                tag[key] = " ".join(f"{slug}--{each}" for each in str(tag[key]).split())
        if tag.get("src"):
            tag["src"] = _moved(tag["src"], name, html, start)
        if tag.name == "details":
            tag["open"] = ""
        if tag.name == "a" and tag.get("href"):
            _relink(tag, name, names)
    article["id"] = slug
    return article


def _relink(link: "Tag", name: str, names: set[str]) -> None:
    """Leads a link to the place in the one page; of a file that is no page only the text stays."""
    parts = urlsplit(link["href"])
    if parts.scheme:
        return
    target = name
    if parts.path:
        joined = posixpath.join(posixpath.dirname(name), unquote(parts.path))
        target = posixpath.normpath(joined).removesuffix(".html")
    if target not in names:
        del link["href"]
    elif parts.fragment:
        link["href"] = f"#{_slug(target)}--{unquote(parts.fragment)}"
    else:
        link["href"] = f"#{_slug(target)}"


def _moved(address: str, name: str, html: Path, start: Path) -> str:
    """Returns a page's address of a file as seen from `start`."""
    parts = urlsplit(address)
    if parts.scheme or not parts.path:
        return address
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
    return Path(os.path.relpath(html / path, start)).as_posix()


def _slug(name: str) -> str:
    return name.replace("/", "-")
