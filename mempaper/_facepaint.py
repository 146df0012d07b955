"""Paints one class of cartoon faces from its factors, layer over layer.

Head coordinates (u, v): origin at the centre of the face, v down, the head about one unit wide.
All arrays are float32, (n, 1, 1) for factors and (n, size, size) for pixels. Only operations that
IEEE 754 rounds exactly are used; see `mempaper.faces`.
"""

import numpy as np

__all__ = ["paint"]

Array = np.ndarray

_SKIN = ((1.00, 0.85, 0.72), (0.86, 0.58, 0.40), (0.42, 0.25, 0.17))
_BACKDROP = ((0.62, 0.88, 0.70), (0.52, 0.66, 0.98), (0.97, 0.70, 0.74))
_HAIR = ((0.10, 0.08, 0.10), (0.62, 0.20, 0.06), (0.98, 0.86, 0.46))
_CLOTH = ((0.84, 0.20, 0.20), (0.56, 0.22, 0.66), (0.14, 0.36, 0.80))
_WHITE, _INK, _LIPS = (0.98, 0.98, 0.98), (0.10, 0.09, 0.14), (0.62, 0.14, 0.17)


def _colour(palette: tuple, t: Array) -> Array:
    """Returns the colour (n, 3, 1, 1) at t in [0, 1] on the quadratic curve from end to end."""
    first, middle, last = (np.array(c, np.float32)[None, :, None, None] for c in palette)
    t = t[:, None]
    return (1 - t) * (1 - t) * first + 2 * t * (1 - t) * middle + t * t * last


def _wave(q: Array) -> Array:
    """Returns a smooth wave of period 1 and range [-1, 1], made of two parabolas."""
    z = 2 * (q - np.floor(q)) - 1
    return 4 * z * (1 - np.abs(z))


def _ellipse(u: Array, v: Array, a: float | Array, b: float | Array) -> Array:
    p, q = u / a, v / b
    return (np.sqrt(p * p + q * q) - 1) * np.minimum(np.float32(a), np.float32(b))


def _box(u: Array, v: Array, a: float, b: float) -> Array:
    return np.maximum(np.abs(u) - a, np.abs(v) - b)


class _Canvas:
    """The images being painted and, in head coordinates, the position of every pixel."""

    def __init__(self, pose: dict[str, Array], size: int):
        centres = (2 * np.arange(size, dtype=np.float32) + 1) / size - 1
        self.x, self.y = centres[None, None, :], centres[None, :, None]
        self.body_x = self.x - pose["shift_x"]
        self.body_y = self.y - pose["shift_y"]
        t = pose["tilt"]
        cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        right, down = self.body_x, self.body_y - np.float32(0.08)
        self.u = (right * cos + down * sin) / pose["size"]
        self.v = (down * cos - right * sin) / pose["size"]
        self.face_u = self.u - np.float32(0.13) * pose["turn"]
        self.face_v = self.v - np.float32(0.09) * pose["nod"]
        self.pixels_per_unit = np.float32(size / 3) * pose["size"]
        self.image = np.empty((len(t), 3, size, size), np.float32)

    def cover(self, distance: Array) -> Array:
        """Returns the opacity of a shape: 1 inside, 0 outside, smooth across 1.5 pixels."""
        t = np.minimum(np.maximum(0.5 - distance * self.pixels_per_unit, 0), 1)
        return t * t * (3 - 2 * t)

    def lay(self, opacity: Array, colour: Array | tuple) -> None:
        """Paints `colour`, (n, 3, 1, 1), one for all, or a field, over what is there."""
        if isinstance(colour, tuple):
            colour = np.array(colour, np.float32)[None, :, None, None]
        self.image += opacity[:, None] * (colour - self.image)


def paint(kind: int, pose: dict[str, Array], size: int) -> Array:
    """Returns the images (n, 3, size, size) uint8 of class `kind`, from factors (n, 1, 1)."""
    canvas = _Canvas(pose, size)
    skin, hair = _colour(_SKIN, pose["skin"]), _colour(_HAIR, pose["hair"])
    cloth = _colour(_CLOTH, pose["cloth"])
    stripes = _stripes(canvas, pose) if kind >= 7 else None
    _backdrop(canvas, pose, kind, stripes)
    _behind(canvas, kind, hair, stripes)
    _body(canvas, skin, cloth)
    _head(canvas, pose, skin)
    if kind in (4, 9):
        _beard(canvas, hair)
    _features(canvas, pose, skin, hair)
    if kind in (5, 9):
        _glasses(canvas)
    _above(canvas, kind, hair, cloth, stripes)
    light = 1 + np.float32(0.22) * pose["light"] * canvas.body_x
    canvas.image *= light[:, None]
    return (np.minimum(np.maximum(canvas.image, 0), 1) * 255 + 0.5).astype(np.uint8)


def _stripes(canvas: _Canvas, pose: dict[str, Array]) -> Array:
    t = pose["angle"]
    cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    return _wave((canvas.x * cos + canvas.y * sin) * 2.5 + pose["phase"])


def _backdrop(canvas: _Canvas, pose: dict[str, Array], kind: int, stripes: Array | None) -> None:
    shade = 1 - np.float32(0.14) * canvas.y
    if kind == 9:
        t = pose["angle"]
        cos, sin = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        stripes = stripes * _wave((canvas.y * cos - canvas.x * sin) * 2.5 + pose["phase"])
    if kind >= 7:
        shade = shade + np.float32(0.16) * stripes
    canvas.image[:] = _colour(_BACKDROP, pose["backdrop"]) * shade[:, None] * np.float32(0.92)


