"""The whole book in a browser: every built page, looked at in both widths."""

import importlib.resources
import json
import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("axe_playwright_python", reason="the extra `test` is not installed")

REPOSITORY = Path(__file__).parents[1]
HEAVIEST = 3_000_000
SERIOUS = ("serious", "critical")
LOOK = """() => ({
    links: [...document.links].map(a => a.href),
    ids: [...document.querySelectorAll('[id]')].map(e => e.id),
    unnamed: [...document.images].filter(i => !i.alt.trim()).map(i => i.src.slice(0, 200)),
    blank: [...document.images].filter(i => !i.naturalWidth).map(i => i.src.slice(0, 200)),
    formulas: [...document.querySelectorAll('.math')].filter(
        m => !m.querySelector('mjx-container')).map(m => m.textContent)
        .concat([...document.querySelectorAll('mjx-merror')].map(m => m.textContent)),
})"""
# Of each drawn figure: its pixels for one of the page, and how far its shape is off.
DRAWN = """[...document.querySelectorAll('figure img[src$=".png"]')].map(i => [
    i.naturalWidth / i.width, i.naturalWidth * i.height / i.naturalHeight / i.width - 1])"""
# Of each level of headings the smallest and the largest size.
HEADINGS = """['h1', 'h2', 'h3'].map(h => [...document.querySelectorAll('.bd-article ' + h)].map(
    e => parseFloat(getComputedStyle(e).fontSize))).filter(s => s.length).map(
    s => [Math.min(...s), Math.max(...s)])"""
# Formulas that reach beyond their table cell.
CUT = """[...document.querySelectorAll('td mjx-container > :first-child')].filter(
    m => m.getBoundingClientRect().right > m.closest('td').getBoundingClientRect().right + 1).map(
    m => m.closest('td').textContent)"""
WIDE = "document.documentElement.scrollWidth - window.innerWidth"
# Formulas are thousands of elements, of which readers of screens are told the MathML alone.
AXE = """options => axe.run(
    {exclude: [['mjx-container']]}, {resultTypes: ['violations'], preload: false, ...options}
).then(found => found.violations.map(
    v => [v.impact, v.id, v.nodes.map(n => n.html.slice(0, 200))]))"""
