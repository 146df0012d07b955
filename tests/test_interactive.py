"""Figures with a slider: their data, and what a reader can do with them in a browser."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mempaper import plotting
from mempaper.errors import InputError
from mempaper.plotting.interactive import Interactive, View
from mempaper.statistics import Interval, gap_law

STATIC = Path(__file__).parents[1] / "book" / "_static"


def data_of(figure):
    (text,) = re.findall(r'<script type="application/json">(.*?)</script>', figure._repr_html_())
    return json.loads(text)


def interval(value):
    return Interval(value - 1, value + 1, value, 0.95)


def images(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 3, 4, 4))


@pytest.fixture
def plane():
    """Returns a figure of three samples whose distances are 0.3, 0.1 and 0.2."""
    return plotting.point_knob(
        np.zeros((2, 2)),
        np.array([[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]]),
        images=images(3),
        neighbours=images(3, seed=1),
        distances=np.array([0.3, 0.1, 0.2]),
        threshold=0.2,
    )


@pytest.fixture
def strengths():
    """Returns a figure of two distortions of three strengths."""
    curves = {"GAN": {0.0: interval(2.0), 1.0: interval(3.0), 2.0: interval(4.0)}}
    shown = (images(3)[:, None], images(3, seed=1)[:, None])
    return plotting.strength_knob(
        {"warp": curves, "noise": curves},
        {"warp": shown, "noise": shown},
        {"warp": "pixels", "noise": "standard\ndeviation"},
    )


def test_the_samples_of_a_plane_come_from_the_nearest_on(plane):
    (view,) = data_of(plane)["views"]
    points, _ = view["panels"]
    assert points["sets"][-1]["points"] == [[1, 0], [2, 0], [3, 0]]
    assert view["values"] == ["0.100", "0.200", "0.300"]
    assert [told.rpartition(", ")[2] for told in view["told"]] == [
        "nearer than d-bar",
        "nearer than d-bar",
        "farther",
    ]


def test_pictures_hold_the_images_pixel_by_pixel(plane):
    (view,) = data_of(plane)["views"]
    _, pictures = view["panels"]
    assert pictures["rows"] == ["sample", "nearest"]
    png = base64.b64decode(pictures["sources"][0].removeprefix("data:image/png;base64,"))
    found = np.asarray(Image.open(io.BytesIO(png)), dtype=float)
    assert found.shape == (9, 4, 3)
    nearest_first = np.argmin([0.3, 0.1, 0.2])
    for rows, kind in ((slice(0, 4), images(3)), (slice(5, 9), images(3, seed=1))):
        expected = 255 * (kind[nearest_first].transpose(1, 2, 0) + 1) / 2
        assert np.abs(found[rows] - expected).max() <= 0.5


def test_histograms_are_of_all_errors_and_medians_are_theirs():
    draws = np.random.default_rng(0)
    errors = {
        n: {kind: draws.lognormal(size=51) for kind in ("train", "validation")} for n in (8, 16)
    }
    law = gap_law(*({n: of[kind] for n, of in errors.items()} for kind in ("train", "validation")))
    (view,) = data_of(plotting.count_knob({"GLO": law}, {"GLO": errors}))["views"]
    gaps, histograms = view["panels"]
    assert view["values"] == ["8", "16"]
    assert gaps["at"] == [8, 16]
    for of_set in histograms["sets"]:
        assert np.sum(of_set["heights"], axis=1) == pytest.approx([1, 1], abs=1e-3)
        medians = [np.median(errors[n][of_set["name"]]) for n in errors]
        assert of_set["medians"] == pytest.approx(medians, rel=1e-4)


def test_what_a_threshold_changes_is_said_in_per_cent():
    pairs = {0.0: (interval(-2.0), interval(10.0)), 0.5: (interval(-1.0), interval(12.0))}
    figure = plotting.threshold_knob(
        {"hold-out": pairs}, {tau: images(2)[None] for tau in pairs}, encoder="pca"
    )
    (view,) = data_of(figure)["views"]
    assert "%" not in view["told"][0]
    assert view["told"][1].endswith("FID 12.00 [11.00, 13.00] (+20 %)")


def test_names_cannot_end_the_data():
    bad = "</script><b>"
    figure = Interactive("choice", [View(bad, bad, [bad], [bad], [])])
    assert figure._repr_html_().count("</script>") == 1
    assert data_of(figure)["views"][0]["name"] == bad


def test_a_position_without_words_is_refused():
    with pytest.raises(InputError, match="2 and 1"):
        View("", "N", ["1", "2"], ["one"], [])


@pytest.fixture
def opened(browser, tmp_path):
    """Returns a function that opens figures as a page; nothing may be asked of a network, and no
    script may fail."""
    complaints, views = [], []

    def open_page(*figures, **options):
        page = tmp_path / "page.html"
        script = (STATIC / "turn.js").read_text()
        body = "".join(figure._repr_html_() for figure in figures)
        page.write_text(f"<!DOCTYPE html><script>{script}</script><body>{body}")
        view = browser.new_page(**options)
        view.on("pageerror", lambda error: complaints.append(str(error)))
        view.on("request", lambda r: r.url.startswith(("file:", "data:")) or complaints.append(r))
        view.goto(page.as_uri())
        views.append(view)
        return view

    yield open_page
    for view in views:
        view.close()
    assert not complaints


@pytest.mark.browser
def test_the_arrow_keys_turn_the_slider(opened, strengths):
    view = opened(strengths)
    before = view.locator("img").get_attribute("src")
    view.locator("input[type=range]").focus()
    view.keyboard.press("ArrowRight")
    assert view.locator("output").inner_text() == "1"
    assert "strength 1" in view.locator(".mempaper-turn-told").inner_text()
    assert view.locator("img").get_attribute("src") != before
    assert "strength 1" in view.locator("img").get_attribute("alt")
    radii = view.locator("circle[stroke='#fff']").evaluate_all(
        "c => c.map(e => e.getAttribute('r'))"
    )
    assert [radii.index(max(radii)), radii.count(max(radii))] == [1, 1]


@pytest.mark.browser
def test_another_view_is_chosen_by_its_name(opened, strengths):
    view = opened(strengths)
    view.get_by_label("noise").check()
    assert view.locator("label[for]").inner_text() == "strength: standard deviation"
    assert view.locator("input[type=range]").count() == 1


@pytest.mark.browser
def test_pointing_at_a_sample_shows_it(opened, plane):
    view = opened(plane, viewport={"width": 500, "height": 900})
    dot = view.locator("svg[role=img] circle[r='4.5']")
    middles = dot.evaluate_all(
        """c => c.map(e => e.getBoundingClientRect()).map(
            b => [b.x + b.width / 2, b.y + b.height / 2])"""
    )
    view.mouse.move(*max(middles))
    assert view.locator("output").inner_text() == "0.300"
    assert view.locator("input[type=range]").input_value() == "2"


@pytest.mark.browser
def test_without_scripts_a_line_says_what_is_missing(opened, plane):
    view = opened(plane, java_script_enabled=False)
    assert "with JavaScript" in view.locator(".mempaper-turn").inner_text()
