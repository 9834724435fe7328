"""What a committed run returns."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Receipt"]


class _Outdated(TypedDict, total=False):
    outdated: list[str]


class Receipt(_Outdated):
    """What a committed run returns: JSON-able, and small whatever it wrote.

    The ledger keeps more, for each partition. `outdated`, of a job that builds on its own output, are the
    later logical dates, as ranges, that rest on what this run has replaced. Without any it is not there.
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
