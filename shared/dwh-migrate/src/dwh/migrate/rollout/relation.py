"""How the contracts of one job in two lines relate: may their partitions stand in one table?"""

from __future__ import annotations

from collections.abc import Iterator

from dwh.core.changes import Expected
from dwh.core.contract import Column, Table
from dwh.core.job import Job

__all__ = ["breaks"]


def breaks(old: type[Job], new: type[Job]) -> tuple[str, ...]:
    """Return why readers of the old line's table could not read the new one's, a sentence each.

    None is there only if the new line adds nothing but nullable columns at the end, keeps the meaning
    of the others, and declares no value to differ. The release gate goes by the same rules.
    """
    return tuple(_breaks(old, new))


def _breaks(old: type[Job], new: type[Job]) -> Iterator[str]:
    before, after = old.writes, new.writes
    yield from _table(before, after)
    names = [column.name for column in after.columns]
    kept = [column.name for column in before.columns if column.name in names]
    for column in before.columns:
        if column.name not in names:
            yield f"column {column.name} is gone or renamed"
        else:
            yield from _column(column, after.column(column.name))
    if kept != [name for name in names if name in kept]:
        yield "the columns are in another order"
    for position, column in enumerate(after.columns):
        if column.name in kept:
            continue
        if any(name in kept for name in names[position:]):
            yield f"column {column.name} is new, but not at the end"
        elif not column.nullable:
            yield f"column {column.name} is new and never null, and older partitions lack it"
    for change in new.changes:
        if isinstance(change, Expected):
            yield f"{change.column or 'rows'}: declared to differ ({change.kind}), {change.reason}"


def _table(before: Table, after: Table) -> Iterator[str]:
    for what, was, now in (
        ("table", before.name, after.name),
        ("key", ", ".join(before.key), ", ".join(after.key)),
        ("partitioning", before.partition_by, after.partition_by),
    ):
        if was != now:
            yield f"the {what} changed: {was or 'none'} → {now or 'none'}"
    if after.may_be_empty and not before.may_be_empty:
        yield "a date without rows is now valid"
    if before.doc and before.doc != after.doc:
        yield f"what one row is changed: {before.doc!r} → {after.doc!r}"


def _column(before: Column, after: Column) -> Iterator[str]:
    if before.type != after.type:
        yield f"the type of {before.name} changed: {before.type} → {after.type}"
    if after.nullable and not before.nullable:
        yield f"{before.name} may now be null"
    if before.doc and before.doc != after.doc:
        yield f"the meaning of {before.name} changed: {before.doc!r} → {after.doc!r}"
