"""What decides the questions that neither paper asks and this book does."""

from .verdicts import Predicate, above, below, each_by, points

__all__ = ["CLAIMS"]


def _plain(value: float) -> str:
    return f"{value:.2f}"


CLAIMS = {
    "mr-lowers-mre-gap": Predicate(
        each_by(below, 0.0, "Change of the MRE-gap, means over seeds.", points), show=points
    ),
    "ct-sees-small-glo": Predicate(
        each_by(below, 0.0, "C_T, below 0 for copying.", _plain), show=_plain
    ),
    "gap-and-ct-rank-alike": Predicate(
        each_by(above, 0.0, "Spearman's coefficient.", _plain), show=_plain
    ),
}
