"""Latent recovery: the nearest image that a generator can make (Webster et al. 2019, Eq. (NN_G)).

Finds z* in argmin_z |phi(G(z)) - phi(y)|^2 for many targets y at once. Slots of one batch hold one
problem each; one that has converged or is hopeless leaves, and the next target takes its slot.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor, nn

from ._devices import device_named
from ._recovery_input import check_counts, check_generator, check_targets
from .errors import InputError, check_known
from .minimizers import LBFGS, SGD, Adam, PublishedLBFGS, State, Stop
from .progress import track

__all__ = ["METHODS", "Method", "Recovery", "choose", "recover"]

Method = LBFGS | PublishedLBFGS | Adam | SGD

METHODS = {"lbfgs": LBFGS(), "lbfgs_published": PublishedLBFGS(), "adam": Adam(), "sgd": SGD()}
_PRECISIONS = ("32-true", "bf16-mixed")  # as Lightning Fabric calls them
_DEFAULT_BATCH = 64
_CANDIDATE_BATCH = 512
_WIDTH = {"cpu": 32}  # of one call of the generator, see _in_chunks; elsewhere _CANDIDATE_BATCH


@dataclass(frozen=True)
class Recovery:
    """What `recover` found for n targets."""

    latents: Float[Tensor, "n d"]
    errors: Float64[Tensor, "n"]  # mean squared error per entry of phi; infinite if it diverged
    images: Float[Tensor, "n c h w"]
    stop: Int[Tensor, "n"]  # a minimizers.Stop
    evaluations: Int[Tensor, "n"]  # passes, forward and backward, spent on each image
    trace: Float[Tensor, "n steps"] | None = None  # the error at each pass of the first start

    @property
    def converged(self) -> Bool[Tensor, "n"]:
        """Returns which images stopped by themselves: see the first three of minimizers.Stop.

        A problem that stopped because its last steps gained next to nothing may lie in a long flat
        valley; that it converged does not mean that it found the nearest image.
        """
        return self.stop <= Stop.FLAT


@torch.no_grad()
def recover(
    generator: Callable[[Tensor], Tensor],
    targets: Tensor | np.ndarray,
    latent_dim: int,
    *,
    operator: Callable[[Tensor], Tensor] | None = None,  # phi; None is the identity
    method: str | Method = "lbfgs",
    steps: int = 50,  # passes, forward and backward, for each start
    restarts: int = 1,  # starts for each target; the best result is kept
    candidates: int | None = None,  # random latents among which the starts are sought
    batch_size: int | None = None,  # problems in flight, default 64
    first: int = 0,  # index of targets[0] in a larger set that is recovered in parts
    seed: int = 0,
    device: torch.device | str | None = None,  # default: where the generator's weights are
    precision: str = "32-true",  # of the search; or "bf16-mixed"
    trace: bool = False,  # record the error at every pass
    progress: bool = False,
) -> Recovery:
    """Returns the nearest generated image of each target, Eq. (NN_G) of Webster et al. (2019).

    `generator` maps latents (b, latent_dim) to images (b, c, h, w) in [-1, 1], differentiably;
    `targets` is (n, c, h, w) in [-1, 1], and may be anything that slices into such arrays. The loss
    is the mean over the entries of phi, as in Table 1 and in the published code, where Eq. (4)
    writes the sum. A module is put in evaluation mode while its images are recovered.

    The starts are the `restarts` nearest, under phi, of `candidates` samples from N(0, I), by
    default 4,096 (an extra that the paper lacks; it costs `candidates` forward passes in all, not
    for each target, and they are not in `evaluations`). With candidates=0, the default of
    "lbfgs_published" only, each start is one draw from N(0, I), as in the published code.

    The generator always sees batches of one size, so results have the same bits whatever
    `batch_size` is, as long as its kernels treat all rows of a batch alike. Convolutions do; a
    matrix product does on the processors tried where `latent_dim` is a multiple of eight.

    With precision="bf16-mixed", starts and steps are found with products rounded to bfloat16, up to
    twice as fast where the processor multiplies these faster, slower where it does not; the images
    and errors returned are of the latents found, computed as ever. Errors below 1e-4 are not to be
    had that way.

    Raises
        InputError  an argument is empty, of the wrong shape, range or kind, or not finite

    >>> target = torch.full((1, 1, 2, 2), 0.5)
    >>> found = recover(lambda z: z.view(-1, 1, 2, 2), target, 4, candidates=16, steps=20)
    >>> bool(found.errors[0] < 1e-6), bool(found.converged[0])
    (True, True)
    """
    minimizer = choose(method)
    if candidates is None:
        candidates = 0 if isinstance(minimizer, PublishedLBFGS) else 4096
    batch_size = _DEFAULT_BATCH if batch_size is None else batch_size
    check_counts(latent_dim, steps, restarts, candidates, batch_size, first, seed)
    targets = check_targets(targets)
    check_known("precision", precision, _PRECISIONS)
    problem = _Problem(generator, operator, targets, latent_dim, device, precision)
    with _evaluating(generator):
        check_generator(generator, operator, problem.probe(), targets.shape[1:])
        if candidates:
            starts = _nearest_starts(problem, candidates, restarts, seed)
        else:
            starts = _random_starts(problem, restarts, first, seed)
        found = _solve(problem, minimizer, starts, steps, batch_size, trace, progress)
        return _assemble(problem, found, batch_size)


def choose(method: str | Method) -> Method:
    """Returns the minimiser of that name in METHODS, or the minimiser itself.

    Raises
        InputError  no minimiser has that name

    >>> choose("adam") is METHODS["adam"]
    True
    """
    if not isinstance(method, str):
        return method
    if method not in METHODS:
        raise InputError(
            "method", f"be one of {', '.join(METHODS)}", repr(method), "Choose one of these names."
        )
    return METHODS[method]


@contextmanager
def _evaluating(generator) -> Iterator[None]:
    if not isinstance(generator, nn.Module):
        yield
        return
    training = [m for m in generator.modules() if m.training]
    generator.eval()
    try:
        yield
    finally:
        for m in training:
            m.training = True


class _Problem:
    """The generator, phi and the targets, as values and gradients of latents."""

    def __init__(self, generator, operator, targets, latent_dim, device, precision):
        weights = generator.parameters() if isinstance(generator, nn.Module) else iter(())
        weight = next(weights, torch.zeros(()))
        self.device = device_named(device or weight.device)
        self.dtype = weight.dtype if weight.dtype == torch.float64 else torch.float32
        self.generator, self.operator, self.targets = generator, operator, targets
        self.latent_dim = latent_dim
        rounded = precision == "bf16-mixed"
        self._searching = partial(torch.autocast, self.device.type, torch.bfloat16, enabled=rounded)

    def probe(self) -> Float[Tensor, "3 d"]:
        """Returns latents on which to try the generator."""
        draws = np.random.default_rng(0).standard_normal((3, self.latent_dim))
        return torch.as_tensor(draws).to(self.device, self.dtype)

    def features(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b f"]:
        return self._in_chunks(self._seen, images)

    def _seen(self, images):
        return (images if self.operator is None else self.operator(images)).flatten(1)

    def _in_chunks(self, function, *rows: Tensor):
        """Returns `function` of chunks of one fixed size, the last filled with copies of its end.

        Kernels for different batch sizes round differently. With one size, an image's result has
        the same bits whatever else is in the batch.
        """
        width = _WIDTH.get(self.device.type, _CANDIDATE_BATCH)
        parts = []
        for low in range(0, len(rows[0]), width):
            chunk = [r[low : low + width] for r in rows]
            size = len(chunk[0])
            filled = [torch.cat([c, c[-1:].expand(width - size, *c.shape[1:])]) for c in chunk]
            made = function(*filled)
            parts.append([m[:size] for m in made] if isinstance(made, tuple) else made[:size])
        if isinstance(parts[0], list):
            return tuple(torch.cat(part) for part in zip(*parts, strict=True))
        return torch.cat(parts)

    def target(self, index: Int[Tensor, "b"] | slice) -> Float[Tensor, "b c h w"]:
        index = index if isinstance(index, slice) else index.cpu().numpy()
        images = torch.as_tensor(self.targets[index])
        return images.to(self.device, self.dtype)

    def images(self, latents: Float[Tensor, "b d"]) -> Float[Tensor, "b c h w"]:
        return self._in_chunks(self.generator, latents)

    def candidates(self, latents: Float[Tensor, "b d"]) -> Float[Tensor, "b f"]:
        """Returns the features of the images of latents among which starts are sought."""
        with self._searching():
            images = self.images(latents)
        return self.features(images.to(self.dtype))

    def value_and_gradient(
        self, latents: Float[Tensor, "b d"], wanted: Float[Tensor, "b f"]
    ) -> tuple[Float[Tensor, "b"], Float[Tensor, "b d"]]:
        return self._in_chunks(self._value_and_gradient, latents, wanted)

    def _value_and_gradient(self, latents, wanted):
        with torch.enable_grad():
            latents = latents.detach().requires_grad_(True)
            with self._searching():
                seen = self._seen(self.generator(latents))
            f = (seen.to(self.dtype) - wanted).square().mean(1)
            (g,) = torch.autograd.grad(f.sum(), latents)
        return f.detach(), g


def _random_starts(problem: _Problem, restarts: int, first: int, seed: int) -> Tensor:
    draws = [
        np.random.default_rng([seed, first + i]).standard_normal((restarts, problem.latent_dim))
        for i in range(len(problem.targets))
    ]
    return torch.as_tensor(np.stack(draws)).to(problem.device, problem.dtype)


def _nearest_starts(problem: _Problem, candidates: int, restarts: int, seed: int) -> Tensor:
    pool = np.random.default_rng([seed]).standard_normal((candidates, problem.latent_dim))
    pool = torch.as_tensor(pool).to(problem.device, problem.dtype)
    n, width = len(problem.targets), 256
    nearest = torch.full((n, restarts), torch.inf, device=problem.device, dtype=problem.dtype)
    chosen = torch.zeros(n, restarts, dtype=torch.long, device=problem.device)
    for begin in range(0, candidates, _CANDIDATE_BATCH):
        made = problem.candidates(pool[begin : begin + _CANDIDATE_BATCH])
        names = torch.arange(begin, begin + len(made), device=problem.device)
        for low in range(0, n, width):
            rows = slice(low, min(low + width, n))
            wanted = problem.features(problem.target(rows))
            distances = made.square().sum(1) - 2 * wanted @ made.T
            distances = torch.cat([nearest[rows], distances], 1)
            indices = torch.cat([chosen[rows], names.expand(len(wanted), -1)], 1)
            nearest[rows], order = distances.topk(restarts, dim=1, largest=False)
            chosen[rows] = indices.gather(1, order)
    return pool[chosen]


def _solve(problem, minimizer, starts, steps, batch_size, trace, progress) -> dict[str, Tensor]:
    n, restarts = starts.shape[:2]
    found = {
        "x": torch.full_like(starts, torch.nan),
        "stop": torch.zeros(n, restarts, dtype=torch.long, device=problem.device),
        "spent": torch.zeros(n, restarts, dtype=torch.long, device=problem.device),
    }
    if trace:
        found["trace"] = starts.new_full((n, restarts, steps), torch.nan)
    state: State | None = None
    waiting = 0
    with track(total=n * restarts, description="recovering", show=progress) as bar:
        while waiting < n * restarts or state is not None:
            active = 0 if state is None else len(state["x"])
            if active < batch_size and waiting < n * restarts:
                task = torch.arange(waiting, min(waiting + batch_size - active, n * restarts))
                fresh = _enter(problem, minimizer, starts, task, steps)
                state = fresh if state is None else _join(state, fresh)
                waiting += len(task)
            f, g = problem.value_and_gradient(minimizer.ask(state), state["wanted"])
            state = minimizer.tell(state, f, g)
            state["spent"] = state["spent"] + 1
            image, restart = state["task"] // restarts, state["task"] % restarts
            if trace:
                found["trace"][image, restart, state["spent"] - 1] = state["f"]
            over = (state["spent"] >= steps) & (state["stop"] == Stop.RUNNING)
            state["stop"] = torch.where(over, int(Stop.BUDGET), state["stop"])
            done = state["stop"] != Stop.RUNNING
            if done.any():
                for name in ("x", "stop", "spent"):
                    found[name][image[done], restart[done]] = state[name][done]
                bar.update(int(done.sum()))
                state = None if done.all() else {k: v[~done] for k, v in state.items()}
    return found


def _enter(
    problem, minimizer, starts: Float[Tensor, "n r d"], task: Int[Tensor, "k"], steps: int
) -> State:
    image, restart = task // starts.shape[1], task % starts.shape[1]
    task = task.to(problem.device)
    return minimizer.start(starts[image, restart], steps) | {
        "task": task,
        "spent": torch.zeros_like(task),
        "wanted": problem.features(problem.target(image)),
    }


def _join(state: State, fresh: State) -> State:
    return {name: torch.cat([value, fresh[name]]) for name, value in state.items()}


def _assemble(problem: _Problem, found: dict[str, Tensor], batch_size: int) -> Recovery:
    x, parts = found["x"], []
    n, restarts, d = x.shape
    for low in range(0, n, batch_size):
        rows = slice(low, min(low + batch_size, n))
        images = problem.images(x[rows].reshape(-1, d))
        wanted = problem.features(problem.target(rows)).repeat_interleave(restarts, 0)
        errors = (problem.features(images).double() - wanted.double()).square().mean(1)
        errors = torch.where(errors.isfinite(), errors, torch.inf).view(-1, restarts)
        best = errors.argmin(1, keepdim=True)
        here = torch.arange(len(best), device=problem.device)
        images = images.view(-1, restarts, *images.shape[1:])[here, best[:, 0]]
        parts.append((errors.gather(1, best)[:, 0], best[:, 0], images))
    errors, best, images = (torch.cat(part) for part in zip(*parts, strict=True))
    here = torch.arange(n, device=problem.device)
    trace = found.get("trace")
    return Recovery(
        latents=x[here, best],
        errors=errors,
        images=images,
        stop=found["stop"][here, best],
        evaluations=found["spent"].sum(1),
        trace=None if trace is None else _carried_forward(trace[:, 0], found["spent"][:, 0]),
    )


def _carried_forward(
    trace: Float[Tensor, "n steps"], spent: Int[Tensor, "n"]
) -> Float[Tensor, "n steps"]:
    """Returns the trace with the last value of a problem that stopped early repeated."""
    passes = torch.arange(trace.shape[1], device=trace.device)
    return trace.gather(1, torch.minimum(passes, spent[:, None] - 1))
