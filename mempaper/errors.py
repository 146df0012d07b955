"""The error that every mistake of a caller ends in."""

from collections.abc import Iterable
from numbers import Integral

__all__ = ["InputError", "check_count", "check_known"]


class InputError(ValueError):
    """An argument broke a rule: says which argument, the rule, the value and the remedy.

    >>> str(InputError("steps", "be at least 1", 0, "Pass 50."))
    'steps must be at least 1; got 0. Pass 50.'
    """

    def __init__(self, argument: str, rule: str, value: object, remedy: str):
        self.argument, self.rule, self.value, self.remedy = argument, rule, value, remedy
        super().__init__(f"{argument} must {rule}; got {value}. {remedy}")

    def __reduce__(self):
        return type(self), (self.argument, self.rule, self.value, self.remedy)


def check_count(argument: str, value: object, least: int, most: int | None = None) -> None:
    """Raises InputError where `value` is no whole number from `least` to `most`.

    >>> check_count("steps", 0, 1)
    Traceback (most recent call last):
        ...
    mempaper.errors.InputError: steps must be a whole number, at least 1; got 0. Give such a number.
    """
    whole = int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None
    if whole is None or whole < least or (most is not None and whole > most):
        rule = f"be a whole number, at least {least:,}"
        rule += "" if most is None else f" and at most {most:,}"
        raise InputError(argument, rule, repr(value), "Give such a number.")


def check_known(argument: str, name: object, known: Iterable[str]) -> None:
    """Raises InputError where `name` is none of the known ones.

    >>> check_known("metric", "cosin", ["cosine", "euclidean"])
    Traceback (most recent call last):
        ...
    mempaper.errors.InputError: metric must be among cosine, euclidean; got 'cosin'. ...
    """
    known = list(known)
    if name not in known:
        raise InputError(argument, f"be among {', '.join(known)}", repr(name), "Choose from these.")
