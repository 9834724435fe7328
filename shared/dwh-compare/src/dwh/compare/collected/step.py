"""The step from end to end: two small sides in, what differs out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from dwh.compare.collected.coverage import covered
from dwh.compare.collected.findings import columns_found, samples_of, split_of, surplus_samples
from dwh.compare.collected.judging import Judged, JudgedSurplus, judged, judged_surplus
from dwh.compare.collected.matching import Matched, matched
from dwh.compare.collected.rows import CollectedRow, in_one_job, read_identities, read_rows
from dwh.compare.declared import Usable
from dwh.compare.evidence import Evidence, Limits
from dwh.compare.fingerprints import compared
from dwh.compare.forms import SideName
from dwh.compare.model import RowKind, Rows, SampleRow, Split
from dwh.compare.schema import Tables

__all__ = ["VALUES", "collected"]

VALUES = 50_000
"""How many values, rows times columns, a side may have that is collected. Its texts are cut to length, so
that this bounds the bytes, too: 20 MB where every text is as long as a report shows it."""

_Sides = tuple[Sequence[CollectedRow], Sequence[CollectedRow]]
_Read = Callable[[SideName, Tables, int], "list[CollectedRow] | None"]


def collected(tables: Tables, expectations: Sequence[Usable], limits: Limits) -> Evidence | None:
    """Return what differs: by one look at each side if nothing does, else by another that reads values.

    One more Spark job says which rows may differ, where conditions were declared.

    Returns None when a side is not small; then its first rows have been read. And where a rule looks at two
    values at once, or tolerances may find partners for rows whose key repeats: the other steps do that.
    """
    if any(pair.how.near for pair in tables.values):
        return None
    with in_one_job(tables.left.sparkSession):
        sides = _both_sides(read_identities, tables)
        if sides and not _alike(*sides):
            sides = _both_sides(read_rows, tables)
    if sides is None:
        return None
    found = matched(*sides, tables)
    if found.left_surplus and found.right_surplus and any(pair.tolerance for pair in tables.values):
        return None
    coverage = covered(tables, expectations, found)
    rows, surplus = judged(found, coverage, tables, expectations), judged_surplus(found, coverage)
    return Evidence(
        "collected",
        _counted(*sides, found, rows, surplus, bool(tables.key)),
        columns_found(rows, tables, limits.top),
        _samples(rows, surplus, tables, limits.samples),
        _seen(rows, surplus, len(expectations)),
    )


def _both_sides(read: _Read, tables: Tables) -> _Sides | None:
    most = VALUES // max(1, len(compared(tables)))
    left = read("left", tables, most)
    right = read("right", tables, most) if left is not None else None
    return None if left is None or right is None else (left, right)


def _alike(left: Sequence[CollectedRow], right: Sequence[CollectedRow]) -> bool:
    """Return whether both sides have the same rows, each as often."""
    old, new = (Counter((row.key, row.values) for row in rows) for rows in (left, right))
    return old == new


def _counted(
    left: Sequence[CollectedRow],
    right: Sequence[CollectedRow],
    found: Matched,
    rows: Sequence[Judged],
    surplus: Sequence[JudgedSurplus],
    keyed: bool,
) -> Rows:
    changed = split_of(rows, "changed")
    left_only, right_only = (_one_sided(rows, surplus, kind) for kind in ("left_only", "right_only"))
    rows_found = Rows(
        left=len(left),
        right=len(right),
        matched=len(left) - changed.count - left_only.count,
        changed=changed,
        left_only=left_only,
        right_only=right_only,
        null_keys_left=sum(row.null_key for row in left),
        null_keys_right=sum(row.null_key for row in right),
    )
    return _with_repeated(rows_found, found) if keyed else rows_found


def _with_repeated(rows: Rows, found: Matched) -> Rows:
    return replace(
        rows,
        duplicate_keys_left=found.repeated_keys[0],
        duplicate_keys_right=found.repeated_keys[1],
        duplicate_rows_left=found.repeated_rows[0],
        duplicate_rows_right=found.repeated_rows[1],
    )


def _one_sided(rows: Sequence[Judged], surplus: Sequence[JudgedSurplus], kind: RowKind) -> Split:
    alone, over = split_of(rows, kind), [item for item in surplus if item.kind == kind]
    count = alone.count + sum(item.count for item in over)
    expected = alone.expected + sum(item.expected for item in over)
    return Split(count, expected, count - expected)


def _samples(
    rows: Sequence[Judged], surplus: Sequence[JudgedSurplus], tables: Tables, most: int
) -> tuple[SampleRow, ...]:
    shown = [*samples_of(rows, tables, most), *surplus_samples(surplus, tables, most)]
    return tuple(sorted(shown, key=lambda sample: sample.expected))


def _seen(rows: Sequence[Judged], surplus: Sequence[JudgedSurplus], expectations: int) -> tuple[int, ...]:
    marks = [*(row.seen for row in rows), *(item.seen for item in surplus)]
    return tuple(sum(each[j] for each in marks) for j in range(expectations))
