"""What a comparison finds in the rows, whichever way it looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dwh.compare.model import NotCompared, Numbers, Pair, Rows, SampleRow, Split, Step
from dwh.compare.stored import Parts

__all__ = ["ColumnFound", "Evidence", "Limits", "known_equal", "with_parts"]


@dataclass(frozen=True)
class Limits:
    """How much detail to return: sample rows of each kind, and change pairs of each column."""

    samples: int = 20
    top: int = 5


@dataclass(frozen=True)
class ColumnFound:
    """How the values of one column differ."""

    differing: Split = field(default_factory=Split)
    to_null: int = 0
    from_null: int = 0
    numbers: Numbers | None = None
    top: tuple[Pair, ...] = ()


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


def known_equal(parts: Parts, expectations: int) -> Evidence:
    """Return what stored fingerprints prove, when no part of them differs."""
    duplicates = None if parts.values is None else 0
    rows = Rows(
        null_keys_left=0,
        null_keys_right=0,
        duplicate_keys_left=duplicates,
        duplicate_keys_right=duplicates,
        duplicate_rows_left=duplicates,
        duplicate_rows_right=duplicates,
    )
    return Evidence("ledger", with_parts(rows, parts), seen=(0,) * expectations)


def with_parts(rows: Rows, parts: Parts) -> Rows:
    """Return the counts with those of the parts that are proven equal."""
    return replace(
        rows,
        left=rows.left + parts.rows,
        right=rows.right + parts.rows,
        matched=rows.matched + parts.rows,
        null_keys_left=(rows.null_keys_left or 0) + parts.null_keys,
        null_keys_right=(rows.null_keys_right or 0) + parts.null_keys,
    )
