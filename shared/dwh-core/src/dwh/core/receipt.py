"""What a committed run returns."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Receipt"]


class Receipt(TypedDict):
    """What a committed run returns: JSON-able, and small whatever it wrote.

    The ledger keeps more, for each partition.
    """

    run: str
    job: str
    line: str
    release: str
    table: str
    first_date: str
    last_date: str
    partitions: int
    rows: int
