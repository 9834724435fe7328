"""The exact step for rows without a usable key: how often each row is on either side.

Used for tables without a key, and for the rows of keys that are not unique. Rows are grouped by the
comparable form of every compared column, so equal means equal by value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.migrate.compare.expectations import Usable, any_of
from dwh.migrate.compare.fingerprint import SideName, compared, on
from dwh.migrate.compare.model import Cell, CellChange, RowKind, SampleRow, Split
from dwh.migrate.compare.nearby import MOST_PAIRS, Leftover, leftovers, mark_open, pairs_to_try
from dwh.migrate.compare.schema import Tables
from dwh.migrate.compare.text import cell, text_of

__all__ = ["Surplus", "one_row", "one_sided", "surplus_rows"]


@dataclass(frozen=True)
class Surplus:
    """What one side has more of than the other.

    Attributes:
        seen: how many rows each expectation covers, by its place in the list.
        within_tolerance: whether tolerances were applied, or there are none.
    """

    left_only: Split
    right_only: Split
    seen: tuple[int, ...]
    samples: tuple[SampleRow, ...]
    within_tolerance: bool = True


def surplus_rows(
    left: DataFrame, right: DataFrame, schemas: Tables, expectations: Sequence[Usable], samples: int
) -> Surplus:
    """Return how the multisets of rows differ. See `pairing` for the rules.

    When equal rows differ in columns that are not compared, a condition may cover some of them only.
    The rows that it does not cover are then taken to be the surplus: an expectation never covers more
    than it must.
    """
    sides = [_marked("left", left, schemas, expectations), _marked("right", right, schemas, expectations)]
    names = [f"c{i}" for i in range(len(compared(schemas)))]
    covers = [f"covered{j}" for j in range(len(expectations))]
    marks = ["left", "right", "left_covered", "right_covered", *covers]
    groups = sides[0].unionAll(sides[1]).groupBy(*names).agg(*(F.sum(mark).alias(mark) for mark in marks))
    tolerant = any(pair.tolerance for pair in schemas.values)
    known = (mark_open(groups, schemas) if tolerant else groups.where("`left` <> `right`")).persist()
    try:
        if not tolerant:
            return _read(known, (), schemas, len(covers), samples)
        return _read_tolerant(known, schemas, len(covers), samples)
    finally:
        known.unpersist()


def _read_tolerant(marked: DataFrame, schemas: Tables, expectations: int, samples: int) -> Surplus:
    """Return the surplus, and leave out what a tolerance finds a partner for, unless it takes too long."""
    unequal = marked.where("`left` <> `right`")
    if pairs_to_try(marked) > MOST_PAIRS:
        return replace(_read(unequal, (), schemas, expectations, samples), within_tolerance=False)
    texts = (F.expr(text) for text in _texts(marked, schemas))
    left_over = leftovers(marked.where("is_open").select("*", *texts).collect(), schemas)
    return _read(unequal.where("NOT is_open"), left_over, schemas, expectations, samples)


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


def _read(
    unequal: DataFrame, left_over: Sequence[Leftover], schemas: Tables, expectations: int, samples: int
) -> Surplus:
    """Return the surplus of groups of equal rows, and of rows that were looked at one by one."""
    counted = unequal.select("*", *_surplus())
    names = ["left_only", "left_expected", "right_only", "right_expected"]
    seen = [f"covered{j}" for j in range(expectations)]
    capped = [F.least(F.col(name), F.col("left_only") + F.col("right_only")).alias(name) for name in seen]
    totals = (
        counted.select(*names, *capped)
        .agg(*(F.sum(name).alias(name) for name in [*names, *seen]))
        .collect()[0]
    )
    found = {name: totals[name] or 0 for name in [*names, *seen]}
    for item in left_over:
        found |= {name: found[name] + getattr(item, name) for name in names}
        found |= {name: found[name] + min(item.row[name], item.left_only + item.right_only) for name in seen}
    left, right = (_split(found[f"{side}_only"], found[f"{side}_expected"]) for side in ("left", "right"))
    shown = _samples(counted, left_over, schemas, samples)
    return Surplus(left, right, tuple(found[name] for name in seen), shown)


def _split(count: int, expected: int) -> Split:
    return Split(count, expected, count - expected)


def _texts(groups: DataFrame, schemas: Tables) -> list[str]:
    """Return the compared values of a group of equal rows, as text."""
    places = range(len(compared(schemas)))
    return [f"{text_of(f'c{i}', groups.schema[f'c{i}'].dataType)} AS t{i}" for i in places]


def _samples(
    counted: DataFrame, left_over: Sequence[Leftover], schemas: Tables, samples: int
) -> tuple[SampleRow, ...]:
    expected = F.col("left_expected") + F.col("right_expected") == F.col("left_only") + F.col("right_only")
    texts = [F.expr(text) for text in _texts(counted, schemas)]
    rows = (
        counted.select(expected.alias("expected"), "left_only", *texts)
        .orderBy("expected", *(f"t{i}" for i in range(len(texts))))
        .limit(samples)
    )
    shown = [_sample(row, schemas, bool(row["left_only"]), row["expected"]) for row in rows.collect()]
    shown += [
        _sample(item.row, schemas, bool(item.left_only), item.is_expected) for item in left_over[:samples]
    ]
    return tuple(sorted(shown, key=lambda sample: sample.expected)[:samples])


def _sample(row: Any, schemas: Tables, is_left: bool, expected: bool) -> SampleRow:
    kind: RowKind = "left_only" if is_left else "right_only"
    values = [cell(row[f"t{i}"]) for i in range(len(compared(schemas)))]
    key = {pair.name: value for pair, value in zip(schemas.key, values, strict=False)}
    cells = [one_sided(pair.name, value, kind) for pair, value in zip(compared(schemas), values, strict=True)]
    return SampleRow(kind, key, tuple(cells[len(key) :]), expected)


def one_sided(name: str, value: Cell, kind: RowKind) -> CellChange:
    """Return a column of a sample row that is on one side only."""
    return CellChange(name, value, None) if kind == "left_only" else CellChange(name, None, value)
