"""Random numbers by counter: each is a function of its seed, index and stream, and of no other.

`numpy.random` promises no bit stream across NumPy versions; the rendered images rest on this one
instead (SplitMix64; Steele, Lea and Flood, OOPSLA 2014).
"""

import numpy as np

__all__ = ["uniform"]

_WEYL = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(seed: int, indices: np.ndarray, stream: int) -> np.ndarray:
    """Returns float64 numbers in [0, 1), one for each of `indices` (n,), multiples of 2^-53."""
    state = np.asarray([seed, stream], dtype=np.uint64)
    key = _mix(_mix(state[:1] + _WEYL) + state[1:] * _WEYL)
    bits = _mix(_mix(key + np.asarray(indices).astype(np.uint64) * _WEYL))
    return (bits >> np.uint64(11)) * 2.0**-53
