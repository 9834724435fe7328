"""Counts, change pairs and samples, read from the rows that differ.

Everything is aggregated, ranked and cut to length in Spark; the driver receives a bounded number of
bounded rows whatever differs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from dwh.compare.distance import distance_of
from dwh.compare.evidence import ColumnFound
from dwh.compare.forms import SIDES, SideName, hash_of
from dwh.compare.join import Differing
from dwh.compare.model import Cell, CellChange, Numbers, Pair, RowKind, SampleRow, Split
from dwh.compare.schema import Paired
from dwh.compare.text import cell, text_of
from dwh.compare.tolerance import distance, fifteen_digits

__all__ = [
    "KINDS",
    "Counted",
    "Details",
    "RowsFound",
    "in_order",
    "read_counts",
    "read_details",
]

KINDS: tuple[RowKind, ...] = ("changed", "left_only", "right_only")
"""In the order of sample rows."""

_AS_FAR = 1 - 1e-15
"""Distances are the same, as doubles go, from this share of one on."""

_FURTHEST_EXACT = 1e39
"""Only floating numbers are further apart: exact ones end at 10^38."""


@dataclass(frozen=True)
class RowsFound:
    """How many rows differ, in which way.

    Attributes:
        duplicate_keys_left, duplicate_keys_right: keys that more than one row of the side has.
        duplicates: keys that more than one row of some side has.
        seen: what each expectation covers, by its place in the list.
    """

    changed: Split
    left_only: Split
    right_only: Split
    duplicate_keys_left: int
    duplicate_keys_right: int
    duplicates: int
    seen: tuple[int, ...]


@dataclass(frozen=True)
class Counted:
    """What one pass over the rows that differ counts.

    Attributes:
        columns: what is found in each of `Differing.values` in which something differs, by its place in
            the list; without the most frequent changes.
    """

    rows: RowsFound
    columns: Mapping[int, ColumnFound]


@dataclass(frozen=True)
class Details:
    """What is shown of the rows that differ.

    Attributes:
        top: the most frequent changes of each column, by its place in `Differing.values`.
        samples: at most so many rows of each kind, the unexpected ones first, then by key.
    """

    top: Mapping[int, tuple[Pair, ...]] = field(default_factory=dict)
    samples: tuple[SampleRow, ...] = ()


def read_counts(differing: Differing) -> Counted:
    """Return the counts of rows and of values, by one Spark job."""
    cells = [
        f"{text} AS {name}"
        for i in range(len(differing.values))
        for name, text in _cells(differing, i).items()
    ]
    row_expected = f"{differing.row_expected()} AS expected"
    seen = [f"covered{j}" for j in range(len(differing.expectations))]
    marked = differing.marked().selectExpr("kind", "l_more", "r_more", row_expected, *seen, *cells)
    marks = {kind: f"kind = '{kind}'" for kind in (*KINDS, "duplicate")}
    marks |= {f"{kind}_expected": f"{marks[kind]} AND expected" for kind in KINDS}
    marks |= {name: name for name in ("l_more", "r_more", *seen)}
    counts = [f"count_if({mark}) AS {name}" for name, mark in marks.items()]
    measures = [text for i, pair in enumerate(differing.values) for text in _measures(i, pair)]
    row = marked.agg(*(F.expr(text) for text in (*counts, *measures))).collect()[0].asDict()
    for i, pair in enumerate(differing.values):
        if pair.numeric and row[f"max_far{i}"] is not None:
            exactly = row[f"max_apart{i}"]
            furthest = _furthest(differing, i, row[f"max_far{i}"])
            row[f"max_apart{i}"] = furthest if exactly is None else max(exactly, furthest)
    changed, left_only, right_only = (_split(row[kind], row[f"{kind}_expected"]) for kind in KINDS)
    rows = RowsFound(
        changed,
        left_only,
        right_only,
        row["l_more"],
        row["r_more"],
        row["duplicate"],
        tuple(row[name] for name in seen),
    )
    columns = {i: _column(row, i, pair) for i, pair in enumerate(differing.values) if row[f"differing{i}"]}
    return Counted(rows, columns)


def _split(count: int, expected: int) -> Split:
    return Split(count, expected, count - expected)


def _furthest(differing: Differing, i: int, far: float) -> Decimal | float:
    """Return the largest distance in the i-th column where no type of the engine holds it exactly.

    Parameters:
        far: it as a double. The pairs that are as far apart, as doubles go, are brought here, one by one.
    """
    if far > _FURTHEST_EXACT:
        return far
    pair = differing.values[i]
    limits = f"double('{far * _AS_FAR!r}') AND double('{far!r}')"
    as_far = f"differs{i} AND {distance_of(pair.numbers).rough} BETWEEN {limits}"
    pairs = (
        differing.marked().where(as_far).selectExpr(f"{pair.left} AS old", f"{pair.right} AS new").distinct()
    )
    return max(distance(row["old"], row["new"]) for row in pairs.toLocalIterator())


def _cells(differing: Differing, i: int) -> dict[str, str]:
    """Return what is asked of each cell of the i-th column, in rows in which it differs, as SQL."""
    pair, differs = differing.values[i], f"differs{i}"
    cells = {
        f"differing{i}": differs,
        f"expected{i}": differing.expected(i),
        f"to_null{i}": f"{differs} AND isnull({pair.right})",
        f"from_null{i}": f"{differs} AND isnull({pair.left})",
    }
    if not pair.numeric:
        return cells
    found = distance_of(pair.numbers)
    # False for NaN as well, which Spark takes for the largest number.
    finite = f"{differs} AND {found.rough} < double('Infinity')"
    relative = f"IF({found.largest} > 0, {found.rough} / {found.largest}, 0)"
    return cells | {
        f"apart{i}": f"CASE WHEN {finite} THEN {found.apart} END",
        f"far{i}": f"CASE WHEN {finite} AND isnull({found.apart}) THEN {found.rough} END",
        f"absolute{i}": f"CASE WHEN {finite} THEN {found.rough} END",
        f"relative{i}": f"CASE WHEN {finite} THEN {relative} END",
    }


def _measures(i: int, pair: Paired) -> list[str]:
    """Return the aggregates of one column's cells."""
    kinds = ("differing", "expected", "to_null", "from_null")
    counts = [f"count_if({kind}{i}) AS {kind}{i}" for kind in kinds]
    if not pair.numeric:
        return counts
    largest = [f"max({kind}{i}) AS max_{kind}{i}" for kind in ("apart", "far", "relative")]
    numbers = [*largest, *(f"avg({kind}{i}) AS avg_{kind}{i}" for kind in ("absolute", "relative"))]
    return [*counts, f"count(absolute{i}) AS compared{i}", *numbers]


