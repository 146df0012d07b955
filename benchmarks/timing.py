"""The clock of the benchmarks."""

from time import perf_counter

__all__ = ["seconds"]


def seconds(function) -> float:
    """Returns how long a call takes."""
    begun = perf_counter()
    function()
    return perf_counter() - begun
