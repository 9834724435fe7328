"""Rows that differ, each with what of it was declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dwh.compare.changes import Kind
from dwh.compare.collected.coverage import Coverage, Marks
from dwh.compare.collected.matching import Changed, Matched, Surplus
from dwh.compare.collected.rows import CollectedRow
from dwh.compare.declared import Usable
from dwh.compare.model import RowKind
from dwh.compare.schema import Tables

__all__ = ["Judged", "JudgedSurplus", "judged", "judged_surplus"]


@dataclass(frozen=True)
class Judged:
    """A row that differs and has its key alone.

    Attributes:
        old, new: the row on either side; the same where only one side has it.
        expected: whether all that differs was declared.
        seen: which expectations cover the row, or a cell of it.
        places: the places, among the columns outside the key, in which a changed row differs.
        expected_places: those of them that were declared.
    """

    kind: RowKind
    old: CollectedRow
    new: CollectedRow
    expected: bool
    seen: Marks
    places: tuple[int, ...] = ()
    expected_places: tuple[int, ...] = ()


@dataclass(frozen=True)
class JudgedSurplus:
    """Equal rows of one side that are left over.

    Attributes:
        count, expected: how many, and how many of them were declared.
        seen: how many of them each expectation covers.
    """

    kind: RowKind
    row: CollectedRow
    count: int
    expected: int
    seen: tuple[int, ...]


def judged(
    found: Matched, coverage: Coverage, tables: Tables, expectations: Sequence[Usable]
) -> list[Judged]:
    """Return the rows that differ and have their key alone."""
    changed = [
        _changed(pair, coverage.of("changed", pair.old)[0], tables, expectations) for pair in found.changed
    ]
    lefts = [_alone("left_only", row, coverage) for row in found.left_only]
    rights = [_alone("right_only", row, coverage) for row in found.right_only]
    return [*changed, *lefts, *rights]


def _alone(kind: RowKind, row: CollectedRow, coverage: Coverage) -> Judged:
    seen = coverage.of(kind, row)[0]
    return Judged(kind, row, row, any(seen), seen)


def _changed(pair: Changed, marks: Marks, tables: Tables, expectations: Sequence[Usable]) -> Judged:
    kinds = {tables.values[i].name: _kind(pair, len(tables.key) + i) for i in pair.places}
    seen = tuple(
        mark and item.pair is not None and kinds.get(item.pair.name) == item.change.kind
        for mark, item in zip(marks, expectations, strict=True)
    )
    covered = {item.pair.name for mark, item in zip(seen, expectations, strict=True) if mark and item.pair}
    declared = tuple(i for i in pair.places if tables.values[i].name in covered)
    return Judged("changed", pair.old, pair.new, declared == pair.places, seen, pair.places, declared)


def _kind(pair: Changed, place: int) -> Kind:
    if pair.new.texts[place] is None:
        return "to_null"
    return "from_null" if pair.old.texts[place] is None else "value"


def judged_surplus(found: Matched, coverage: Coverage) -> list[JudgedSurplus]:
    """Return the rows that are left over where rows are multisets."""
    return [
        *(_surplus("left_only", rows, coverage) for rows in found.left_surplus),
        *(_surplus("right_only", rows, coverage) for rows in found.right_surplus),
    ]


def _surplus(kind: RowKind, surplus: Surplus, coverage: Coverage) -> JudgedSurplus:
    """Of equal rows, those that nothing covers are left over first: no more is expected than must be."""
    row = _as_shown(surplus.rows)
    marks = coverage.of(kind, row)
    uncovered = len(surplus.rows) - sum(map(any, marks))
    seen = tuple(min(sum(each), surplus.count) for each in zip(*marks, strict=True))
    return JudgedSurplus(kind, row, surplus.count, max(surplus.count - uncovered, 0), seen)


def _as_shown(rows: Sequence[CollectedRow]) -> CollectedRow:
    """Return one of some equal rows, each value with the first of the texts that it has in them."""
    columns = zip(*(row.forms for row in rows), strict=True)
    texts = (min((text for text in each if text is not None), default=None) for each in columns)
    return replace(rows[0], forms=tuple(texts))