def _column(row: Any, i: int, pair: Paired) -> ColumnFound:
    split = _split(row[f"differing{i}"], row[f"expected{i}"])
    numbers = _numbers(row, i) if pair.numeric else None
    return ColumnFound(split, row[f"to_null{i}"], row[f"from_null{i}"], numbers)


def _numbers(row: Any, i: int) -> Numbers:
    names = ("avg_absolute", "max_relative", "avg_relative")
    values = [row[f"{name}{i}"] for name in names]
    finite = [value if value is not None and math.isfinite(value) else None for value in values]
    largest = row[f"max_apart{i}"]
    exact = fifteen_digits(largest) if isinstance(largest, float) else largest
    return Numbers(row[f"compared{i}"], exact, *finite)


def read_details(differing: Differing, counted: Counted, top: int, samples: int) -> Details:
    """Return the most frequent changes, and sample rows, by two Spark jobs.

    Parameters:
        counted: what `read_counts` returned, so that what does not occur costs nothing.
        top: how many changes to return for a column.
        samples: how many rows of each kind.
    """
    found = counted.rows
    splits = zip(KINDS, (found.changed, found.left_only, found.right_only), strict=True)
    kinds = [kind for kind, split in splits if split.count]
    if not kinds:
        return Details()
    frequent = _frequent(differing, list(counted.columns), top)
    read = _rows_to_show(differing, kinds, samples, {row["example"] for row in frequent})
    shown = [_sample(row, differing) for row in read if not row["is_example"]]
    examples = {row["hashed_key"]: row for row in read if row["is_example"]}
    pairs: dict[int, list[Pair]] = {}
    for row in frequent:
        if example := examples.get(row["example"]):  # missing when the data changed meanwhile
            pairs.setdefault(row["column"], []).append(_pair(row, example, differing))
    return Details(
        {i: in_order(known) for i, known in pairs.items()},
        tuple(sorted(shown, key=lambda sample: sample.expected)),
    )


def _hashed_key(differing: Differing, side: SideName = "left") -> str:
    """Return a hash of the key of a row that the side has."""
    return hash_of(pair.hashable(side) for pair in differing.key)


def _key_texts(differing: Differing) -> list[str]:
    """Return the columns of a row's key as text, whichever side has it."""
    return [
        f"coalesce({text_of(pair.left, pair.left_type)}, {text_of(pair.right, pair.right_type)})"
        for pair in differing.key
    ]


