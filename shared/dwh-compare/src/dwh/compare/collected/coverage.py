"""Which rows that differ declared differences cover.

Their conditions are SQL over whole rows. So Spark evaluates them, on the rows that differ and no others,
by one job; by none where nothing but `true` was declared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.compare.collected.matching import Matched
from dwh.compare.collected.rows import CollectedRow, identity
from dwh.compare.declared import Usable
from dwh.compare.expectations import both_rows
from dwh.compare.forms import SideName
from dwh.compare.model import RowKind
from dwh.compare.multiset import one_row
from dwh.compare.schema import Tables

__all__ = ["Coverage", "covered"]

_KINDS: dict[RowKind, tuple[str, ...]] = {
    "changed": ("value", "to_null", "from_null"),
    "left_only": ("row_removed",),
    "right_only": ("row_added",),
}

Hashes = tuple[int, ...]
Marks = tuple[bool, ...]


@dataclass
class Coverage:
    """For rows that differ, whether the condition of each expectation of their kind is true.

    Attributes:
        known: by kind and hashes of the row, the marks of each row that has these hashes.
        expectations: how many there are.
    """

    expectations: int
    known: dict[tuple[RowKind, Hashes], list[Marks]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: RowKind, row: CollectedRow) -> list[Marks]:
        """Return the marks of all rows that are equal to this one."""
        return self.known.get((kind, _hashes(kind, row)), [(False,) * self.expectations])


def covered(tables: Tables, expectations: Sequence[Usable], found: Matched) -> Coverage:
    """Return which of the rows that differ the expectations cover."""
    coverage = Coverage(len(expectations))
    rows = _rows(found)
    if all(item.problem or item.change.where.strip() == "true" for item in expectations):
        for kind, row in rows:
            marks = tuple(not item.problem and item.change.kind in _KINDS[kind] for item in expectations)
            coverage.known[kind, _hashes(kind, row)].append(marks)
    elif rows:
        for kind, hashes, *conditions in _asked(tables, expectations, rows).collect():
            coverage.known[kind, tuple(hashes)].append(tuple(conditions))
    return coverage


def _rows(found: Matched) -> list[tuple[RowKind, CollectedRow]]:
    """Return all rows that differ; of changed ones, the left side."""
    lefts = (*found.left_only, *(row for surplus in found.left_surplus for row in surplus.rows))
    rights = (*found.right_only, *(row for surplus in found.right_surplus for row in surplus.rows))
    return [
        *(("changed", pair.old) for pair in found.changed),
        *(("left_only", row) for row in lefts),
        *(("right_only", row) for row in rights),
    ]


def _hashes(kind: RowKind, row: CollectedRow) -> Hashes:
    return row.key if kind == "changed" else (*row.key, *row.values)


def _asked(
    tables: Tables, expectations: Sequence[Usable], rows: Iterable[tuple[RowKind, CollectedRow]]
) -> DataFrame:
    """Return `kind`, `hashes` and a column for each expectation, of the rows that differ."""
    wanted: dict[RowKind, set[int]] = defaultdict(set)
    for kind, row in rows:
        wanted[kind].add(_hashes(kind, row)[0])
    frames = [_of_kind(kind, tables, expectations, hashes) for kind, hashes in wanted.items()]
    return reduce(DataFrame.unionAll, frames)


def _of_kind(
    kind: RowKind, tables: Tables, expectations: Sequence[Usable], hashes: Iterable[int]
) -> DataFrame:
    if kind == "changed":
        left, right = (_hashed(side, tables, hashes, whole=False) for side in ("left", "right"))
        frame = left.join(F.broadcast(right), F.expr("left_hashes = right_hashes"))
        rows = frame.select(F.col("left_hashes").alias("hashes"), *both_rows(tables))
    else:
        side: SideName = "left" if kind == "left_only" else "right"
        frame = _hashed(side, tables, hashes, whole=True)
        rows = frame.select(F.col(f"{side}_hashes").alias("hashes"), *one_row(side, tables))
    return rows.select(F.lit(kind).alias("kind"), "hashes", *_conditions(kind, expectations))


def _hashed(side: SideName, tables: Tables, hashes: Iterable[int], *, whole: bool) -> DataFrame:
    """Return the rows of a side whose first hash is wanted, with the hashes of the key or of the row."""
    frame = tables.left if side == "left" else tables.right
    key, values = identity(side, tables)
    parts = [*key, *values] if whole else key
    wanted = ", ".join(f"{hashed}L" for hashed in hashes)
    return frame.selectExpr("*", f"array({', '.join(parts)}) AS {side}_hashes").where(
        f"{side}_hashes[0] IN ({wanted})"
    )


def _conditions(kind: RowKind, expectations: Sequence[Usable]) -> list[Column]:
    return [
        (F.lit(False) if item.problem or item.change.kind not in _KINDS[kind] else item.covers()).alias(
            f"c{j}"
        )
        for j, item in enumerate(expectations)
    ]
