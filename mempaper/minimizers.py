"""Minimisers that solve many independent problems at once, each at its own pace.

A minimiser is asked for one point per problem and told the value and gradient there. The caller
evaluates all points in one batch, so no evaluation is wasted while one problem shortens its step
and another moves on. Problems never mix: each has its own history, step length and reason to stop.

A state is a dictionary of tensors whose first axis is the problem. Every state holds `x`, the point
that the problem would report now, `f`, the value last accepted, and `stop`, why it stopped.
"""

from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .quasi_newton import direction, history, remember

__all__ = ["LBFGS", "SGD", "Adam", "PublishedLBFGS", "State", "Stop"]

State = dict[str, Tensor]


class Stop(IntEnum):
    """Why a problem stopped; the first three mean that it converged."""

    SMALL_VALUE = 0  # the value fell below value_tolerance
    SMALL_GRADIENT = 1  # the gradient vanished
    FLAT = 2  # the last `patience` steps together lowered the value by less than flat_tolerance,
    # or the next one would by less than its rounding
    NO_DESCENT = 3  # no step along the direction lowered the value
    NOT_FINITE = 4  # the value or gradient at the start was NaN or infinite
    BUDGET = 5  # all evaluations were spent
    RUNNING = 6

    @property
    def converged(self) -> bool:
        return self <= Stop.FLAT


def _dot(a: Float[Tensor, "b d"], b: Float[Tensor, "b d"]) -> Float[Tensor, "b"]:
    return (a * b).sum(1)


def _halt(stop: Tensor, mask: Bool[Tensor, "b"], reason: Stop) -> Tensor:
    return torch.where(mask & (stop == Stop.RUNNING), int(reason), stop)


def _start(x: Float[Tensor, "b d"]) -> State:
    return {
        "x": x,
        "f": x.new_full((len(x),), torch.inf),
        "stop": torch.full((len(x),), int(Stop.RUNNING), device=x.device),
    }


