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

from dwh.compare.declared import Usable
from dwh.compare.expectations import any_of
from dwh.compare.fingerprints import compared, on
from dwh.compare.forms import SIDES, SideName, ddl, hash_of
from dwh.compare.model import Cell, CellChange, RowKind, SampleRow, Split
from dwh.compare.nearby import (
    MOST_PAIRS,
    Leftover,
    leftovers,
    looks_at_pairs,
    mark_open,
    pairs_to_try,
)
from dwh.compare.schema import Paired, Schemas, Tables
from dwh.compare.text import cell, text_of
from dwh.compare.types import schema_of_frame

__all__ = ["Surplus", "grouping", "groups_of", "one_row", "one_sided", "surplus_rows"]


@dataclass(frozen=True)
class Surplus:
    """What one side has more of than the other.

    Attributes:
        seen: how many rows each expectation covers, by its place in the list.
        near_paired: whether what looks at two values was applied, or there is no such thing.
    """

    left_only: Split
    right_only: Split
    seen: tuple[int, ...]
    samples: tuple[SampleRow, ...]
    near_paired: bool = True


def surplus_rows(
    left: DataFrame, right: DataFrame, schemas: Tables, expectations: Sequence[Usable], samples: int
) -> Surplus:
    """Return how the multisets of rows differ. See `pairing` for the rules.

    When equal rows differ in columns that are not compared, a condition may cover some of them only.
    The rows that it does not cover are then taken to be the surplus: an expectation never covers more
    than it must.
    """
    groups, pairs = groups_of(left, right, schemas, expectations), looks_at_pairs(schemas)
    known = (mark_open(groups, schemas) if pairs else groups.where("`left` <> `right`")).persist()
    try:
        if not pairs:
            return _read(known, (), schemas, len(expectations), samples)
        return _read_paired(known, schemas, len(expectations), samples)
    finally:
        known.unpersist()


def _read_paired(marked: DataFrame, schemas: Tables, expectations: int, samples: int) -> Surplus:
    """Return the surplus without what is the same though not equal, unless that takes too long to find."""
    unequal = marked.where("`left` <> `right`")
    if pairs_to_try(marked) > MOST_PAIRS:
        return replace(_read(unequal, (), schemas, expectations, samples), near_paired=False)
    texts = (
        f"{text} AS {side}_t{i}" for side in SIDES for i, text in enumerate(_texts(marked, schemas, side))
    )
    rows = marked.where("is_open").selectExpr("*", *texts).collect()
    left_over = leftovers(rows, marked, schemas)
    return _read(unequal.where("NOT is_open"), left_over, schemas, expectations, samples)


def groups_of(
    left: DataFrame, right: DataFrame, schemas: Tables, expectations: Sequence[Usable]
) -> DataFrame:
    """Return the groups of equal rows, with how many there are on either side.

    Columns: `c<i>`, the i-th compared column; `left`, `right`, `left_covered`, `right_covered` and
    `covered<j>`, numbers of rows, on either side and covered by expectations; `left_v<i>` and `right_v<i>`,
    a value of either side, where something looks at two of them, with `id1` and `id2`, which tell groups
    apart; `left_text<i>` and `right_text<i>` where nobody can read the comparable form.
    """
    sides = [_marked("left", left, schemas, expectations), _marked("right", right, schemas, expectations)]
    columns = sides[0].columns
    grouped = [name for name in columns if name.startswith("c") and name[1:].isdigit()]
    numbers = ["left", "right", "left_covered", "right_covered"]
    numbers += [f"covered{j}" for j in range(len(expectations))]
    first = [name for name in columns if "_v" in name or name.startswith("id")]
    counts = [F.sum(name).alias(name) for name in numbers]
    counts += [F.first(name, ignorenulls=True).alias(name) for name in first]
    counts += [F.min(name).alias(name) for name in columns if "_text" in name]
    return sides[0].unionAll(sides[1]).groupBy(*grouped).agg(*counts)


