"""The memory of L-BFGS for many problems at once: pairs of steps and gradient differences.

Problems never mix, and the bits of one do not depend on which others are there.
"""

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["direction", "history", "remember", "two_loop"]

Pairs = dict[str, Tensor]

_ALIGNED = 16  # slots: triangular solvers round by where in memory a matrix lies


def two_loop(
    gradient: Float[Tensor, "b d"],
    s: Float[Tensor, "b m d"],
    y: Float[Tensor, "b m d"],
    r: Float[Tensor, "b m m"],
    gamma: Float[Tensor, "b"],
) -> Float[Tensor, "b d"]:
    """Returns H g for each problem, H the inverse Hessian estimate of its (s, y) pairs.

    Nocedal and Wright (2006), Algorithm 7.4, pairs oldest first, each scaled to s.y = 1, which
    changes no H, and zero in an empty slot; H grows from gamma I. The algorithm's two loops are
    solutions of triangular systems with r, where r[i, j] = s[i].y[j] for i < j, one on the
    diagonal.
    """
    alpha = _solved(r, _products(s, gradient), upper=True)
    q = gamma[:, None] * (gradient - _combined(y, alpha))
    delta = _solved(r.mT, alpha - _products(y, q), upper=False)
    return q + _combined(s, delta)


def _products(rows: Float[Tensor, "b m d"], x: Float[Tensor, "b d"]) -> Float[Tensor, "b m"]:
    return (rows * x[:, None]).sum(2)


def _combined(rows: Float[Tensor, "b m d"], weights: Float[Tensor, "b m"]) -> Float[Tensor, "b d"]:
    return (rows * weights[:, :, None]).sum(1)


def _solved(
    triangle: Float[Tensor, "b m m"], x: Float[Tensor, "b m"], *, upper: bool
) -> Float[Tensor, "b m"]:
    return torch.linalg.solve_triangular(
        triangle, x[..., None], upper=upper, unitriangular=True
    ).squeeze(-1)


def history(x: Float[Tensor, "b d"], memory: int) -> Pairs:
    """Returns room for `memory` pairs of each problem at `x`, none kept yet."""
    b, d = x.shape
    slots = memory + -memory % _ALIGNED
    return {
        "s": x.new_zeros(b, slots, d),
        "y": x.new_zeros(b, slots, d),
        "r": x.new_zeros(b, slots, slots),
        "gamma": x.new_ones(b),
        "count": torch.zeros(b, dtype=torch.long, device=x.device),
    }


def remember(
    pairs: Pairs, s: Float[Tensor, "b d"], y: Float[Tensor, "b d"], *, floor: float, memory: int
) -> None:
    """Appends (s, y), in place, where y.s > floor: H stays positive definite.

    gamma becomes s.y / y.y of the newest pair (Nocedal and Wright 2006, Eq. 7.20).
    """
    ys = (y * s).sum(1)
    rows = (ys > floor).nonzero()[:, 0]
    scale = ys[rows, None].rsqrt()
    s, y = s[rows] * scale, y[rows] * scale
    full = rows[pairs["count"][rows] == memory]
    if len(full):
        for name in ("s", "y"):
            pairs[name][full, :-1] = pairs[name][full, 1:]
        pairs["r"][full, :-1, :-1] = pairs["r"][full, 1:, 1:]
        pairs["r"][full, -1] = 0
        pairs["count"][full] -= 1
    slot = pairs["count"][rows]
    pairs["s"][rows, slot] = s
    pairs["y"][rows, slot] = y
    pairs["r"][rows, :, slot] = _products(pairs["s"][rows], y)
    pairs["gamma"][rows] = 1 / y.square().sum(1)
    pairs["count"][rows] += 1


def direction(pairs: Pairs, gradient: Float[Tensor, "b d"]) -> Float[Tensor, "b d"]:
    """Returns -H g, the direction of descent of each problem."""
    return -two_loop(gradient, *(pairs[name] for name in ("s", "y", "r", "gamma")))
