"""The whole book as one PDF: the rendered pages after each other, printed by Chromium.

References lead from page to page as in the book, for each page's anchors get its name before them.
"""

import os
import posixpath
import re
import shutil
import subprocess
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import InputError
from .files import write_atomic

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

__all__ = ["NotPrinted", "find_browser", "print_book", "require_browser", "single_page"]

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_POINTING = ("for", "headers", "aria-labelledby", "aria-describedby")
_SECONDS = 600
_FORWARDS = re.compile(r"url=([^\"]*)\.html")
_PRINT = """
@page { size: A4; margin: 18mm 16mm 20mm; @bottom-center { content: counter(page); } }
body { background: #fff; }
article.bd-article { break-before: page; padding: 0; }
nav.mempaper-contents { break-before: page; }
nav.mempaper-contents li { list-style: none; margin: 0.2rem 0; }
.mempaper-front { padding-top: 30%; text-align: center; }
"""


class NotPrinted(RuntimeError):
    """Chromium made no PDF: holds the end of what it said."""


def find_browser() -> str | None:
    """Returns the path of a Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def require_browser() -> str:
    """Returns the path of a Chromium.

    Raises
        InputError  there is none
    """
    browser = find_browser()
    if browser is None:
        raise InputError(
            "PATH", f"hold one of {', '.join(_BROWSERS)}", "none", "Install Chromium to print."
        )
    return browser


def print_book(html: Path, output: Path) -> Path:
    """Prints the pages rendered in the folder `html` and returns the PDF, `output`.

    Raises
        InputError  the folder holds no book, there is no Chromium, or `output` cannot be written
        NotPrinted  Chromium failed, or was not done in ten minutes
    """
    browser = require_browser()
    page = html.absolute() / "_static" / "whole.html"
    printed = page.with_suffix(".pdf")
    write_atomic(page, single_page(html, start=page.parent).encode())
    try:
        _print(browser, page, printed)
        write_atomic(output, printed.read_bytes())
    finally:
        page.unlink()
        printed.unlink(missing_ok=True)
    return output


def _print(browser: str, page: Path, printed: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="mempaper-") as folder:
        command = [browser, "--headless", "--disable-gpu", f"--user-data-dir={folder}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")
        command += [f"--print-to-pdf={printed}", "--no-pdf-header-footer"]
        command += ["--generate-pdf-document-outline", "--virtual-time-budget=120000"]
        command.append(page.as_uri())
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise NotPrinted(f"{browser} was not done printing in {_SECONDS} s.") from error
    if done.returncode or not printed.is_file():
        said = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise NotPrinted(f"{browser} ended with status {done.returncode} and no PDF:\n{said}")


def single_page(html: Path, *, start: Path) -> str:
    """Returns all pages in the order of the contents as one, whose addresses begin at `start`.

    Raises
        InputError  the folder holds no book
    """
    soups = {name: _read(html, name) for name in _names(html)}
    articles = {name: _article(soup, name, set(soups), html, start) for name, soup in soups.items()}
    home, first = next(iter(soups.items()))
    title = articles[home].h1.find(string=True).strip()
    listed = "".join(
        f'<li><a href="#{_slug(name)}">{escape(article.h1.find(string=True))}</a></li>'
        for name, article in articles.items()
    )
    body = "".join(str(article) for article in articles.values())
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>{''.join(_head(first, home, html, start))}"
        f"<style>{_PRINT}</style></head><body>"
        f'<header class="mempaper-front"><h1>{escape(title)}</h1></header>'
        f'<nav class="mempaper-contents"><h1>Contents</h1><ol>{listed}</ol></nav>'
        f"{body}</body></html>"
    )


def _names(html: Path) -> list[str]:
    """Returns the pages in the order of the contents, without suffixes."""
    home = _FORWARDS.search(_read(html, "index").decode())
    if home is None:
        raise InputError("html", "be the folder of a book", html, "Run `mempaper book`.")
    folder = posixpath.dirname(home[1])
    links = _read(html, home[1]).select(".bd-sidebar-primary nav a.internal")
    found = [posixpath.normpath(posixpath.join(folder, link["href"])) for link in links]
    names = [path.removesuffix(".html") for path in found if path.endswith(".html")]
    return list(dict.fromkeys([home[1], *names]))


def _read(html: Path, name: str) -> "BeautifulSoup":
    from bs4 import BeautifulSoup

    path = html / f"{name}.html"
    if not path.is_file():
        raise InputError("html", "be the folder of a book", html, "Run `mempaper book`.")
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def _head(soup: "BeautifulSoup", name: str, html: Path, start: Path) -> list[str]:
    """Returns the style sheets of a page, and the scripts that set formulas and draw figures."""
    kept = []
    for tag in soup.head.find_all(["link", "script"]):
        address = tag.get("src") or tag.get("href") or ""
        if tag.name == "link" and "stylesheet" not in tag.get("rel", []):
            continue
        if tag.name == "script" and not (
            "MathJax" in tag.get_text() or "mathjax" in address or "turn.js" in address
        ):
            continue
        if address:
            key = "src" if tag.name == "script" else "href"
            tag[key] = _moved(address, name, html, start)
        kept.append(str(tag))
    return kept


def _article(soup: "BeautifulSoup", name: str, names: set[str], html: Path, start: Path) -> "Tag":
    """Returns the text of a page, its anchors named after it.

    Code and parameters that a page folds are left out; what else it folds is open.
    """
    article = soup.find("article", class_="bd-article")
    for folded in article.select("details.hide, details.mempaper-parameters"):
        folded.decompose()
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
