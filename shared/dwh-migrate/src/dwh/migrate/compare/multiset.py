"""The exact step for rows without a usable key: how often each row is on either side.

Used for tables without a key, and for the rows of keys that are not unique. Rows are grouped by the
comparable form of every compared column, so equal means equal by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.migrate.compare.expectations import Usable, any_of
from dwh.migrate.compare.fingerprint import SideName, compared, on
from dwh.migrate.compare.model import Cell, CellChange, RowKind, SampleRow, Split
from dwh.migrate.compare.schema import Tables
from dwh.migrate.compare.text import cell, text_of

__all__ = ["Surplus", "one_row", "surplus_rows"]


@dataclass(frozen=True)
class Surplus:
    """What one side has more of than the other.

    Attributes:
        seen: how many rows each expectation covers, by its place in the list.
    """

    left_only: Split
    right_only: Split
    seen: tuple[int, ...]
    samples: tuple[SampleRow, ...]


def surplus_rows(
    left: DataFrame, right: DataFrame, schemas: Tables, expectations: Sequence[Usable], samples: int
) -> Surplus:
    """Return how the multisets of rows differ.

    When equal rows differ in columns that are not compared, a condition may cover some of them only.
    The rows that it does not cover are then taken to be the surplus: an expectation never covers more
    than it must.
    """
    sides = [_marked("left", left, schemas, expectations), _marked("right", right, schemas, expectations)]
    names = [f"c{i}" for i in range(len(compared(schemas)))]
    marks = [
        "left",
        "right",
        "left_covered",
        "right_covered",
        *(f"covered{j}" for j in range(len(expectations))),
    ]
    groups = sides[0].unionAll(sides[1]).groupBy(*names).agg(*(F.sum(mark).alias(mark) for mark in marks))
    unequal = groups.where(F.col("left") != F.col("right")).select("*", *_surplus()).persist()
    try:
        return _read(unequal, schemas, len(expectations), samples)
    finally:
        unequal.unpersist()


def _marked(side: SideName, frame: DataFrame, schemas: Tables, expectations: Sequence[Usable]) -> DataFrame:
    kind = "row_removed" if side == "left" else "row_added"
    rows = frame.select("*", *one_row(side, schemas))
    covers = [
        item.covers() if item.change.kind == kind and not item.problem else F.lit(False)
        for item in expectations
    ]
    values = [F.expr(pair.how.comparable(on(side, pair))) for pair in compared(schemas)]
    here, there = (F.lit(1), F.lit(0)) if side == "left" else (F.lit(0), F.lit(1))
    covered = any_of(covers).cast("int")
    return rows.select(
        *(value.alias(f"c{i}") for i, value in enumerate(values)),
        here.alias("left"),
        there.alias("right"),
        (here * covered).alias("left_covered"),
        (there * covered).alias("right_covered"),
        *(cover.cast("int").alias(f"covered{j}") for j, cover in enumerate(covers)),
    )


def one_row(side: SideName, schemas: Tables) -> list[Column]:
    """Return `old` and `new`, with typed nulls for the side that the row is not on."""
    other = schemas.right if side == "left" else schemas.left
    typed = {field.name: F.lit(None).cast(field.dataType) for field in other.schema.fields}
    old = [typed.get(f"l{i}", F.col(f"l{i}")).alias(name) for i, name in enumerate(schemas.left_names)]
    new = [typed.get(f"r{i}", F.col(f"r{i}")).alias(name) for i, name in enumerate(schemas.right_names)]
    return [F.struct(*old).alias("old"), F.struct(*new).alias("new")]


def _surplus() -> list[Column]:
    more = {"left": F.col("left") - F.col("right"), "right": F.col("right") - F.col("left")}
    columns = []
    for side, surplus in more.items():
        count = F.greatest(surplus, F.lit(0))
        uncovered = F.col(side) - F.col(f"{side}_covered")
        columns += [
            count.alias(f"{side}_only"),
            F.greatest(count - uncovered, F.lit(0)).alias(f"{side}_expected"),
        ]
    return columns


def _read(unequal: DataFrame, schemas: Tables, expectations: int, samples: int) -> Surplus:
    names = ["left_only", "left_expected", "right_only", "right_expected"]
    seen = [f"covered{j}" for j in range(expectations)]
    capped = [F.least(F.col(name), F.col("left_only") + F.col("right_only")).alias(name) for name in seen]
    totals = (
        unequal.select(*names, *capped)
        .agg(*(F.sum(name).alias(name) for name in [*names, *seen]))
        .collect()[0]
    )
    found = {name: totals[name] or 0 for name in [*names, *seen]}
    left, right = (_split(found[f"{side}_only"], found[f"{side}_expected"]) for side in ("left", "right"))
    return Surplus(left, right, tuple(found[name] for name in seen), _samples(unequal, schemas, samples))


def _split(count: int, expected: int) -> Split:
    return Split(count, expected, count - expected)


def _samples(unequal: DataFrame, schemas: Tables, samples: int) -> tuple[SampleRow, ...]:
    pairs = compared(schemas)
    expected = F.col("left_expected") + F.col("right_expected") == F.col("left_only") + F.col("right_only")
    texts = [
        F.expr(text_of(f"c{i}", unequal.schema[f"c{i}"].dataType)).alias(f"t{i}") for i in range(len(pairs))
    ]
    rows = (
        unequal.select(expected.alias("expected"), "left_only", *texts)
        .orderBy("expected", *(f"t{i}" for i in range(len(pairs))))
        .limit(samples)
    )
    return tuple(_sample(row, schemas) for row in rows.collect())


def _sample(row: Any, schemas: Tables) -> SampleRow:
    kind: RowKind = "left_only" if row["left_only"] else "right_only"
    values = [cell(row[f"t{i}"]) for i in range(len(compared(schemas)))]
    key = {pair.name: value for pair, value in zip(schemas.key, values, strict=False)}
    cells = [_cell(pair.name, value, kind) for pair, value in zip(compared(schemas), values, strict=True)]
    return SampleRow(kind, key, tuple(cells[len(key) :]), row["expected"])


def _cell(name: str, value: Cell, kind: RowKind) -> CellChange:
    return CellChange(name, value, None) if kind == "left_only" else CellChange(name, None, value)
