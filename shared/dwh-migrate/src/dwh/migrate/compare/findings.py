"""Counts, change pairs and samples, read from the rows that differ.

Everything is aggregated, ranked and cut to length in Spark; the driver receives a bounded number of
bounded rows whatever differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from dwh.migrate.compare.canonical import hash_of
from dwh.migrate.compare.expectations import any_of
from dwh.migrate.compare.join import Differing, distance
from dwh.migrate.compare.model import Cell, CellChange, Numbers, Pair, RowKind, SampleRow, Split
from dwh.migrate.compare.schema import Paired, Schemas
from dwh.migrate.compare.text import cell, text_of

__all__ = ["ColumnFound", "RowsFound", "read_columns", "read_rows", "read_samples"]

_KINDS: tuple[RowKind, ...] = ("changed", "left_only", "right_only")


@dataclass(frozen=True)
class RowsFound:
    """How many rows differ, in which way.

    Attributes:
        duplicate_keys_left, duplicate_keys_right: keys that more than one row of the side has.
        duplicates: keys that more than one row of some side has.
        differing: in how many rows each of the values differs, by its place in the list.
        seen: what each expectation covers, by its place in the list.
    """

    changed: Split
    left_only: Split
    right_only: Split
    duplicate_keys_left: int
    duplicate_keys_right: int
    duplicates: int
    differing: tuple[int, ...]
    seen: tuple[int, ...]


@dataclass(frozen=True)
class ColumnFound:
    """How the values of one column differ."""

    differing: Split = field(default_factory=Split)
    to_null: int = 0
    from_null: int = 0
    numbers: Numbers | None = None
    top: tuple[Pair, ...] = ()


def read_rows(differing: Differing) -> RowsFound:
    """Return the counts of rows, by one Spark job."""
    kinds = {kind: F.col("kind") == kind for kind in (*_KINDS, "duplicate")}
    marks = {kind: kinds[kind] for kind in kinds}
    marks |= {f"{kind}_expected": kinds[kind] & _row_expected(differing) for kind in kinds}
    marks |= {"l_more": F.col("l_more"), "r_more": F.col("r_more")}
    marks |= {f"differs{i}": F.col(f"differs{i}") for i in range(len(differing.values))}
    marks |= {f"covered{j}": F.col(f"covered{j}") for j in range(len(differing.expectations))}
    row = differing.frame.agg(
        *(F.count(F.when(mark, True)).alias(name) for name, mark in marks.items())
    ).collect()[0]
    changed, left_only, right_only = (_split(row[kind], row[f"{kind}_expected"]) for kind in _KINDS)
    return RowsFound(
        changed,
        left_only,
        right_only,
        row["l_more"],
        row["r_more"],
        row["duplicate"],
        tuple(row[f"differs{i}"] for i in range(len(differing.values))),
        tuple(row[f"covered{j}"] for j in range(len(differing.expectations))),
    )


def _split(count: int, expected: int) -> Split:
    return Split(count, expected, count - expected)


def _row_expected(differing: Differing) -> Column:
    """Return whether all that differs in a row is expected."""
    cells = [~F.col(f"differs{i}") | F.col(f"expected{i}") for i in range(len(differing.values))]
    about_rows = [F.col(f"covered{j}") for j, item in enumerate(differing.expectations) if item.pair is None]
    changed = reduce(and_, cells) if cells else F.lit(False)
    return F.when(F.col("kind") == "changed", changed).otherwise(any_of(about_rows))


def read_columns(
    differing: Differing, found: RowsFound, schemas: Schemas, top: int
) -> Mapping[str, ColumnFound]:
    """Return what differs in each column of `differing.values` in which something does.

    Parameters:
        found: what `read_rows` returned: the other columns would only make Spark's plans longer.
        top: how many of the most frequent changes to return for a column.
    """
    places = [i for i, count in enumerate(found.differing) if count]
    if not places:
        return {}
    totals = {row["column"]: row for row in _totals(differing, places).collect()}
    pairs: dict[int, list[Pair]] = {i: [] for i in totals}
    for row in _top_pairs(differing, places, schemas, top).collect():
        pairs[row["column"]].append(_pair(row, schemas))
    return {
        differing.values[i].name: ColumnFound(
            _split(row["count"], row["expected"]),
            row["to_null"],
            row["from_null"],
            _numbers(row) if differing.values[i].numeric else None,
            tuple(sorted(pairs[i], key=lambda pair: -pair.count)),
        )
        for i, row in totals.items()
    }


def _cells(differing: Differing, fields: Mapping[int, Sequence[Column]], *keep: Column) -> DataFrame:
    """Return one row for each cell that differs: `column`, `expected` and the fields of its column."""
    cells = [
        F.struct(
            F.lit(i).alias("column"),
            F.col(f"differs{i}").alias("differs"),
            F.col(f"expected{i}").alias("expected"),
            *columns,
        )
        for i, columns in fields.items()
    ]
    exploded = differing.frame.where(F.col("kind") == "changed").select(
        F.explode(F.array(*cells)).alias("cell"), *keep
    )
    return exploded.where("cell.differs").select("cell.*", *(F.col(f"k{n}") for n in range(len(keep))))


def _totals(differing: Differing, places: Sequence[int]) -> DataFrame:
    cells = _cells(differing, {i: _measures(differing.values[i]) for i in places})
    return cells.groupBy("column").agg(
        F.count(F.lit(1)).alias("count"),
        F.sum(F.col("expected").cast("int")).alias("expected"),
        F.sum(F.col("to_null").cast("int")).alias("to_null"),
        F.sum(F.col("from_null").cast("int")).alias("from_null"),
        F.count("apart").alias("compared"),
        F.max("apart").alias("max_absolute"),
        F.avg("apart").alias("mean_absolute"),
        F.max("relative").alias("max_relative"),
        F.avg("relative").alias("mean_relative"),
    )


def _measures(pair: Paired) -> list[Column]:
    old, new = F.col(pair.left), F.col(pair.right)
    apart = relative = F.lit(None).cast("double")
    if pair.numeric:
        distances = distance(pair)
        finite = distances[0] < F.lit(math.inf)  # false for NaN as well, which Spark takes for the largest
        apart = F.when(finite, distances[0])
        relative = F.when(finite & (distances[1] > 0), distances[0] / distances[1]).when(finite, F.lit(0.0))
    return [
        (old.isNotNull() & new.isNull()).alias("to_null"),
        (old.isNull() & new.isNotNull()).alias("from_null"),
        apart.alias("apart"),
        relative.alias("relative"),
    ]


def _numbers(row: Any) -> Numbers:
    names = ("max_absolute", "mean_absolute", "max_relative", "mean_relative")
    values = [row[name] if row[name] is not None and math.isfinite(row[name]) else None for name in names]
    return Numbers(row["compared"], *values)


def _top_pairs(differing: Differing, places: Sequence[int], schemas: Schemas, top: int) -> DataFrame:
    keys = [text.alias(f"k{n}") for n, text in enumerate(_key_texts(schemas))]
    cells = _cells(differing, {i: _texts(differing.values[i]) for i in places}, *keys)
    # Texts are cut, so the hashes of the whole values keep long ones apart.
    by = ["column", "old", "new", "old_hash", "new_hash"]
    examples = [F.min(F.struct(*(F.col(f"k{n}") for n in range(len(keys))))).alias("example")]
    counted = cells.groupBy(*by).agg(
        F.count(F.lit(1)).alias("count"), F.sum(F.col("expected").cast("int")).alias("expected"), *examples
    )
    rank = F.row_number().over(Window.partitionBy("column").orderBy(F.desc("count"), *by[1:]))
    return counted.withColumn("rank", rank).where(F.col("rank") <= top)


def _texts(pair: Paired) -> list[Column]:
    old, new = F.col(pair.left), F.col(pair.right)
    return [
        text_of(old, pair.left_type).alias("old"),
        text_of(new, pair.right_type).alias("new"),
        hash_of(pair.how.hashable(old)).alias("old_hash"),
        hash_of(pair.how.hashable(new)).alias("new_hash"),
    ]


def _key_texts(schemas: Schemas) -> list[Column]:
    return [
        F.coalesce(text_of(F.col(pair.left), pair.left_type), text_of(F.col(pair.right), pair.right_type))
        for pair in schemas.key
    ]


def _pair(row: Any, schemas: Schemas) -> Pair:
    example = {pair.name: cell(text) for pair, text in zip(schemas.key, row["example"], strict=True)}
    count, expected = row["count"], row["expected"]
    return Pair(cell(row["old"]), cell(row["new"]), count, expected, count - expected, example)


def read_samples(
    differing: Differing, found: RowsFound, schemas: Schemas, samples: int
) -> tuple[SampleRow, ...]:
    """Return at most `samples` rows of each kind, the unexpected ones first, then by key.

    Parameters:
        found: what `read_rows` returned, so that kinds which do not occur cost nothing.
    """
    counts = zip(_KINDS, (found.changed, found.left_only, found.right_only), strict=True)
    kinds = [kind for kind, split in counts if split.count]
    if not kinds:
        return ()
    expected = _row_expected(differing)
    texts = [
        text_of(F.col(name), data_type).alias(f"{side}{i}")
        for i, pair in enumerate(differing.values)
        for side, name, data_type in (
            ("old", pair.left, pair.left_type),
            ("new", pair.right, pair.right_type),
        )
    ]
    marks = [F.col(f"{mark}{i}") for i in range(len(differing.values)) for mark in ("differs", "expected")]
    keys = [text.alias(f"k{n}") for n, text in enumerate(_key_texts(schemas))]
    # By name: Sail mistakes a condition in the order for a column.
    order = [key.alias(f"by{n}") for n, key in enumerate(_comparable_key(schemas))]
    rows = [
        differing.frame.where(F.col("kind") == kind)
        .select("*", expected.alias("expected"), *order)
        .orderBy("expected", *(f"by{n}" for n in range(len(order))))
        .limit(samples)
        .select("kind", "expected", *keys, *marks, *texts)
        for kind in kinds
    ]
    read = [_sample(row, differing, schemas) for row in reduce(DataFrame.unionAll, rows).collect()]
    return tuple(sorted(read, key=lambda sample: sample.expected))


def _comparable_key(schemas: Schemas) -> list[Column]:
    return [
        F.coalesce(pair.how.comparable(F.col(pair.left)), pair.how.comparable(F.col(pair.right)))
        for pair in schemas.key
    ]


def _sample(row: Any, differing: Differing, schemas: Schemas) -> SampleRow:
    kind: RowKind = row["kind"]
    key = {pair.name: cell(row[f"k{n}"]) for n, pair in enumerate(schemas.key)}
    cells = [
        _cell(row, i, pair.name, kind)
        for i, pair in enumerate(differing.values)
        if kind != "changed" or row[f"differs{i}"]
    ]
    return SampleRow(kind, key, tuple(cells), row["expected"])


def _cell(row: Any, i: int, name: str, kind: RowKind) -> CellChange:
    old: Cell | None = None if kind == "right_only" else cell(row[f"old{i}"])
    new: Cell | None = None if kind == "left_only" else cell(row[f"new{i}"])
    return CellChange(name, old, new, row[f"differs{i}"], row[f"expected{i}"])
