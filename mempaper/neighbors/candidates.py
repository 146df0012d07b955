"""Which pairs of rows can be nearest, by one matrix product in low precision and an error bound.

With x and y the rows less a common centre, |x - y|^2 = |x|^2 - 2 s for s = x . y - |y|^2 / 2: the
larger s, the nearer. (Where b and -b count as one, s = |x . y| of unit vectors.) What is computed
in float32 or bfloat16 differs from s by no more than a bound that Cauchy and Schwarz give from the
rounding of each row, which is measured. So no pair that is left out can belong to the answer.
"""

from dataclasses import dataclass
from functools import cache
from time import perf_counter

import torch
from jaxtyping import Float, Float64, Int64, Shaped
from torch import Tensor

from .metrics import Metric
from .rows import Rows

__all__ = ["Block", "Frame", "candidates", "fast_dtype", "frame", "prepare"]

_PARTS = {torch.float32: 1, torch.bfloat16: 3}  # numbers of this type that add up to a float32
_UNIT = {torch.float32: 2.0**-24, torch.bfloat16: 2.0**-8}
_SAMPLE = 1024
_ELEMENTS_AT_ONCE = 2**18  # prepared together, in float64: 2 MiB
_GROUP = 64  # columns of a score matrix that are first looked at together


@dataclass(frozen=True)
class Frame:
    """How rows are seen: (row, unit where the metric says so, - centre) / scale, as `dtype`."""

    metric: Metric
    centre: Float64[Tensor, "d"]
    scale: float
    dtype: torch.dtype


@dataclass(frozen=True)
class Block:
    """Rows in memory, as stored and as seen in a frame.

    rows    as stored
    norms   their lengths, where the metric takes unit vectors, else ones
    seen    in the frame's type; a bank's with columns more, for what a product shall add
    sizes   lengths in the frame, before rounding to that type
    lost    lengths of what this rounding took away
    """

    rows: Shaped[Tensor, "n d"]
    norms: Float64[Tensor, "n"]
    seen: Float[Tensor, "n e"]
    sizes: Float64[Tensor, "n"]
    lost: Float64[Tensor, "n"]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, which: slice) -> "Block":
        return Block(*(part[which] for part in vars(self).values()))

    def exact(self, numbers: Int64[Tensor, "n"] | slice) -> Float64[Tensor, "n d"]:
        """Returns these rows in float64, as unit vectors where the metric takes them."""
        return self.rows[numbers] / self.norms[numbers, None]


@cache
def fast_dtype(device: torch.device) -> torch.dtype:
    """Returns bfloat16 where the processor multiplies it faster than float32, else float32.

    Whether it does is measured, once in a process: processors with AVX-512's instructions for
    bfloat16 but without AMX were seen to take from 0.4 to 1.7 times as long as in float32. Where
    there are no instructions for it, it is emulated, and slower.
    """
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if able else torch.float32
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    if device.type != "cpu" or not any(getattr(torch.cpu, name, bool)() for name in names):
        return torch.float32
    return min((torch.float32, torch.bfloat16), key=_time_of_product)


def _time_of_product(dtype: torch.dtype) -> float:
    a, b = torch.ones(256, 512, dtype=dtype), torch.ones(2048, 512, dtype=dtype)

    def taken() -> float:
        begun = perf_counter()
        torch.mm(a, b.T)
        return perf_counter() - begun

    return min(taken() for _ in range(5))


def frame(bank: Rows, metric: Metric) -> Frame:
    """Returns the frame in which a bank's rows are small: numbers lose least near their centre.

    Centre and scale are those of rows spread evenly over the bank; others would be as right.
    """
    count = min(_SAMPLE, len(bank))
    numbers = torch.arange(count) * len(bank) // count
    rows = bank.gather(numbers)
    norms = bank.norms(rows, numbers, metric)
    rows = rows.double() / norms[:, None] if metric.unit else rows.double()
    centre, scale = torch.zeros_like(rows[0]), 1.0
    if not metric.either_sign:
        centre = rows.mean(0)
        scale = float(torch.linalg.vector_norm(rows - centre, dim=1).max()) or 1.0
    return Frame(metric, centre, scale, fast_dtype(bank.device))


