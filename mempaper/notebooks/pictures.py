"""Figures of executed notebooks, made light for the pages that show them."""

import io
from base64 import b64decode, b64encode

import numpy as np
from PIL import Image, ImageChops
from PIL.Image import Dither, Quantize

__all__ = ["lighten", "lightened"]

_LEVELS = 4  # of 255, by which a colour may be off where a palette serves
_ALIKE = 99  # per cent of the pixels that must not be off by more


def lighten(executed) -> None:
    """Replaces the PNG outputs of a notebook by what `lightened` returns."""
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                light = lightened(b64decode(data["image/png"]))
                data["image/png"] = b64encode(light).decode()


def lightened(png: bytes) -> bytes:
    """Returns the picture in 256 colours where these show it, else in all of its own.

    A drawing is lines and letters in few colours, and a third of its size with a palette;
    photographs would turn patchy. Transparency is kept, with all colours.
    """
    picture = Image.open(io.BytesIO(png))
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
    if picture.mode == "RGB":
        few = picture.quantize(256, method=Quantize.MEDIANCUT, dither=Dither.NONE)
        off = np.asarray(ImageChops.difference(few.convert("RGB"), picture)).max(axis=2)
        if np.percentile(off, _ALIKE) <= _LEVELS:
            picture = few
    written = io.BytesIO()
    picture.save(written, "png", optimize=True)
    return min(written.getvalue(), png, key=len)
