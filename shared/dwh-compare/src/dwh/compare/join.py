"""The exact step for rows with a key: one join, of which only the rows that differ are kept.

A key that is not unique must not pair rows by chance, nor multiply them. Each side is first reduced
to one row a key, with a mark if there were more; marked keys leave the join and are compared as
multisets (see `multiset`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.compare.declared import Usable
from dwh.compare.distance import is_near
from dwh.compare.expectations import both_rows
from dwh.compare.forms import SideName
from dwh.compare.schema import Paired, Tables

__all__ = ["Differing", "differing_rows", "equal", "rows_of_duplicate_keys", "whole_rows"]


@dataclass(frozen=True)
class Differing:
    """The rows that differ, as a DataFrame, and what its columns mean.

    Columns: `kind` (`changed`, `left_only`, `right_only`, or `duplicate` for a key that is not unique
    on some side), `l_more` and `r_more` (the side has the key more than once), `covered<j>` (the j-th
    expectation covers the row, or its cell); and the columns of `key` and `values`. There are as few as
    can be, since these rows are kept while several jobs look at them.

    Attributes:
        key: a column of the key that has one type on both sides is there once, whichever has the row.
    """

    frame: DataFrame
    key: tuple[Paired, ...]
    values: tuple[Paired, ...]
    expectations: tuple[Usable, ...]

    def marked(self) -> DataFrame:
        """Return the rows with `differs<i>`: whether the i-th of `values` differs in a changed row."""
        return self.frame.selectExpr(
            "*", *(_differs(i, pair, "kind = 'changed'") for i, pair in enumerate(self.values))
        )

    def expected(self, i: int) -> str:
        """Return, as SQL, whether some expectation covers a row's difference in the i-th of `values`."""
        return self._covered_by(item.pair == self.values[i] for item in self.expectations)

    def row_expected(self) -> str:
        """Return, as SQL, whether expectations cover all that differs in a row."""
        if not self.expectations:
            return "false"
        cells = [f"(NOT differs{i} OR {self.expected(i)})" for i in range(len(self.values))]
        rows = self._covered_by(item.change.column is None for item in self.expectations)
        return f"IF(kind = 'changed', {' AND '.join(cells) or 'false'}, {rows})"

    def _covered_by(self, chosen: Iterable[bool]) -> str:
        marks = [f"covered{j}" for j, wanted in enumerate(chosen) if wanted]
        return f"({' OR '.join(marks)})" if marks else "false"


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
    rows = _rows_that_differ(left, right, schemas, values, null_keys)
    if expectations:
        covered = (_covered(item, values).alias(f"covered{j}") for j, item in enumerate(expectations))
        rows = rows.select("*", *both_rows(schemas)).select("*", *covered)
    key = tuple(replace(pair, right=pair.left) if _one_type(pair) else pair for pair in schemas.key)
    shown = [column for pair in schemas.key for column in _key_of_either(pair)]
    shown += [column for pair in values for column in (pair.left, pair.right)]
    covers = [f"covered{j}" for j in range(len(expectations))]
    kept = rows.selectExpr(_CHANGED, "l_more", "r_more", *covers, *shown)
    return Differing(kept, key, tuple(values), tuple(expectations))


def whole_rows(
    left: DataFrame, right: DataFrame, schemas: Tables, expectations: Sequence[Usable]
) -> Differing:
    """Return what `differing_rows` does with every column of both sides, and whole rows as `old` and `new`.

    They are to be kept: there may be any number of them, and nothing is read twice.
    """
    values = schemas.values
    rows = _rows_that_differ(left, right, schemas, values, True).select("*", *both_rows(schemas))
    covered = [_covered(item, values).alias(f"covered{j}") for j, item in enumerate(expectations)]
    names = [*schemas.left.columns, *schemas.right.columns, "l_more", "r_more", "old", "new"]
    kept = rows.select("kind", *names, *covered).selectExpr(
        _CHANGED, *names, *(f"covered{j}" for j in range(len(covered)))
    )
    return Differing(kept, schemas.key, values, tuple(expectations))


def _rows_that_differ(
    left: DataFrame, right: DataFrame, schemas: Tables, values: Sequence[Paired], null_keys: bool
) -> DataFrame:
    sides = _one_a_key("left", left, schemas), _one_a_key("right", right, schemas)
    differs = [_differs(i, pair, "both") for i, pair in enumerate(values)]
    found = " OR ".join(["kind <> 'matched'", *(f"differs{i}" for i in range(len(values)))])
    return _joined(*sides, schemas, null_keys).selectExpr("*", _KIND, *differs).where(found)


def _one_type(pair: Paired) -> bool:
    return pair.left_type == pair.right_type


def _key_of_either(pair: Paired) -> list[str]:
    """Return a column of the key from whichever side has the row; as both have it where types differ."""
    return (
        [f"coalesce({pair.left}, {pair.right}) AS {pair.left}"]
        if _one_type(pair)
        else [pair.left, pair.right]
    )


def _differs(i: int, pair: Paired, where: str) -> str:
    return f"{where} AND NOT ({equal(pair)}) AS differs{i}"


_CHANGED = "IF(kind = 'matched', 'changed', kind) AS kind"
_KIND = """CASE WHEN l_more OR r_more THEN 'duplicate' WHEN both THEN 'matched'
                WHEN l_here THEN 'left_only' ELSE 'right_only' END AS kind"""


def _key_columns(side: SideName, key: Sequence[Paired]) -> list[str]:
    return [pair.comparable(side) for pair in key]


def _one_a_key(side: SideName, frame: DataFrame, schemas: Tables) -> DataFrame:
    """Return the first row of each key, `<side>k<n>` for its comparable key and `<side>_more`."""
    mark = side[0]
    names = [f"{mark}k{n}" for n in range(len(schemas.key))]
    keys = [f"{key} AS {name}" for name, key in zip(names, _key_columns(side, schemas.key), strict=True)]
    keyed = frame.selectExpr("*", f"true AS {mark}_here", *keys)
    if schemas.unique:
        return keyed.selectExpr("*", f"false AS {mark}_more")
    # Equal keys may stand in any order, and Sail cannot order by every type.
    window = f"OVER (PARTITION BY {', '.join(names)} ORDER BY CAST(isnull({names[0]}) AS int))"
    return (
        keyed.selectExpr(
            "*",
            f"lag(true) {window} AS before",
            f"coalesce(lead(true) {window}, false) AS {mark}_more",
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


def equal(pair: Paired) -> str:
    """Return, as SQL, whether both values of a pair are the same, or within its tolerance; never null."""
    same = pair.how.same(pair.left, pair.right)
    if not pair.tolerance:
        return same
    return f"{same} OR coalesce({is_near(pair.numbers, pair.tolerance)}, false)"


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


def rows_of_duplicate_keys(
    side: SideName, frame: DataFrame, schemas: Tables, differing: Differing
) -> DataFrame:
    """Return the rows of one side whose key more than one row has, on either side."""
    keys = [  # a key that is on one side only is null on the other
        f"coalesce({left}, {right}) AS d{n}"
        for n, (left, right) in enumerate(
            zip(_key_columns("left", differing.key), _key_columns("right", differing.key), strict=True)
        )
    ]
    duplicates = differing.frame.where("kind = 'duplicate'").selectExpr(*keys)
    same = " AND ".join(f"{own} <=> d{n}" for n, own in enumerate(_key_columns(side, schemas.key)))
    return frame.join(duplicates, F.expr(same), "left_semi")