def _marked(side: SideName, frame: DataFrame, schemas: Tables, expectations: Sequence[Usable]) -> DataFrame:
    kind = "row_removed" if side == "left" else "row_added"
    rows = frame.select("*", *one_row(side, schemas)) if expectations else frame
    covers = [
        item.covers() if item.change.kind == kind and not item.problem else F.lit(False)
        for item in expectations
    ]
    here, there = (F.lit(1), F.lit(0)) if side == "left" else (F.lit(0), F.lit(1))
    covered = _as_number(any_of(covers))
    return rows.select(
        *map(F.expr, grouping(side, schemas)),
        here.alias("left"),
        there.alias("right"),
        (here * covered).alias("left_covered"),
        (there * covered).alias("right_covered"),
        *(_as_number(cover).alias(f"covered{j}") for j, cover in enumerate(covers)),
        *(column for i, pair in enumerate(compared(schemas)) for column in _shown(side, i, pair)),
    )


def _as_number(condition: Column) -> Column:
    """Return 1 or 0; of a cast, Sail does not know that it is never null."""
    return F.when(condition, F.lit(1)).otherwise(F.lit(0))


def grouping(side: SideName, schemas: Schemas) -> list[str]:
    """Return what rows are grouped by, and what tells groups apart where two are looked at."""
    pairs = compared(schemas)
    forms = [(pair.grouped.on(side), on(side, pair)) for pair in pairs]
    values = [f"{form.comparable(name)} AS c{i}" for i, (form, name) in enumerate(forms)]
    if not looks_at_pairs(schemas):
        return values
    parts = [form.hashable(name) for form, name in forms]
    return [*values, *(f"{hash_of(parts, str(n))} AS id{n}" for n in (1, 2))]


def _shown(side: SideName, i: int, pair: Paired) -> list[Column]:
    """Return the value, and the text, of a side's column, where they are needed; null for the other side."""
    types = {"left": pair.left_type, "right": pair.right_type}
    beside = types[side], types["right" if side == "left" else "left"]
    found = []
    for each in SIDES:
        if pair.pairwise:
            value = F.col(on(side, pair)) if each == side else F.lit(None).cast(ddl(types[each]))
            found.append(value.alias(f"{each}_v{i}"))
        if not pair.grouped.readable:
            text = text_of(on(side, pair), *beside) if each == side else "CAST(NULL AS string)"
            found.append(F.expr(text).alias(f"{each}_text{i}"))
    return found


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


def _texts(groups: DataFrame, schemas: Schemas, side: SideName) -> list[str]:
    """Return the compared values of a group of equal rows as text, as a side has them."""
    types = {field.name: field.type for field in schema_of_frame(groups).fields}
    return [
        text_of(f"c{i}", types[f"c{i}"]) if pair.grouped.readable else f"{side}_text{i}"
        for i, pair in enumerate(compared(schemas))
    ]


def _samples(
    counted: DataFrame, left_over: Sequence[Leftover], schemas: Tables, samples: int
) -> tuple[SampleRow, ...]:
    expected = F.col("left_expected") + F.col("right_expected") == F.col("left_only") + F.col("right_only")
    both = zip(*(_texts(counted, schemas, side) for side in SIDES), strict=True)
    texts = [left if left == right else f"IF(left_only > 0, {left}, {right})" for left, right in both]
    named = [F.expr(text).alias(f"t{i}") for i, text in enumerate(texts)]
    rows = (
        counted.select(expected.alias("expected"), "left_only", *named)
        .orderBy("expected", *(f"t{i}" for i in range(len(texts))))
        .limit(samples)
    )
    shown = [_sample(row, "t", schemas, bool(row["left_only"]), row["expected"]) for row in rows.collect()]
    shown += [_left_over(item, schemas) for item in left_over[:samples]]
    return tuple(sorted(shown, key=lambda sample: sample.expected)[:samples])


def _left_over(item: Leftover, schemas: Tables) -> SampleRow:
    is_left = bool(item.left_only)
    return _sample(item.row, "left_t" if is_left else "right_t", schemas, is_left, item.is_expected)


def _sample(row: Any, text: str, schemas: Tables, is_left: bool, expected: bool) -> SampleRow:
    kind: RowKind = "left_only" if is_left else "right_only"
    values = [cell(row[f"{text}{i}"]) for i in range(len(compared(schemas)))]
    key = {pair.name: value for pair, value in zip(schemas.key, values, strict=False)}
    cells = [one_sided(pair.name, value, kind) for pair, value in zip(compared(schemas), values, strict=True)]
    return SampleRow(kind, key, tuple(cells[len(key) :]), expected)


def one_sided(name: str, value: Cell, kind: RowKind) -> CellChange:
    """Return a column of a sample row that is on one side only."""
    return CellChange(name, value, None) if kind == "left_only" else CellChange(name, None, value)
