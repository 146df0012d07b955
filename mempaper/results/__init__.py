"""What was recorded in runs longer than a book build, and how it is shown."""

from .recording import TABLE_MIME, Offer, Recorded, Sourced, record, recorded
from .verdicts import verdicts

__all__ = [
    "TABLE_MIME",
    "Offer",
    "Recorded",
    "Sourced",
    "record",
    "recorded",
    "verdicts",
]