def _frequent(differing: Differing, places: Sequence[int], top: int) -> list[Any]:
    """Return the most frequent changes of each column, as hashes, with the key's hash of an example.

    Hashes can be counted much faster than texts, and long texts that begin alike stay apart.
    """
    if not places:
        return []
    cells = [
        f"struct({i} AS column, differs{i} AS differs, CAST({differing.expected(i)} AS int) AS expected, "
        f"{hash_of(pair.hashable(side) for side in SIDES)} AS pair)"
        for i, pair in ((i, differing.values[i]) for i in places)
    ]
    exploded = (
        differing.marked()
        .where("kind = 'changed'")
        .selectExpr(f"explode(array({', '.join(cells)})) AS cell", f"{_hashed_key(differing)} AS hashed_key")
    )
    aggregates = ("count(1) AS count", "sum(cell.expected) AS expected", "min(hashed_key) AS example")
    counted = (
        exploded.where("cell.differs")
        .selectExpr("cell.column AS column", "cell.pair AS pair", "cell", "hashed_key")
        .groupBy("column", "pair")
        .agg(*(F.expr(text) for text in aggregates))
    )
    rank = "row_number() OVER (PARTITION BY column ORDER BY count DESC, example) AS place"
    return counted.selectExpr("*", rank).where(f"place <= {int(top)}").collect()


def _rows_to_show(
    differing: Differing, kinds: Sequence[RowKind], samples: int, examples: Iterable[int]
) -> list[Any]:
    """Return sample rows of each kind, and the rows whose keys are the examples, all as text."""
    texts = [
        f"{text_of(name, data_type, beside)} AS {side}{i}"
        for i, pair in enumerate(differing.values)
        for side, name, data_type, beside in (
            ("old", pair.left, pair.left_type, pair.right_type),
            ("new", pair.right, pair.right_type, pair.left_type),
        )
    ]
    marks = [f"differs{i}" for i in range(len(differing.values))]
    marks += [f"{differing.expected(i)} AS expected{i}" for i in range(len(differing.values))]
    keys = [f"{text} AS k{n}" for n, text in enumerate(_key_texts(differing))]
    by_key = {f"by{n}": text for n, text in enumerate(_order(differing))}
    # By name: Sail mistakes a condition in the order for a column.
    order = (f"{text} AS {name}" for name, text in by_key.items())
    rows = differing.marked().selectExpr("*", f"{differing.row_expected()} AS expected", *order)
    frames = [rows.where(f"kind = '{kind}'").orderBy("expected", *by_key).limit(samples) for kind in kinds]
    frames = [frame.withColumn("is_example", F.lit(False)) for frame in frames]
    if hashes := ", ".join(f"{example}L" for example in examples):
        is_wanted = f"kind = 'changed' AND {_hashed_key(differing)} IN ({hashes})"
        frames.append(rows.where(is_wanted).withColumn("is_example", F.lit(True)))
    shown = reduce(DataFrame.unionAll, frames)
    return shown.selectExpr(
        "is_example", f"{_hashed_key(differing)} AS hashed_key", "kind", "expected", *keys, *marks, *texts
    ).collect()


def _order(differing: Differing) -> list[str]:
    """Return, as SQL, what sample rows are sorted by: numbers, then texts, as the report shows them.

    The hash of the key comes last, so that there is one order whichever way rows are compared.
    """
    numbers = [
        f"coalesce(CAST({pair.left} AS double), CAST({pair.right} AS double))" if pair.numeric else ""
        for pair in differing.key
    ]
    parts = [part for both in zip(numbers, _key_texts(differing), strict=True) for part in both if part]
    return [*parts, f"IF(kind = 'right_only', {_hashed_key(differing, 'right')}, {_hashed_key(differing)})"]


def _pair(row: Any, example: Any, differing: Differing) -> Pair:
    i, count, expected = row["column"], row["count"], row["expected"]
    return Pair(
        cell(example[f"old{i}"]),
        cell(example[f"new{i}"]),
        count,
        expected,
        count - expected,
        _key(example, differing),
    )


def in_order(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """Return changes of one column as the report shows them, the most frequent first."""
    return tuple(sorted(pairs, key=_rank))


def _rank(pair: Pair) -> tuple[int, str, str]:
    return -pair.count, pair.old.text or "", pair.new.text or ""


def _key(row: Any, differing: Differing) -> dict[str, Cell]:
    return {pair.name: cell(row[f"k{n}"]) for n, pair in enumerate(differing.key)}


def _sample(row: Any, differing: Differing) -> SampleRow:
    kind: RowKind = row["kind"]
    cells = [
        _cell(row, i, pair.name, kind)
        for i, pair in enumerate(differing.values)
        if kind != "changed" or row[f"differs{i}"]
    ]
    return SampleRow(kind, _key(row, differing), tuple(cells), row["expected"])


def _cell(row: Any, i: int, name: str, kind: RowKind) -> CellChange:
    old: Cell | None = None if kind == "right_only" else cell(row[f"old{i}"])
    new: Cell | None = None if kind == "left_only" else cell(row[f"new{i}"])
    return CellChange(name, old, new, row[f"differs{i}"], row[f"expected{i}"])
