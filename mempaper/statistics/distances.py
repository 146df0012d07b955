"""Squared Euclidean distances between sets of features, block by block."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64

__all__ = ["distance_blocks", "nearest", "squared_distances", "squared_radii"]

_ELEMENTS_AT_ONCE = 2**23  # distances in one block: 64 MiB
_ROUNDING = 1e-12  # of the squared lengths, at most; equal rows differ by about 1e-15


def distance_blocks(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Iterator[tuple[slice, Float64[np.ndarray, "_ m"]]]:
    """Yields (rows of x, their squared distances to all of y), block by block.

    By one matrix product, centred first. What is within its rounding, a distance of a millionth of
    the rows' own lengths, is 0: copies are at 0 from each other, and tie.
    """
    centre = y.mean(axis=0)
    x, y = x - centre, y - centre
    squares_x, squares_y = np.sum(x**2, axis=1), np.sum(y**2, axis=1)
    step = max(1, _ELEMENTS_AT_ONCE // len(y))
    for low in range(0, len(x), step):
        rows = slice(low, min(low + step, len(x)))
        lengths = squares_x[rows, None] + squares_y
        distances = lengths - 2 * (x[rows] @ y.T)
        distances[distances < _ROUNDING * lengths] = 0
        yield rows, distances


def squared_distances(
    x: Float64[np.ndarray, "n d"], y: Float64[np.ndarray, "m d"]
) -> Float64[np.ndarray, "n m"]:
    """Returns all of `distance_blocks` at once."""
    return np.concatenate([distances for _, distances in distance_blocks(x, y)])


def nearest(
    x: Float64[np.ndarray, "n d"],
    y: Float64[np.ndarray, "m d"],
    *,
    exclude_self: bool = False,  # where x and y are the same rows
) -> tuple[Int64[np.ndarray, "n"], Float64[np.ndarray, "n"]]:
    """Returns the index of the nearest row of y to each row of x, and its squared distance.

    Ties go to the lowest index.
    """
    indices, squared = np.empty(len(x), dtype=np.int64), np.empty(len(x))
    for rows, distances in distance_blocks(x, y):
        if exclude_self:
            _hide_self(distances, rows)
        indices[rows] = distances.argmin(axis=1)
        squared[rows] = distances.min(axis=1)
    return indices, squared


def squared_radii(points: Float64[np.ndarray, "n d"], k: int) -> Float64[np.ndarray, "n"]:
    """Returns each point's squared distance to its k-th neighbour among the others."""
    radii = np.empty(len(points))
    for rows, distances in distance_blocks(points, points):
        _hide_self(distances, rows)
        radii[rows] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


def _hide_self(distances: Float64[np.ndarray, "_ m"], rows: slice) -> None:
    distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
