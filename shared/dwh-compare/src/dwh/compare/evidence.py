"""What a comparison finds in the rows, whichever way it looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dwh.compare.findings import ColumnFound
from dwh.compare.model import NotCompared, Rows, SampleRow, Step

__all__ = ["Evidence", "Limits"]


@dataclass(frozen=True)
class Limits:
    """How much detail to return: sample rows of each kind, and change pairs of each column."""

    samples: int = 20
    top: int = 5


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Attributes:
        step: how it was found.
        seen: what each expectation covers, by its place in the list.
        gaps: why the answer is not certain.
    """

    step: Step
    rows: Rows
    columns: Mapping[str, ColumnFound] = field(default_factory=dict)
    samples: tuple[SampleRow, ...] = ()
    seen: tuple[int, ...] = ()
    gaps: tuple[NotCompared, ...] = ()
    rows_joined: int = 0
    buckets_differing: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