def _finite(f: Float[Tensor, "b"], g: Float[Tensor, "b d"]) -> Bool[Tensor, "b"]:
    return f.isfinite() & g.isfinite().all(1)


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS with a backtracking line search for every problem (Liu and Nocedal 1989).

    A trial point is accepted under the Armijo condition; otherwise the step shrinks to the minimum
    of the quadratic through the two values and the slope, kept within [0.1, 0.5] of the old step.
    The first step is f / |g|^2, the distance at which a linear model reaches zero. No step is
    longer than `longest` times sqrt(d), the norm of a typical latent code.
    """

    memory: int = 100  # pairs kept
    armijo: float = 1e-4  # share of the linear decrease that a step must reach
    longest: float = 0.5  # longest step, in units of sqrt(d)
    shortest: float = 1e-8  # a step shrunk below this factor means that nothing descends
    value_tolerance: float = 1e-8
    flat_tolerance: float = 1e-3  # relative decrease over `patience` steps
    patience: int = 10  # accepted steps

    def start(self, x: Float[Tensor, "b d"], passes: int) -> State:
        """Returns the state of problems that begin at `x` and may be told as many `passes`."""
        vector, scalar = torch.zeros_like(x), x.new_zeros(len(x))
        return (
            _start(x)
            | history(x, min(self.memory, passes))
            | {"g": vector, "p": vector, "slope": scalar, "t": scalar}
            | {"f_then": scalar, "accepted": scalar}
        )

    def ask(self, state: State) -> Float[Tensor, "b d"]:
        """Returns the points at which values and gradients are wanted."""
        return state["x"] + state["t"][:, None] * state["p"]

    def tell(self, state: State, f: Float[Tensor, "b"], g: Float[Tensor, "b d"]) -> State:
        """Returns the state after the values and gradients at the points last asked for."""
        x = self.ask(state)
        fresh = state["f"].isinf()
        finite = _finite(f, g)
        enough = state["f"] + self.armijo * state["t"] * state["slope"]
        accept = finite & (fresh | (f <= enough))
        stop = _halt(state["stop"], fresh & ~finite, Stop.NOT_FINITE)

        floor = torch.finfo(x.dtype).tiny
        moved = (accept & ~fresh)[:, None]
        remember(
            state,
            torch.where(moved, x - state["x"], 0.0),
            torch.where(moved, g - state["g"], 0.0),
            floor=floor,
            memory=self.memory,
        )
        row = accept[:, None]
        new = dict(state)
        new["x"] = torch.where(row, x, state["x"])
        new["f"] = torch.where(accept, f, state["f"])
        new["g"] = torch.where(row, g, state["g"])

        p = direction(new, new["g"])
        slope = _dot(p, new["g"])
        first = new["count"] == 0
        t = torch.where(first, new["f"] / -slope, torch.ones_like(slope))
        cap = self.longest * x.shape[1] ** 0.5 / p.norm(dim=1)
        excess = f - state["f"] - state["t"] * state["slope"]
        ratio = (-state["slope"] * state["t"] / (2 * excess)).clamp(0.1, 0.5)
        shrunk = state["t"] * torch.where(finite, ratio, 0.1)
        new["p"] = torch.where(row, p, state["p"])
        new["slope"] = torch.where(accept, slope, state["slope"])
        new["t"] = torch.where(accept, torch.minimum(t, cap), shrunk)

        count = torch.where(accept, state["accepted"] + 1, state["accepted"])
        due = count > self.patience
        flat = state["f_then"] - new["f"] < self.flat_tolerance * state["f_then"]
        new["f_then"] = torch.where(fresh | due, new["f"], state["f_then"])
        new["accepted"] = torch.where(due, 1.0, count)

        stop = _halt(stop, accept & (f <= self.value_tolerance), Stop.SMALL_VALUE)
        stop = _halt(stop, accept & (slope > -floor), Stop.SMALL_GRADIENT)
        lost = -shrunk * state["slope"] < torch.finfo(f.dtype).eps * state["f"]
        stop = _halt(stop, (due & flat) | (finite & ~accept & lost), Stop.FLAT)
        new["stop"] = _halt(stop, ~accept & (shrunk < self.shortest), Stop.NO_DESCENT)
        return new


@dataclass(frozen=True)
class PublishedLBFGS:
    """The recovery code of Webster et al. (2019): torch.optim.LBFGS with max_iter=1, stepped.

    Step length 1 without a line search, but for the first step, which is min(1, 1 / |g|_1). A pair
    enters the history where y.s > 1e-10; a direction whose slope is above -1e-9 is not followed.
    The last point is reported, whether it is the best or not.
    """

    memory: int = 100  # torch's default
    learning_rate: float = 1.0
    curvature_floor: float = 1e-10
    slope_tolerance: float = 1e-9
    gradient_tolerance: float = 1e-7

    def start(self, x: Float[Tensor, "b d"], passes: int) -> State:
        """Returns the state of problems that begin at `x` and may be told as many `passes`."""
        steps = torch.zeros_like(x[:, 0])
        zero = torch.zeros_like(x)
        return (
            _start(x) | history(x, min(self.memory, passes)) | {"g": zero, "step": zero, "k": steps}
        )

    def ask(self, state: State) -> Float[Tensor, "b d"]:
        """Returns the points at which values and gradients are wanted."""
        return state["x"]

    def tell(self, state: State, f: Float[Tensor, "b"], g: Float[Tensor, "b d"]) -> State:
        """Returns the state after the values and gradients at the points last asked for."""
        first = state["k"] == 0
        y = torch.where(first[:, None], 0.0, g - state["g"])
        remember(state, state["step"], y, floor=self.curvature_floor, memory=self.memory)
        p = direction(state, g)
        cautious = (1 / g.abs().sum(1)).clamp(max=1.0)
        t = self.learning_rate * torch.where(first, cautious, 1.0)
        still = (g.abs().amax(1) <= self.gradient_tolerance) | (_dot(p, g) > -self.slope_tolerance)
        step = torch.where(still[:, None], 0.0, t[:, None] * p)
        return state | {
            "x": state["x"] + step,
            "g": g,
            "step": step,
            "f": f,
            "k": state["k"] + 1,
            "stop": _halt(state["stop"], ~_finite(f, g), Stop.NOT_FINITE),
        }


@dataclass(frozen=True)
class SGD:
    """Gradient descent with momentum, each problem on its own; the last point is reported."""

    learning_rate: float = 10.0  # of the mean, not the sum, over pixels
    momentum: float = 0.9

    def start(self, x: Float[Tensor, "b d"], passes: int) -> State:
        """Returns the state of problems that begin at `x` and may be told as many `passes`."""
        return _start(x) | {"velocity": torch.zeros_like(x)}

    def ask(self, state: State) -> Float[Tensor, "b d"]:
        """Returns the points at which values and gradients are wanted."""
        return state["x"]

    def tell(self, state: State, f: Float[Tensor, "b"], g: Float[Tensor, "b d"]) -> State:
        """Returns the state after the values and gradients at the points last asked for."""
        velocity = self.momentum * state["velocity"] + g
        return state | {
            "x": state["x"] - self.learning_rate * velocity,
            "velocity": velocity,
            "f": f,
            "stop": _halt(state["stop"], ~_finite(f, g), Stop.NOT_FINITE),
        }


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, Algorithm 1), each problem on its own; reports the last point."""

    learning_rate: float = 0.05
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def start(self, x: Float[Tensor, "b d"], passes: int) -> State:
        """Returns the state of problems that begin at `x` and may be told as many `passes`."""
        zero = torch.zeros_like(x)
        return _start(x) | {"m": zero, "v": zero, "k": torch.zeros_like(x[:, 0])}

    def ask(self, state: State) -> Float[Tensor, "b d"]:
        """Returns the points at which values and gradients are wanted."""
        return state["x"]

    def tell(self, state: State, f: Float[Tensor, "b"], g: Float[Tensor, "b d"]) -> State:
        """Returns the state after the values and gradients at the points last asked for."""
        k = state["k"] + 1
        m = self.beta1 * state["m"] + (1 - self.beta1) * g
        v = self.beta2 * state["v"] + (1 - self.beta2) * g**2
        m_hat = m / (1 - self.beta1**k)[:, None]
        v_hat = v / (1 - self.beta2**k)[:, None]
        return state | {
            "x": state["x"] - self.learning_rate * m_hat / (v_hat.sqrt() + self.epsilon),
            "m": m,
            "v": v,
            "k": k,
            "f": f,
            "stop": _halt(state["stop"], ~_finite(f, g), Stop.NOT_FINITE),
        }