CONTRAST = {"runOnly": ["color-contrast"]}
DARK = 4
"""Every so many pages are looked at in the dark, too: their colours are the same."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def html():
    """Returns the folder of the built book."""
    folder = Path(os.environ.get("MEMPAPER_BOOK", REPOSITORY / "_build" / "html"))
    if not (folder / "index.html").is_file():
        pytest.skip("the book is not built: `make book` builds it")
    return folder


@pytest.fixture(scope="module")
def pages(html):
    """Returns the pages with content: not the index, which forwards to the first of them."""
    found = [path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts]
    return [path for path in found if 'http-equiv="Refresh"' not in path.read_text()]


@pytest.fixture(scope="module")
def seen(browser, pages):
    """Returns what a visit of each page has found, by path."""
    axe = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text()
    found = {}
    view = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints, requested = defaultdict(list), defaultdict(set)
    view.on("console", lambda m: m.type == "error" and complaints[view.url].append(m.text))
    view.on("pageerror", lambda error: complaints[view.url].append(str(error)))
    view.on("request", lambda r: requested[view.url].add(r.url))
    view.on("requestfailed", lambda r: complaints[view.url].append(r.url))
    for path in pages:
        view.set_viewport_size({"width": 1280, "height": 900})
        view.emulate_media(color_scheme="light")
        view.goto("about:blank")
        view.goto(path.as_uri())
        if view.locator(".math").count():
            view.wait_for_selector("mjx-container", state="attached")
        state = view.evaluate(LOOK) | {"wide": {1280: view.evaluate(WIDE)}}
        state["drawn"] = view.evaluate(DRAWN)
        view.evaluate(axe)
        state["axe"] = view.evaluate(AXE, {})
        if path in pages[::DARK]:
            view.emulate_media(color_scheme="dark")
            state["axe"] += view.evaluate(AXE, CONTRAST)
            view.emulate_media(color_scheme="light")
        view.set_viewport_size({"width": 390, "height": 900})
        state["wide"][390] = view.evaluate(WIDE)
        state["headings"], state["cut"] = view.evaluate(HEADINGS), view.evaluate(CUT)
        state["drawn"] += view.evaluate(DRAWN)
        url = path.as_uri()
        # Requests before the page has come are still those of the blank one.
        state["requested"] = requested.pop("about:blank", set()) | requested.pop(url, set())
        state["complaints"] = complaints.pop("about:blank", []) + complaints.pop(url, [])
        found[path] = state
    view.close()
    return found


def test_every_page_opens_without_a_complaint(seen):
    assert {
        path.stem: state["complaints"] for path, state in seen.items() if state["complaints"]
    } == {}


def test_nothing_is_asked_of_a_network(seen):
    schemes = {urlsplit(url).scheme for state in seen.values() for url in state["requested"]}
    assert schemes <= {"file", "data", "blob", "about"}


def test_no_page_scrolls_sideways(seen):
    assert {p.stem: s["wide"] for p, s in seen.items() if any(s["wide"].values())} == {}


def test_headings_are_smaller_by_level(seen):
    for path, state in seen.items():
        sizes = state["headings"]
        for (smallest, _), (_, largest) in pairwise(sizes):
            assert largest < smallest, path.stem


def test_no_formula_is_cut_by_its_cell(seen):
    assert {p.stem: s["cut"] for p, s in seen.items() if s["cut"]} == {}


def test_formulas_are_set_and_images_are_there(seen):
    assert {p.stem: s for p, s in seen.items() if s["formulas"] or s["blank"]} == {}


def test_figures_are_drawn_for_dense_screens_and_keep_their_shape(seen):
    drawn = [figure for state in seen.values() for figure in state["drawn"]]
    assert min(density for density, _ in drawn) > 1.9
    assert max(abs(distortion) for _, distortion in drawn) < 0.02


def test_every_image_says_what_it_shows(seen):
    assert {p.stem: s["unnamed"] for p, s in seen.items() if s["unnamed"]} == {}


def test_axe_finds_nothing_serious(seen):
    found = {
        (path.stem, name): nodes[:3]
        for path, state in seen.items()
        for impact, name, nodes in state["axe"]
        if impact in SERIOUS
    }
    assert found == {}


def test_no_page_weighs_more_than_three_megabytes(seen):
    weights = {
        path.stem: sum(
            Path(unquote(urlsplit(url).path)).stat().st_size
            for url in state["requested"]
            if url.startswith("file:")
        )
        for path, state in seen.items()
    }
    assert min(weights.values()) > 10_000
    assert {name: weight for name, weight in weights.items() if weight > HEAVIEST} == {}


def test_every_internal_link_leads_somewhere(seen):
    anchors = {path: set(state["ids"]) for path, state in seen.items()}
    dead = []
    for path, state in seen.items():
        for url in state["links"]:
            parts = urlsplit(url)
            target, fragment = Path(unquote(parts.path)), unquote(parts.fragment)
            if parts.scheme != "file":
                continue
            if not target.is_file() or (
                fragment and fragment not in anchors.get(target, {fragment})
            ):
                dead.append((path.stem, url))
    assert dead == []


def test_the_search_finds_c_t(browser, html):
    view = browser.new_page()
    view.goto(f"{(html / 'search.html').as_uri()}?q=C_T")
    view.wait_for_selector("#search-results li a")
    found = view.locator("#search-results li a").evaluate_all("a => a.map(e => e.href)")
    view.close()
    assert any("threshold_sweep" in url for url in found)


def test_every_slider_turns_its_figure(browser, pages):
    view = browser.new_page(viewport={"width": 390, "height": 900})
    turned = 0
    for path in pages:
        if "mempaper-turn" not in path.read_text():
            continue
        view.goto(path.as_uri())
        for figure in view.locator(".mempaper-turn").all():
            slider, told = (
                figure.locator("input[type=range]"),
                figure.locator(".mempaper-turn-told"),
            )
            before = told.inner_text()
            slider.focus()
            view.keyboard.press("End")
            assert told.inner_text() != before
            assert slider.get_attribute("aria-valuetext") == figure.locator("output").inner_text()
            turned += 1
    view.close()
    assert turned >= 4


def test_the_front_page_is_painted_within_a_second(browser, html):
    view = browser.new_page()
    view.goto((html / "book" / "intro.html").as_uri())
    view.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    script = "JSON.stringify(performance.getEntriesByName('first-contentful-paint')[0])"
    painted = json.loads(view.evaluate(script))["startTime"]
    view.close()
    assert painted < 1000
