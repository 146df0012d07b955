"""L-BFGS against dense linear algebra."""

import numpy as np
import pytest
import torch

from mempaper.minimizers import LBFGS, Adam, PublishedLBFGS, Stop
from mempaper.quasi_newton import two_loop

DRAWS = torch.Generator().manual_seed(0)


def normal(*shape):
    return torch.randn(*shape, generator=DRAWS, dtype=torch.float64)


def curved_pairs(b, m, d):
    """Steps s and gradient differences y = A s with A symmetric positive definite."""
    s, root = normal(b, m, d), normal(b, d, d)
    a = root @ root.mT + torch.eye(d, dtype=torch.float64)
    y = torch.einsum("bij,bmj->bmi", a, s)
    scale = (s * y).sum(2, keepdim=True).sqrt()
    return s / scale, y / scale


def product(g, s, y):
    """Returns two_loop with its triangle, written out."""
    r = torch.zeros(len(s), s.shape[1], s.shape[1], dtype=s.dtype)
    for i in range(s.shape[1]):
        for j in range(i, s.shape[1]):
            r[:, i, j] = (s[:, i] * y[:, j]).sum(1)
    square = y[:, -1].square().sum(1)
    return two_loop(g, s, y, r, torch.where(square > 0, 1 / square, 1.0))


