"""Exact and approximate nearest neighbours, in memory that does not grow with the bank.

`nearest` searches once, `Bank` as often as one likes, `recall` says how much an approximate search
misses.
"""

from .approximate import HNSW, IVFPQ
from .bank import Bank, nearest, recall

__all__ = ["HNSW", "IVFPQ", "Bank", "nearest", "recall"]
