"""Pictures of executed notebooks: light where that shows nothing."""

import io
from base64 import b64decode, b64encode

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mempaper.notebooks.pictures import lighten, lightened


def written(picture) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def seen(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA")).astype(int)


@pytest.fixture(scope="module")
def drawing():
    figure, file = Figure(dpi=200), io.BytesIO()
    axes = figure.subplots()
    axes.plot(np.random.default_rng(0).standard_normal(50).cumsum(), label="a line")
    axes.legend()
    figure.savefig(file, format="png")
    return file.getvalue()


def photograph():
    draws = np.random.default_rng(0)
    smooth = draws.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(smooth).resize((300, 300), Image.Resampling.BICUBIC)


def test_a_drawing_takes_less_than_half_and_looks_the_same(drawing):
    light = lightened(drawing)
    assert len(light) < len(drawing) / 2
    off = np.abs(seen(light) - seen(drawing)).max(axis=2)
    assert off.shape == seen(drawing).shape[:2]
    assert (off <= 4).mean() >= 0.99


def test_a_photograph_keeps_its_colours():
    png = written(photograph().convert("RGBA"))
    light = lightened(png)
    assert len(light) < len(png)
    np.testing.assert_array_equal(seen(light), seen(png))


def test_what_shines_through_stays():
    picture = photograph().convert("RGBA")
    picture.putalpha(100)
    np.testing.assert_array_equal(seen(lightened(written(picture))), seen(written(picture)))


def test_the_pictures_of_a_notebook_are_replaced_and_nothing_else(drawing):
    encoded = b64encode(drawing).decode()
    size = {"image/png": {"width": 640, "height": 480}}
    shown = nbformat.v4.new_output(
        "display_data", {"image/png": encoded, "text/plain": "a figure"}, metadata=size
    )
    printed = nbformat.v4.new_output("stream", text="words")
    executed = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("prose"),
            nbformat.v4.new_code_cell("draw()", outputs=[printed, shown]),
        ]
    )
    lighten(executed)
    after = executed.cells[1].outputs
    assert after[0] == printed
    assert after[1].metadata == size
    assert after[1].data["text/plain"] == "a figure"
    assert b64decode(after[1].data["image/png"]) == lightened(drawing)