def dense_inverse(s, y):
    """The BFGS update of the inverse Hessian, pair by pair (Nocedal and Wright 2006, Eq. 7.16)."""
    m, d = s.shape
    eye = torch.eye(d, dtype=torch.float64)
    h = eye * (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    for i in range(m):
        rho = 1 / (s[i] @ y[i])
        v = eye - rho * torch.outer(y[i], s[i])
        h = v.T @ h @ v + rho * torch.outer(s[i], s[i])
    return h


def test_two_loop_is_the_dense_update():
    s, y = curved_pairs(3, 4, 6)
    g = normal(3, 6)
    for i in range(3):
        torch.testing.assert_close(product(g, s, y)[i], dense_inverse(s[i], y[i]) @ g[i])


def test_the_history_is_the_last_pairs_scaled_with_their_triangle():
    """A quadratic with the Hessian A, three pairs kept of five accepted steps."""
    root = normal(6, 6)
    a = root @ root.T + 6 * torch.eye(6, dtype=torch.float64)
    x, memory = normal(1, 6), 3
    minimizer, seen = LBFGS(memory=memory), []
    state = minimizer.start(x, 20)
    while len(seen) < 6:
        point = minimizer.ask(state)
        before = state["f"]
        state = minimizer.tell(state, (point @ a * point).sum(1) / 2, point @ a)
        if not torch.equal(before, state["f"]):
            seen.append(point[0])
    s = torch.stack(seen).diff(dim=0)[-memory:]
    y = s @ a
    scale = (s * y).sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(state["s"][0, :memory], s / scale)
    torch.testing.assert_close(state["y"][0, :memory], y / scale)
    torch.testing.assert_close(
        state["r"][0, :memory, :memory], ((s / scale) @ (y / scale).T).triu()
    )
    expected = -dense_inverse(s, y) @ (seen[-1] @ a)
    torch.testing.assert_close(state["p"][0], expected)


def test_secant_equation():
    s, y = curved_pairs(5, 3, 8)
    torch.testing.assert_close(product(y[:, -1], s, y), s[:, -1])


def test_empty_slots_change_nothing():
    s, y = curved_pairs(2, 3, 5)
    g = normal(2, 5)

    def padded(x):
        return torch.cat([torch.zeros(2, 4, *x.shape[2:], dtype=torch.float64), x], 1)

    torch.testing.assert_close(product(g, padded(s), padded(y)), product(g, s, y))


def test_without_a_pair_the_direction_is_the_gradient():
    g, empty = normal(2, 5), torch.zeros(2, 3, 5, dtype=torch.float64)
    assert torch.equal(product(g, empty, empty), g)


def minimise(minimizer, function, x, passes):
    state = minimizer.start(x, passes)
    for _ in range(passes):
        point = minimizer.ask(state).detach().requires_grad_(True)
        f = function(point)
        (g,) = torch.autograd.grad(f.sum(), point)
        state = minimizer.tell(state, f.detach(), g)
    return state


def rosenbrock(x):
    return (1 - x[:, 0]) ** 2 + 100 * (x[:, 1] - x[:, 0] ** 2) ** 2


def test_lbfgs_reaches_the_minimum_of_rosenbrocks_function():
    starts = torch.tensor([[-1.2, 1.0], [2.0, 2.0], [0.0, 0.0]], dtype=torch.float64)
    state = minimise(LBFGS(value_tolerance=1e-14), rosenbrock, starts, 200)
    assert (state["f"] < 1e-12).all()
    torch.testing.assert_close(state["x"], torch.ones(3, 2, dtype=torch.float64), atol=1e-5, rtol=0)


def test_every_accepted_value_satisfies_armijo():
    x, minimizer = normal(20, 2), LBFGS()
    state = minimizer.start(x, 60)
    for _ in range(60):
        point = minimizer.ask(state).requires_grad_(True)
        f = rosenbrock(point)
        (g,) = torch.autograd.grad(f.sum(), point)
        bound = state["f"] + minimizer.armijo * state["t"] * state["slope"]
        new = minimizer.tell(state, f.detach(), g)
        moved = new["f"] != state["f"]
        assert (new["f"] <= state["f"]).all()
        assert (new["f"] <= bound)[moved & state["f"].isfinite()].all()
        state = new


def test_no_step_is_longer_than_the_cap():
    minimizer = LBFGS(longest=0.1)
    state = minimizer.start(normal(10, 4) * 5, 30)
    for _ in range(30):
        point = minimizer.ask(state)
        assert ((point - state["x"]).norm(dim=1) <= 0.1 * 2 * (1 + 1e-9)).all()
        gradient = 2 * point
        state = minimizer.tell(state, point.square().sum(1), gradient)


def test_a_problem_does_not_see_its_neighbours():
    x = normal(6, 2)
    whole = minimise(LBFGS(), rosenbrock, x, 25)
    alone = minimise(LBFGS(), rosenbrock, x[2:3], 25)
    assert torch.equal(whole["x"][2], alone["x"][0])


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_broken_start_is_given_up_and_a_broken_trial_is_shortened(bad):
    def broken_beyond_one(x):
        return torch.where(x[:, 0] > 1, bad, (x[:, 0] - 0.9) ** 2)

    x = torch.tensor([[5.0], [-3.0]], dtype=torch.float64)
    state = minimise(LBFGS(longest=100.0), broken_beyond_one, x, 60)
    assert state["stop"][0] == Stop.NOT_FINITE
    assert abs(state["x"][1, 0] - 0.9) < 1e-3


def test_stops_say_why():
    x = torch.tensor([[1.0, 0.0]], dtype=torch.float64)

    def stop(function, passes=80, **settings):
        return int(minimise(LBFGS(**settings), function, x, passes)["stop"][0])

    assert stop(lambda z: z.square().sum(1)) == Stop.SMALL_VALUE
    assert stop(lambda z: 1 + 0 * z.sum(1)) == Stop.SMALL_GRADIENT
    assert stop(lambda z: 1 + 1e-3 * z.square().sum(1).sqrt(), patience=3) == Stop.FLAT
    assert stop(lambda z: 1 + z.square().sum(1), passes=2) == Stop.RUNNING
    # The slope promises a descent that the values, rounded to whole numbers, never show.
    assert stop(lambda z: z.sum(1) + (7 - z.sum(1)).detach()) == Stop.NO_DESCENT


def test_adam_is_torchs_adam():
    x = normal(1, 2)
    state = minimise(Adam(learning_rate=0.1), rosenbrock, x, 30)
    z = x.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(30):
        optimizer.zero_grad()
        rosenbrock(z).sum().backward()
        optimizer.step()
    torch.testing.assert_close(state["x"], z.detach())


def test_published_first_step_is_cautious():
    x = torch.tensor([[3.0, -1.0]], dtype=torch.float64)
    state = minimise(PublishedLBFGS(), lambda z: z.square().sum(1), x, 1)
    gradient = 2 * x
    expected = x - gradient * min(1.0, 1 / float(np.abs(gradient.numpy()).sum()))
    torch.testing.assert_close(state["x"], expected)
