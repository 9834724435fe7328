"""The exact step for rows with a key: one join, of which only the rows that differ are kept.

A key that is not unique must not pair rows by chance, nor multiply them. Each side is first reduced
to one row a key, with a mark if there were more; marked keys leave the join and are compared as
multisets (see `multiset`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from dwh.migrate.compare.expectations import Usable, any_of, both_rows
from dwh.migrate.compare.fingerprint import SideName, on
from dwh.migrate.compare.schema import Paired, Tables

__all__ = ["Differing", "differing_rows", "rows_of_duplicate_keys"]

_EXACT_DIGITS = 37  # the difference of two decimals needs one digit more, and 38 is Spark's limit


@dataclass(frozen=True)
class Differing:
    """The rows that differ, as a DataFrame, and what its columns mean.

    Columns: `kind` (`changed`, `left_only`, `right_only`, or `duplicate` for a key that is not unique
    on some side), `l_more` and `r_more` (the side has the key more than once), `covered<j>` (the j-th
    expectation covers the row, or its cell), and for the i-th pair of `values`: `differs<i>`,
    `expected<i>`; and the columns of both sides.
    """

    frame: DataFrame
    values: tuple[Paired, ...]
    expectations: tuple[Usable, ...]


def differing_rows(
    left: DataFrame,
    right: DataFrame,
    schemas: Tables,
    values: Sequence[Paired],
    expectations: Sequence[Usable],
    *,
    null_keys: bool = True,
) -> Differing:
    """Return the rows that differ in some of `values` or are on one side alone.

    Parameters:
        left, right: the rows of `schemas.left` and `schemas.right` to look at: all, or some buckets.
        null_keys: whether some key may hold a null; without them the join is cheaper.
    """
    joined = _joined(
        _one_a_key("left", left, schemas), _one_a_key("right", right, schemas), schemas, null_keys
    )
    differs = [(F.col("both") & ~_equal(pair)).alias(f"differs{i}") for i, pair in enumerate(values)]
    marked = joined.select("*", _kind(), *differs)
    found = (F.col("kind") != "matched") | any_of([F.col(f"differs{i}") for i in range(len(values))])
    rows = marked.where(found).withColumn(
        "kind", F.when(F.col("kind") == "matched", "changed").otherwise(F.col("kind"))
    )
    covered = rows.select("*", *both_rows(schemas)).select(
        "*", *(_covered(item, values).alias(f"covered{j}") for j, item in enumerate(expectations))
    )
    expected = [
        (F.col(f"differs{i}") & any_of(_covering(pair, expectations))).alias(f"expected{i}")
        for i, pair in enumerate(values)
    ]
    shown = [column for pair in (*schemas.key, *values) for column in (pair.left, pair.right)]
    marks = [f"differs{i}" for i in range(len(values))] + [f"covered{j}" for j in range(len(expectations))]
    kept = covered.select("kind", "l_more", "r_more", *marks, *expected, *dict.fromkeys(shown))
    return Differing(kept, tuple(values), tuple(expectations))


def _key_columns(side: SideName, schemas: Tables) -> list[Column]:
    return [pair.how.comparable(on(side, pair)) for pair in schemas.key]


def _one_a_key(side: SideName, frame: DataFrame, schemas: Tables) -> DataFrame:
    """Return the first row of each key, `<side>k<n>` for its comparable key and `<side>_more`."""
    mark = side[0]
    names = [f"{mark}k{n}" for n in range(len(schemas.key))]
    keyed = frame.select(
        "*", *(c.alias(name) for name, c in zip(names, _key_columns(side, schemas), strict=True))
    )
    window = Window.partitionBy(*names).orderBy(*names)
    return (
        keyed.select(
            "*",
            F.lag(F.lit(True)).over(window).alias("before"),
            F.coalesce(F.lead(F.lit(True)).over(window), F.lit(False)).alias(f"{mark}_more"),
            F.lit(True).alias(f"{mark}_here"),
        )
        .where(F.col("before").isNull())
        .drop("before")
    )


def _joined(left: DataFrame, right: DataFrame, schemas: Tables, null_keys: bool) -> DataFrame:
    names = [(F.col(f"lk{n}"), F.col(f"rk{n}")) for n in range(len(schemas.key))]
    same = [a.eqNullSafe(b) if null_keys else a == b for a, b in names]
    joined = left.join(right, reduce(and_, same), "full_outer")
    marks = [F.coalesce(F.col(name), F.lit(False)) for name in ("l_here", "r_here", "l_more", "r_more")]
    l_here, r_here, l_more, r_more = marks
    return joined.withColumns(
        {
            "l_here": l_here,
            "r_here": r_here,
            "l_more": l_more,
            "r_more": r_more,
            "both": l_here & r_here & ~(l_more | r_more),
        }
    )


def _kind() -> Column:
    return (
        F.when(F.col("l_more") | F.col("r_more"), "duplicate")
        .when(F.col("both"), "matched")
        .when(F.col("l_here"), "left_only")
        .otherwise("right_only")
        .alias("kind")
    )


def _equal(pair: Paired) -> Column:
    """Return whether both values of a pair are the same, or within its tolerance; never null."""
    left, right = F.col(pair.left), F.col(pair.right)
    same = pair.how.comparable(left).eqNullSafe(pair.how.comparable(right))
    if not pair.tolerance:
        return same
    apart, largest = distance(pair)
    limit = F.greatest(F.lit(float(pair.tolerance.absolute)), F.lit(float(pair.tolerance.relative)) * largest)
    # Infinity is within any relative tolerance of everything, so only finite numbers may be near.
    return same | F.coalesce((apart <= limit) & (largest < F.lit(float("inf"))), F.lit(False))


def distance(pair: Paired) -> tuple[Column, Column]:
    """Return |new - old| and max(|old|, |new|) of a numeric pair as doubles.

    Whole and decimal numbers are subtracted exactly; a double cannot tell 2^60 from 2^60 + 1.
    """
    left, right = F.col(pair.left), F.col(pair.right)
    largest = F.greatest(F.abs(left.cast("double")), F.abs(right.cast("double")))
    exact = _exact_type(pair)
    if exact:
        return F.abs(right.cast(exact) - left.cast(exact)).cast("double"), largest
    return F.abs(right.cast("double") - left.cast("double")), largest


def _exact_type(pair: Paired) -> str:
    tag = pair.how.tag
    if tag == "bigint":
        return "decimal(20,0)"
    if tag.startswith("decimal(") and "+" not in tag and int(tag[8:].split(",")[0]) <= _EXACT_DIGITS:
        return tag
    return ""


def _covered(item: Usable, values: Sequence[Paired]) -> Column:
    """Return whether an expectation covers this row, or this row's cell in its column."""
    if item.problem:
        return F.lit(False)
    if item.change.kind == "row_removed":
        return (F.col("kind") == "left_only") & item.covers()
    if item.change.kind == "row_added":
        return (F.col("kind") == "right_only") & item.covers()
    if item.pair is None or item.pair not in values:
        return F.lit(False)  # the fingerprint has proven this column equal
    old, new = F.col(item.pair.left), F.col(item.pair.right)
    kinds = {
        "value": old.isNotNull() & new.isNotNull(),
        "to_null": old.isNotNull() & new.isNull(),
        "from_null": old.isNull() & new.isNotNull(),
    }
    return F.col(f"differs{values.index(item.pair)}") & kinds[item.change.kind] & item.covers()


def _covering(pair: Paired, expectations: Sequence[Usable]) -> list[Column]:
    return [F.col(f"covered{j}") for j, item in enumerate(expectations) if item.pair == pair]


def rows_of_duplicate_keys(
    side: SideName, frame: DataFrame, schemas: Tables, differing: Differing
) -> DataFrame:
    """Return the rows of one side whose key more than one row has, on either side."""
    duplicates = differing.frame.where(F.col("kind") == "duplicate")
    keys = [  # a key that is on one side only is null on the other
        F.coalesce(left, right).alias(f"d{n}")
        for n, (left, right) in enumerate(
            zip(_key_columns("left", schemas), _key_columns("right", schemas), strict=True)
        )
    ]
    own = _key_columns(side, schemas)
    same = [column.eqNullSafe(F.col(f"d{n}")) for n, column in enumerate(own)]
    return frame.join(duplicates.select(*keys), reduce(and_, same), "left_semi")