def prepare(rows: Rows, low: int, high: int, frame: Frame, *, bank: bool) -> Block:
    """Returns rows low to high as seen in the frame; refuses what `Rows.norms` refuses.

    bank  adds columns of -|y|^2 / 2, and of ones for what a query's row adds, where scores have it
    """
    stored = rows.read(low, high)
    step = max(1, _ELEMENTS_AT_ONCE // rows.dim)
    pieces = []
    for at in range(0, len(stored), step):
        part = stored[at : at + step]
        norms = rows.norms(part, range(low + at, high), frame.metric)
        norms = norms if frame.metric.unit else torch.ones_like(norms)
        exact = (part.double() / norms[:, None]).sub_(frame.centre).div_(frame.scale)
        sizes = torch.linalg.vector_norm(exact, dim=1)
        seen = exact.to(frame.dtype)
        lost = torch.linalg.vector_norm(exact.sub_(seen), dim=1)
        if bank and not frame.metric.either_sign:
            half = _split(-sizes.square() / 2, frame.dtype)
            seen = torch.cat([seen, half, torch.ones_like(half)], 1)
        pieces.append((norms, seen, sizes, lost))
    return Block(stored, *(torch.cat(piece) for piece in zip(*pieces, strict=True)))


def candidates(
    x: Block,
    y: Block,
    frame: Frame,
    *,
    k: int,
    reached: Float64[Tensor, "n"],
    own: Int64[Tensor, "n"] | None = None,
) -> tuple[Int64[Tensor, "pairs"], Int64[Tensor, "pairs"]]:
    """Returns (rows of x, rows of y): all pairs that may belong to the k nearest, and few others.

    reached  distance of the k-th nearest that is known already; infinity where there is none
    own      the row of y that does not count for this row of x; outside of y where all count
    """
    square = frame.metric.squared(reached) / frame.scale**2
    if frame.metric.either_sign:
        known, shift = 1 - square / 2, torch.zeros_like(square)
    else:  # scores less the one to beat: near 0 they are rounded least
        known = (x.sizes.square() - square) / 2
        shift = torch.where(known.isfinite(), -known, 0)
    scores, error = _scores(x, y, frame, shift)
    if own is not None:
        rows = torch.nonzero((own >= 0) & (own < len(y)))[:, 0]
        scores[rows, own[rows]] = -torch.inf
    unit = _UNIT[frame.dtype]
    groups = _groups(scores, k)
    best = torch.full_like(known, -torch.inf)
    if groups.shape[1] >= k:  # k groups hold k pairs at least as good
        best = groups.topk(k, dim=1).values[:, -1].double()
        best = best - unit * best.abs() - error
    cut = torch.maximum(best, known + shift) - error
    cut = (cut - 1.01 * unit * cut.abs()).float().nextafter(torch.tensor(-torch.inf))
    rows, first = (groups < cut[:, None]).logical_not_().nonzero(as_tuple=True)
    columns = first[:, None] + torch.arange(0, len(y), groups.shape[1], device=first.device)
    inside = columns < len(y)
    found = scores[rows[:, None], columns.clamp(max=len(y) - 1)].float()
    at, which = ((found < cut[rows, None]).logical_not_() & inside).nonzero(as_tuple=True)
    rows, columns = rows[at], columns[at, which]
    if own is None:
        return rows, columns
    others = columns != own[rows]
    return rows[others], columns[others]


def _scores(
    x: Block, y: Block, frame: Frame, shift: Float64[Tensor, "n"]
) -> tuple[Float[Tensor, "n m"], Float64[Tensor, "n"]]:
    """Returns s + shift of all pairs, and how far each row's may be wrong before it was rounded.

    - |y|^2 / 2 and the shift are columns of the product, as sums of numbers that the type can hold.
    """
    most, most_lost = y.sizes.max(), y.lost.max()
    magnitude = (x.sizes + x.lost) * (most + most_lost)
    error = x.lost * most + (x.sizes + x.lost) * most_lost
    if frame.metric.either_sign:
        scores = (x.seen @ y.seen.T).abs_()
    else:
        own = _split(shift, frame.dtype)
        scores = torch.cat([x.seen, torch.ones_like(own), own], 1) @ y.seen.T
        magnitude = 1.01 * (magnitude + most.square() / 2 + shift.abs())
    summing = (y.seen.shape[1] + 16) * _UNIT[torch.float32] + _inside(y.seen)
    float64 = 1e-11 * (x.sizes + most).square()
    return scores, error + summing * magnitude + float64 + 1e-30


def _split(values: Float64[Tensor, "n"], dtype: torch.dtype) -> Float[Tensor, "n parts"]:
    """Returns numbers of a type that add up to each value, to 2^-24 of it."""
    found = []
    for _ in range(_PARTS[dtype]):
        found.append(values.to(dtype))
        values = values - found[-1].double()
    return torch.stack(found, 1)


def _inside(seen: Float[Tensor, "m e"]) -> float:
    """Returns what a product may lose beyond the rounding of float32 sums, in units of |a| |b|.

    PyTorch may be told to round float32 factors to bfloat16, and CUDA adds up parts of a bfloat16
    product in bfloat16.
    """
    cuda = seen.device.type == "cuda"
    if seen.dtype == torch.bfloat16:
        return 2.0**-7 if cuda else 0.0
    backend = torch.backends.cuda.matmul if cuda else torch.backends.mkldnn.matmul
    told = getattr(backend, "fp32_precision", None)
    if told is None:  # before PyTorch 2.9
        told = "ieee" if torch.get_float32_matmul_precision() == "highest" else "bf16"
    return 0.0 if told in ("none", "ieee") else 2.0**-6


def _groups(scores: Float[Tensor, "n m"], k: int) -> Float[Tensor, "n groups"]:
    """Returns the best scores of columns j, j + g, j + 2 g, ...: enough groups g to choose k of."""
    width = scores.shape[1]
    g = -(-width // max(1, min(_GROUP, width // (4 * k))))
    best = scores[:, : width // g * g].unflatten(1, (-1, g)).amax(1)
    rest = width % g
    if rest:
        best[:, :rest] = torch.maximum(best[:, :rest], scores[:, -rest:])
    return best.float()
