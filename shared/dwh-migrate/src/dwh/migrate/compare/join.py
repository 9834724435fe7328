"""The exact step for rows with a key: one join, of which only the rows that differ are kept.

A key that is not unique must not pair rows by chance, nor multiply them. Each side is first reduced
to one row a key, with a mark if there were more; marked keys leave the join and are compared as
multisets (see `multiset`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.migrate.compare.expectations import Usable, both_rows
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
    differs = [f"both AND NOT ({_equal(pair)}) AS differs{i}" for i, pair in enumerate(values)]
    marked = joined.selectExpr("*", _KIND, *differs)
    found = " OR ".join(["kind <> 'matched'", *(f"differs{i}" for i in range(len(values)))])
    changed = "CASE WHEN kind = 'matched' THEN 'changed' ELSE kind END AS kind"
    rows = marked.where(found)
    covered = rows.select("*", *both_rows(schemas)).select(
        "*", *(_covered(item, values).alias(f"covered{j}") for j, item in enumerate(expectations))
    )
    expected = [
        f"differs{i} AND ({_covering(pair, expectations)}) AS expected{i}" for i, pair in enumerate(values)
    ]
    shown = [column for pair in (*schemas.key, *values) for column in (pair.left, pair.right)]
    marks = [f"differs{i}" for i in range(len(values))] + [f"covered{j}" for j in range(len(expectations))]
    kept = covered.selectExpr(changed, "l_more", "r_more", *marks, *expected, *dict.fromkeys(shown))
    return Differing(kept, tuple(values), tuple(expectations))


_KIND = """CASE WHEN l_more OR r_more THEN 'duplicate' WHEN both THEN 'matched'
                WHEN l_here THEN 'left_only' ELSE 'right_only' END AS kind"""


def _key_columns(side: SideName, schemas: Tables) -> list[str]:
    return [pair.how.comparable(on(side, pair)) for pair in schemas.key]


def _one_a_key(side: SideName, frame: DataFrame, schemas: Tables) -> DataFrame:
    """Return the first row of each key, `<side>k<n>` for its comparable key and `<side>_more`."""
    mark = side[0]
    names = [f"{mark}k{n}" for n in range(len(schemas.key))]
    keyed = frame.selectExpr(
        "*", *(f"{key} AS {name}" for name, key in zip(names, _key_columns(side, schemas), strict=True))
    )
    window = f"OVER (PARTITION BY {', '.join(names)} ORDER BY {', '.join(names)})"
    return (
        keyed.selectExpr(
            "*",
            f"lag(true) {window} AS before",
            f"coalesce(lead(true) {window}, false) AS {mark}_more",
            f"true AS {mark}_here",
        )
        .where("isnull(before)")
        .drop("before")
    )


def _joined(left: DataFrame, right: DataFrame, schemas: Tables, null_keys: bool) -> DataFrame:
    equals = "<=>" if null_keys else "="
    same = " AND ".join(f"lk{n} {equals} rk{n}" for n in range(len(schemas.key)))
    joined = left.join(right, F.expr(same), "full_outer")
    names = ("l_here", "r_here", "l_more", "r_more")
    known = joined.withColumns({name: F.expr(f"coalesce({name}, false)") for name in names})
    return known.selectExpr("*", "l_here AND r_here AND NOT (l_more OR r_more) AS both")


def _equal(pair: Paired) -> str:
    """Return whether both values of a pair are the same, or within its tolerance; never null."""
    same = f"{pair.how.comparable(pair.left)} <=> {pair.how.comparable(pair.right)}"
    if not pair.tolerance:
        return same
    apart, largest = distance(pair)
    absolute, relative = (
        f"double('{float(x)!r}')" for x in (pair.tolerance.absolute, pair.tolerance.relative)
    )
    near = f"{apart} <= greatest({absolute}, {relative} * {largest})"
    # Infinity is within any relative tolerance of everything, so only finite numbers may be near.
    return f"{same} OR coalesce({near} AND {largest} < double('Infinity'), false)"


def distance(pair: Paired) -> tuple[str, str]:
    """Return, as SQL, |new - old| and max(|old|, |new|) of a numeric pair as doubles.

    Whole and decimal numbers are subtracted exactly; a double cannot tell 2^60 from 2^60 + 1.
    """
    left, right = pair.left, pair.right
    exact = _exact_type(pair) or "double"
    apart = f"CAST(abs(CAST({right} AS {exact}) - CAST({left} AS {exact})) AS double)"
    return apart, f"greatest(abs(CAST({left} AS double)), abs(CAST({right} AS double)))"


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


def _covering(pair: Paired, expectations: Sequence[Usable]) -> str:
    return " OR ".join(f"covered{j}" for j, item in enumerate(expectations) if item.pair == pair) or "false"


def rows_of_duplicate_keys(
    side: SideName, frame: DataFrame, schemas: Tables, differing: Differing
) -> DataFrame:
    """Return the rows of one side whose key more than one row has, on either side."""
    keys = [  # a key that is on one side only is null on the other
        f"coalesce({left}, {right}) AS d{n}"
        for n, (left, right) in enumerate(
            zip(_key_columns("left", schemas), _key_columns("right", schemas), strict=True)
        )
    ]
    duplicates = differing.frame.where("kind = 'duplicate'").selectExpr(*keys)
    same = " AND ".join(f"{own} <=> d{n}" for n, own in enumerate(_key_columns(side, schemas)))
    return frame.join(duplicates, F.expr(same), "left_semi")
