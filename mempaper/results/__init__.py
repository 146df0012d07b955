"""What was recorded in runs longer than a book build, and how it is shown."""

from .recording import (
    TABLE_MIME,
    Offer,
    Recorded,
    Sourced,
    described,
    executions,
    made_by,
    record,
    recorded,
    write,
)
from .verdicts import RecordedVerdict, recorded_verdicts, verdicts

__all__ = [
    "TABLE_MIME",
    "Offer",
    "Recorded",
    "RecordedVerdict",
    "Sourced",
    "described",
    "executions",
    "made_by",
    "record",
    "recorded",
    "recorded_verdicts",
    "verdicts",
    "write",
]
