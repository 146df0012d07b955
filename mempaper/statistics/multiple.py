"""Several tests at once."""

import numpy as np
from jaxtyping import Float64

from ..errors import InputError
from .bootstrap import as_numbers

__all__ = ["holm"]


def holm(p_values) -> Float64[np.ndarray, "n"]:
    """Returns p-values (n,) adjusted by Holm (1979), in their order.

    Rejecting where the adjusted value is at most a keeps the probability of any false alarm at
    most a, however the tests depend on each other.

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = as_numbers("p_values", p_values)
    if p.ndim != 1 or not (len(p) and (p >= 0).all() and (p <= 1).all()):
        raise InputError("p_values", "be numbers in [0, 1], (n,)", p_values, "Pass one a test.")
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(raised, 1)
    return adjusted