def _body(canvas: _Canvas, skin: Array, cloth: Array) -> None:
    canvas.lay(canvas.cover(_ellipse(canvas.body_x, canvas.body_y - 1.25, 0.86, 0.6)), cloth)
    canvas.lay(canvas.cover(_box(canvas.body_x, canvas.body_y - 0.55, 0.15, 0.22)), skin * 0.8)


def _head(canvas: _Canvas, pose: dict[str, Array], skin: Array) -> None:
    u, v = canvas.u, canvas.v
    ears = canvas.cover(_ellipse(np.abs(u) - 0.5, v - 0.02, 0.1, 0.14))
    canvas.lay(ears, skin * 0.85)
    p, q = u * 2, v * np.float32(1.7)
    shade = 1.04 + np.float32(0.2) * pose["light"] * p - np.float32(0.16) * (p * p + q * q)
    canvas.lay(canvas.cover(_ellipse(u, v, 0.5, 0.6)), skin * shade[:, None])


def _features(canvas: _Canvas, pose: dict[str, Array], skin: Array, hair: Array) -> None:
    u, v = canvas.face_u, canvas.face_v
    side = np.abs(u) - 0.2
    eye = canvas.cover(_ellipse(side, v + 0.06, 0.12, np.float32(0.105) * pose["lids"]))
    canvas.lay(eye, _WHITE)
    gaze = np.abs(u - np.float32(0.05) * pose["turn"]) - 0.2
    pupil = canvas.cover(_ellipse(gaze, v + 0.055, 0.062, 0.062))
    canvas.lay(eye * pupil, _INK)
    brow = _box(side, v + 0.23 - 0.6 * side * side, 0.11, 0.024)
    canvas.lay(canvas.cover(brow), hair * np.float32(0.7))
    canvas.lay(0.6 * canvas.cover(_ellipse(u, v - 0.13, 0.055, 0.07)), skin * np.float32(0.68))
    across = u * 5
    bow = v - 0.34 + pose["smile"] * (np.float32(1.9) * u * u - 0.035)
    lips = np.abs(bow) - (pose["mouth"] + 0.02) * (1 - across * across)
    canvas.lay(canvas.cover(lips), _LIPS)


def _beard(canvas: _Canvas, hair: Array) -> None:
    u, v = canvas.face_u, canvas.face_v
    outer = _ellipse(canvas.u, canvas.v - 0.3, 0.51, 0.46)
    inner = _ellipse(u, v + 0.1, 0.44, 0.33)
    canvas.lay(canvas.cover(np.maximum(outer, -inner)), hair)


def _glasses(canvas: _Canvas) -> None:
    u, v = canvas.face_u, canvas.face_v
    lens = _ellipse(np.abs(u) - 0.21, v + 0.05, 0.175, 0.165)
    canvas.lay(0.22 * canvas.cover(lens), _WHITE)
    arm = np.maximum(np.abs(v + 0.08) - 0.02, np.abs(canvas.u) - 0.5)
    wire = np.minimum(np.abs(lens) - 0.026, np.maximum(arm, -lens))
    canvas.lay(canvas.cover(wire), _INK)


def _behind(canvas: _Canvas, kind: int, hair: Array, stripes: Array | None) -> None:
    u, v = canvas.u, canvas.v
    if kind == 2:
        canvas.lay(canvas.cover(_ellipse(u, v - 0.16, 0.66, 0.84)), hair * np.float32(0.85))
    if kind == 3:
        canvas.lay(canvas.cover(_ellipse(u, v + 0.7, 0.24, 0.2)), hair * np.float32(0.85))
    if kind == 7:
        curls = _ellipse(u, v + 0.18, 0.62, 0.62)
        for cu, cv in ((0.6, -0.02), (0.56, -0.42), (0.3, -0.7)):
            curls = np.minimum(curls, _ellipse(np.abs(u) - cu, v - cv, 0.2, 0.2))
        locks = 1 + np.float32(0.3) * stripes
        canvas.lay(canvas.cover(curls), hair * locks[:, None])


def _above(canvas: _Canvas, kind: int, hair: Array, cloth: Array, stripes: Array | None) -> None:
    u, v = canvas.u, canvas.v
    if kind in (1, 2, 3, 5, 7):
        fringe = canvas.face_v + 0.34 - 1.3 * canvas.face_u * canvas.face_u
        canvas.lay(canvas.cover(np.maximum(_ellipse(u, v + 0.04, 0.54, 0.6), fringe)), hair)
    if kind == 6:
        dome = np.maximum(_ellipse(u, v + 0.2, 0.54, 0.52), v + 0.26)
        canvas.lay(canvas.cover(dome), cloth)
        brim = _ellipse(canvas.face_u, canvas.face_v + 0.28, 0.5, 0.09)
        canvas.lay(canvas.cover(brim), cloth * np.float32(0.65))
    if kind == 8:
        band = cloth * (1 + np.float32(0.35) * stripes)[:, None]
        canvas.lay(canvas.cover(_box(u, v + 0.68, 0.4, 0.36)), band)
        canvas.lay(canvas.cover(_box(u, v + 0.34, 0.66, 0.07)), cloth * np.float32(0.6))
    if kind == 9:
        cone = np.maximum((np.abs(u) * 2 - (v + 1.3)) * np.float32(0.45), v + 0.3)
        pattern = cloth * (1 + np.float32(0.35) * stripes)[:, None]
        canvas.lay(canvas.cover(cone), pattern)
        canvas.lay(canvas.cover(_ellipse(u, v + 0.31, 0.68, 0.1)), cloth * np.float32(0.6))
