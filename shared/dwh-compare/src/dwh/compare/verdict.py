"""The verdict, and why, in plain sentences.

`fail` wins over `incomplete`, which wins over `pass`: a difference that was found is certain, whatever
else was not looked at; and what was not looked at never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from dwh.compare.model import (
    ColumnResult,
    ExpectationResult,
    NotCompared,
    Rows,
    SchemaColumn,
    Threshold,
    Verdict,
)
from dwh.compare.share import at_most, exact_share, percents, unexpected_share

__all__ = ["judge", "threshold_of"]


def threshold_of(rows: Rows, max_changed: Decimal | None) -> tuple[Threshold, ...]:
    """Return the threshold on rows that differ unexpectedly, if the caller set one."""
    if max_changed is None:
        return ()
    found = unexpected_share(rows)
    return (Threshold("max_changed", at_most(max_changed), float(found), found <= Fraction(max_changed)),)


def judge(
    schema: Sequence[SchemaColumn],
    rows: Rows,
    columns: Sequence[ColumnResult],
    expectations: Sequence[ExpectationResult],
    not_compared: Sequence[NotCompared],
    thresholds: Sequence[Threshold],
    may_be_empty: bool = False,
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict and its reasons, the gravest first.

    Parameters:
        may_be_empty: whether two sides without rows were meant to have none.
    """
    failures = [*_schema_failures(schema), *_row_failures(rows, columns, thresholds)]
    gaps = [f"{gap.what} was not compared: {gap.why}" for gap in not_compared]
    gaps += [
        f"The declared {item.what} of {item.column or 'rows'} cannot be applied: {item.problem}"
        for item in expectations
        if item.status == "broken"
    ]
    empty = not rows.left and not rows.right
    if empty and not may_be_empty:
        gaps.append("Both sides are empty: there was nothing to compare")
    notes = ["Both sides are empty, which is allowed"] if empty and may_be_empty else []
    notes += [*_equalities(rows, columns, failures), *_notes(rows, expectations, thresholds)]
    verdict: Verdict = "fail" if failures else "incomplete" if gaps else "pass"
    return verdict, (*failures, *gaps, *notes)


def _schema_failures(schema: Sequence[SchemaColumn]) -> Iterable[str]:
    for column in schema:
        if not column.fails:
            continue
        if column.left and column.right:
            types = f"from {column.left.type} to {column.right.type}"
            yield f"Column {column.name} changed its type {types}, undeclared"
        else:
            yield f"Column {column.name} was {column.status}, undeclared"


def _row_failures(
    rows: Rows, columns: Sequence[ColumnResult], thresholds: Sequence[Threshold]
) -> Iterable[str]:
    for side, empty, other in (("left", rows.left, rows.right), ("right", rows.right, rows.left)):
        if not empty and other:
            yield f"The {side} side is empty and the other has {_rows(other)}"
    if any(not threshold.held for threshold in thresholds):
        yield from (f"{_share(t)}, more than allowed" for t in thresholds if not t.held)
    elif thresholds:
        return
    if rows.changed.unexpected:
        names = [column.name for column in columns if column.differing.unexpected]
        yield f"{_rows(rows.changed.unexpected)} changed unexpectedly, in {_listed(names)}"
    if rows.left_only.unexpected:
        yield f"{_rows(rows.left_only.unexpected)} only on the left, undeclared"
    if rows.right_only.unexpected:
        yield f"{_rows(rows.right_only.unexpected)} only on the right, undeclared"


def _equalities(rows: Rows, columns: Sequence[ColumnResult], failures: Sequence[str]) -> Iterable[str]:
    compared = sum(column.compared for column in columns)
    differs = rows.changed.count + rows.left_only.count + rows.right_only.count
    if rows.left and rows.right and compared and not differs and not failures:
        yield f"{_rows(rows.left)} on each side, equal in {_counted(compared, 'compared column')}"


def _notes(
    rows: Rows, expectations: Sequence[ExpectationResult], thresholds: Sequence[Threshold]
) -> Iterable[str]:
    yield from (f"{_share(t)}, within what is allowed" for t in thresholds if t.held and t.found)
    splits = (
        ("changed", rows.changed),
        ("only on the left", rows.left_only),
        ("only on the right", rows.right_only),
    )
    for what, split in splits:
        if split.expected:
            yield f"{_rows(split.expected)} {what}, as declared"
    for item in expectations:
        if item.status == "not seen":
            yield f"Declared but not seen: {item.what} of {item.column or 'rows'} ({item.reason})"
    for side, nulls in (("left", rows.null_keys_left), ("right", rows.null_keys_right)):
        if nulls:
            yield f"{_rows(nulls)} on the {side} {'has' if nulls == 1 else 'have'} a null in the key"
    for side, keys in (("left", rows.duplicate_keys_left), ("right", rows.duplicate_keys_right)):
        if keys:
            repeats = f"{_counted(keys, 'key')} on the {side} {'repeats' if keys == 1 else 'repeat'}"
            yield f"{repeats}: rows that have the same key were compared as a multiset"


def _share(threshold: Threshold) -> str:
    found, limit = percents(exact_share(threshold.found), exact_share(threshold.limit))
    return f"{found}% of rows differ unexpectedly (limit {limit}%)"


def _rows(count: int) -> str:
    return _counted(count, "row")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more columns" if len(names) > most else ""
    return ", ".join(names[:most]) + more
