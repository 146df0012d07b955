"""The book as one page, and as a PDF."""

import re

import pytest

pytest.importorskip("bs4", reason="the extra `book` is not installed")

from bs4 import BeautifulSoup

from mempaper import pdf
from mempaper.errors import InputError

PAGE = """<!DOCTYPE html><html><head><title>T</title>
<link rel="stylesheet" href="{up}_static/style.css"><link rel="index" href="{up}genindex.html">
<script src="{up}_static/theme.js"></script><script src="{up}_static/turn.js"></script></head><body>
<div class="bd-sidebar-primary"><nav><a class="internal" href="#">One</a>
<a class="internal" href="{up}notebooks/two.html">Two</a></nav></div>
<article class="bd-article"><h1>{title}<a class="headerlink" href="#top">#</a></h1>{body}</article>
</body></html>"""
ONE = """<p id="top">See <a href="../notebooks/two.html#fig">a figure</a>, <a href="#top">here</a>,
<a href="../notebooks/two.html">a page</a>, <a href="../executed/two.ipynb">a file</a> and
<a href="https://example.org/x.html">elsewhere</a>.</p>"""
TWO = """<figure id="fig"><img src="../_images/a.png" alt="A"></figure><p id="top">
<details class="admonition hide"><summary>code</summary>x = 1</details>
<details class="sd-dropdown"><summary>Solution</summary>42</details>"""


@pytest.fixture
def html(tmp_path):
    """Returns the folder of a book of two pages that refer to each other."""
    for folder in ("book", "notebooks", "_static"):
        (tmp_path / folder).mkdir()
    forward = '<meta http-equiv="Refresh" content="0; url=book/one.html" />'
    (tmp_path / "index.html").write_text(forward)
    (tmp_path / "book" / "one.html").write_text(PAGE.format(up="../", title="One", body=ONE))
    (tmp_path / "notebooks" / "two.html").write_text(PAGE.format(up="../", title="Two", body=TWO))
    return tmp_path


def test_references_lead_to_places_in_the_one_page(html):
    soup = BeautifulSoup(pdf.single_page(html, start=html / "_static"), "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)) == 5
    links = {a.get_text(): a.get("href") for a in soup.select("article p a")}
    assert links == {
        "a figure": "#notebooks-two--fig",
        "here": "#book-one--top",
        "a page": "#notebooks-two",
        "a file": None,
        "elsewhere": "https://example.org/x.html",
    }
    assert {a["href"][1:] for a in soup.select('a[href^="#"]')} <= set(ids)
    assert [a.get_text() for a in soup.select("nav a")] == ["One", "Two"]


def test_files_are_found_from_where_the_page_lies(html):
    soup = BeautifulSoup(pdf.single_page(html, start=html / "_static"), "html.parser")
    assert soup.img["src"] == "../_images/a.png"
    assert [link["href"] for link in soup.select("link")] == ["style.css"]
    assert [script["src"] for script in soup.select("script")] == ["turn.js"]


def test_code_is_left_out_and_solutions_are_open(html):
    soup = BeautifulSoup(pdf.single_page(html, start=html / "_static"), "html.parser")
    (solution,) = soup.select("details")
    assert solution.has_attr("open")
    assert "42" in solution.get_text()


def test_a_folder_without_a_book_is_named(tmp_path):
    with pytest.raises(InputError, match="mempaper book"):
        pdf.single_page(tmp_path, start=tmp_path)


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """Returns a function that makes a shell script the only browser on the PATH."""

    def make(script):
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "chromium"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    return make


def test_without_chromium_nothing_is_printed(html, monkeypatch):
    monkeypatch.setenv("PATH", str(html))
    with pytest.raises(InputError, match="Install Chromium"):
        pdf.print_book(html, html / "book.pdf")


@pytest.mark.parametrize(
    ("script", "words"), [("echo no display >&2; exit 3", "status 3.*\nno display"), ("", "no PDF")]
)
def test_a_browser_that_prints_nothing_is_quoted_and_the_last_pdf_stays(html, stub, script, words):
    stub(script)
    (html / "book.pdf").write_text("earlier")
    with pytest.raises(pdf.NotPrinted, match=words):
        pdf.print_book(html, html / "book.pdf")
    assert (html / "book.pdf").read_text() == "earlier"
    assert not list((html / "_static").iterdir())


def test_a_browser_that_never_ends_is_ended(html, stub, monkeypatch):
    stub("exec /bin/sleep 60")
    monkeypatch.setattr(pdf, "_SECONDS", 0.2)
    with pytest.raises(pdf.NotPrinted, match=r"not done printing in 0\.2 s"):
        pdf.print_book(html, html / "book.pdf")


@pytest.mark.browser
def test_the_pdf_has_a_page_for_each_and_links_within(html, browser):
    found = pdf.print_book(html, html / "book.pdf").read_bytes()
    assert found.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", found)) == 4
    assert b"/Dest" in found
    assert not (html / "_static" / "whole.html").exists()
