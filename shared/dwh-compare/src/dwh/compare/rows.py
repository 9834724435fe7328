"""All rows that differ, as a DataFrame and as Parquet: what a report shows samples of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.compare.arguments import (
    Tolerances,
    changes_of,
    check_frames,
    column_names,
    contracts_of,
    stored_pair,
    tolerances_of,
)
from dwh.compare.changes import Contract, Declared
from dwh.compare.declared import Usable
from dwh.compare.engine import restricted
from dwh.compare.expectations import any_of, usable
from dwh.compare.fingerprints import compared, on
from dwh.compare.forms import SIDES, SideName, quoted
from dwh.compare.join import Differing, rows_of_duplicate_keys, whole_rows
from dwh.compare.multiset import grouping, groups_of, one_row
from dwh.compare.nearby import MOST_PAIRS, free_rows, looks_at_pairs, mark_open, pairs_to_try
from dwh.compare.options import Key, Options, key_columns, key_names
from dwh.compare.ruling import RuleChoice, chosen_rules, prepare_rules
from dwh.compare.schema import Paired, Tables, pair_columns, with_rows
from dwh.compare.stored import differing_parts
from dwh.compare.types import schema_of_frame

__all__ = ["rows_that_differ"]


def rows_that_differ(
    left: DataFrame,
    right: DataFrame,
    *,
    key: Key | None = (),
    changes: Declared | Iterable[Declared] | None = (),
    tolerances: Tolerances | None = None,
    ignore: str | Iterable[str] | None = (),
    rules: RuleChoice | None = None,
    contracts: tuple[Contract, Contract] | None = None,
    signed_zero: bool = False,
    ignore_case: bool = False,
    fingerprints: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> DataFrame:
    """Return every row that `compare` counts as different, given the same parameters.

    Columns:
        kind: `changed`, `left_only` or `right_only`.
        expected: whether declared changes cover all that differs in the row.
        key: a struct with the key, by its names on the right; not there without a key.
        differing: the columns that differ in a changed row, by their names on the right.
        unexpected: those of them that no declared change covers.
        left, right: structs with the whole row of each side, by its own names; null where it has none.

    Nothing is computed until the rows are used, but with tolerances, or rules that look at two values, which
    rows of a key that repeats are pairs. No order is promised. Without a key, and where a key repeats, rows
    are multisets; which of several equal rows is the surplus one is then arbitrary.

    Raises what `compare` raises. A condition of a declared change that cannot be applied covers nothing.
    """
    check_frames(left, right)
    options = Options(
        key_columns(key),
        changes_of(changes),
        tolerances_of(tolerances),
        column_names("ignore", ignore),
        contracts_of(contracts),
        bool(signed_zero),
        rules=chosen_rules(rules),
        key_names=key_names(key),
        ignore_case=bool(ignore_case),
    )
    known = stored_pair(fingerprints)
    schemas = pair_columns(schema_of_frame(left), schema_of_frame(right), options)
    tables = with_rows(schemas, left, right)
    prepare_rules(options.rules, tables)
    expectations = usable(options.changes, tables)
    parts = differing_parts(*known, schemas, signed_zero=options.signed_zero) if known else None
    if parts:
        tables = restricted(tables, parts)
    found = _by_key(tables, expectations) if tables.key else _surplus(tables, expectations)
    return found if parts is None or parts.differing else found.where(F.lit(False))


def _by_key(tables: Tables, expectations: Sequence[Usable]) -> DataFrame:
    differing = whole_rows(tables.left, tables.right, tables, expectations)
    paired = _paired_rows(tables, differing)
    if tables.unique:
        return paired
    left = rows_of_duplicate_keys("left", tables.left, tables, differing)
    right = rows_of_duplicate_keys("right", tables.right, tables, differing)
    return paired.unionByName(_surplus(replace(tables, left=left, right=right), expectations))


def _paired_rows(tables: Tables, differing: Differing) -> DataFrame:
    names = [F.lit(pair.name) for pair in differing.values]
    differs = [F.expr(f"differs{i}") for i in range(len(names))]
    unexpected = [F.expr(f"differs{i} AND NOT {differing.expected(i)}") for i in range(len(names))]
    return (
        differing.marked()
        .where("kind <> 'duplicate'")
        .select(
            "kind",
            F.expr(differing.row_expected()).alias("expected"),
            *_key(tables, "right", "left"),
            _named(differs, names).alias("differing"),
            _named(unexpected, names).alias("unexpected"),
            F.expr("IF(kind = 'right_only', NULL, old) AS left"),
            F.expr("IF(kind = 'left_only', NULL, new) AS right"),
        )
    )


def _named(marks: Sequence[Column], names: Sequence[Column]) -> Column:
    """Return the names whose mark is true."""
    if not names:
        return F.array().cast("array<string>")
    return F.array_compact(F.array(*(F.when(mark, name) for mark, name in zip(marks, names, strict=True))))


def _key(tables: Tables, *sides: SideName) -> list[Column]:
    """Return the struct `key`, from the first of the sides that has it; nothing without a key."""
    if not tables.key:
        return []
    values = (f"coalesce({', '.join(_shown(side, pair) for side in sides)})" for pair in tables.key)
    fields = (f"{value} AS {quoted(pair.name)}" for value, pair in zip(values, tables.key, strict=True))
    return [F.expr(f"struct({', '.join(fields)}) AS key")]


def _shown(side: SideName, pair: Paired) -> str:
    """Return a column of the key as it is, or in the form that both sides have in common."""
    same_type = pair.left_type == pair.right_type
    return on(side, pair) if same_type else pair.comparable(side)


def _surplus(tables: Tables, expectations: Sequence[Usable]) -> DataFrame:
    """Return the rows that one side has more often than the other, and no other row is the same as."""
    left, right = (_numbered(side, tables, expectations) for side in ("left", "right"))
    kept = _kept(tables, expectations) if looks_at_pairs(tables) else None
    return _only(left, right, kept).unionByName(_only(right, left, kept)).drop("id1", "id2")


def _kept(tables: Tables, expectations: Sequence[Usable]) -> DataFrame | None:
    """Return how many rows of each open group have a partner; None if there are none, or too many pairs."""
    marked = mark_open(groups_of(tables.left, tables.right, tables, expectations), tables).persist()
    try:
        if not 0 < pairs_to_try(marked) <= MOST_PAIRS:
            return None
        rows = marked.where("is_open").collect()
        free = free_rows(rows, marked, tables)
    finally:
        marked.unpersist()
    kept = [
        (*group, side, row[side] - free[group][n])
        for row in rows
        for n, side in enumerate(SIDES)
        for group in [(row["id1"], row["id2"])]
    ]
    names = "open1 bigint, open2 bigint, open_side string, kept bigint"
    return tables.left.sparkSession.createDataFrame(kept, names)


def _only(rows: DataFrame, others: DataFrame, kept: DataFrame | None) -> DataFrame:
    """Return the rows whose like is not among the others, by how many there are of each.

    Parameters:
        kept: of which groups of equal rows, instead, so many have a partner, if any.
    """
    names = [name for name in rows.columns if name.startswith("same")]
    other = others.select(*(F.col(name).alias(f"other_{name}") for name in names))
    alike = F.expr(" AND ".join(f"{name} <=> other_{name}" for name in names))
    if kept is None:
        return rows.join(other, alike, "left_anti").drop(*names)
    is_open = F.expr("id1 = open1 AND id2 = open2 AND open_side = replace(kind, '_only', '')")
    over = rows.join(F.broadcast(kept), is_open).where("same > kept").select(*rows.columns)
    closed = rows.join(F.broadcast(kept), is_open, "left_anti").join(other, alike, "left_anti")
    return over.unionByName(closed).drop(*names)


def _numbered(side: SideName, tables: Tables, expectations: Sequence[Usable]) -> DataFrame:
    """Return one side's rows with their comparable values, and the number of each among its equals.

    A row that a declared change covers comes first, so that the surplus is what none covers.
    """
    kind, row_kind = ("left_only", "row_removed") if side == "left" else ("right_only", "row_added")
    covers = [item.covers() for item in expectations if item.change.kind == row_kind and not item.problem]
    values = [text.replace(" AS c", " AS same") for text in grouping(side, tables)]
    names = [f"same{i}" for i in range(len(compared(tables)))]
    frame = tables.left if side == "left" else tables.right
    rows = frame.select("*", *one_row(side, tables)).select(
        F.lit(kind).alias("kind"), any_of(covers).alias("expected"), *_key(tables, side),
        *(F.array().cast("array<string>").alias(name) for name in ("differing", "unexpected")),
        F.expr(f"{'old' if side == 'left' else 'NULL'} AS left"),
        F.expr(f"{'new' if side == 'right' else 'NULL'} AS right"),
        *map(F.expr, values),
    )  # fmt: skip
    equals = f"PARTITION BY {', '.join(names)} ORDER BY expected DESC"
    return rows.selectExpr("*", f"row_number() OVER ({equals}) AS same")
