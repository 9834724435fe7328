"""Fingerprints that are kept: what they prove without reading a row, and what they must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import (
    ColumnChoiceError,
    ComparisonError,
    KeyChoiceError,
    compare,
    compare_stored,
    fingerprint,
    merge_fingerprints,
)
from dwh.compare.changes import Added, Expected, Renamed

SCHEMA = "day date, id int, v double, tags map<string,int>"


@pytest.fixture
def days(spark: SparkSession) -> DataFrame:
    """Three days of two rows each."""
    rows = [(f"2013-01-0{d}", i, float(d * i), {"a": 1, "b": i}) for d in (1, 2, 3) for i in (1, 2)]
    return frame_of_rows(spark, rows, SCHEMA.replace("date", "string")).withColumn(
        "day", F.col("day").cast("date")
    )


@pytest.fixture
def keep() -> Callable[..., Any]:
    """Make a fingerprint of a table by day with a unique key, as a ledger would keep it."""

    def make(frame: DataFrame, **options: Any) -> Any:
        chosen = {"key": ["day", "id"], "by": "day", "unique": True, **options}
        return json.loads(json.dumps(fingerprint(frame, **chosen)))

    return make


def test_equal_outputs_pass_without_a_scan(days: DataFrame, keep: Callable[..., Any]) -> None:
    """Across integer widths, an added and a renamed column, and another order of columns and rows."""
    wider = days.select(
        (F.col("id").cast("bigint")).alias("id"), "tags", "day", F.col("v").alias("w"), F.lit(1).alias("x")
    )
    changes = [Renamed("v", "w", "why"), Added("x", "why"), Expected("w", "value", "why")]
    result = compare_stored(keep(days), keep(wider.orderBy(F.desc("w"))), changes=changes)
    assert result is not None
    assert (result.measurement.step, result.rows.matched, result.rows.left) == ("ledger", 6, 6)
    assert result.reasons[0] == "Column id changed its type from int to bigint, undeclared"
    same = compare_stored(keep(days), keep(days))
    assert same is not None and (same.verdict, same.rows.duplicate_keys_left) == ("pass", 0)
    unknown = compare_stored(keep(days, unique=False), keep(days))
    assert unknown is not None and (unknown.verdict, unknown.rows.duplicate_keys_left) == ("pass", None)


def test_outputs_that_differ_are_left_open(days: DataFrame, keep: Callable[..., Any]) -> None:
    """A fingerprint tells that something differs, not what."""
    changed = days.withColumn("v", F.when(F.col("id") == 2, -1.0).otherwise(F.col("v")))
    assert compare_stored(keep(days), keep(changed)) is None
    assert compare_stored(keep(days), keep(changed), ignore=["v"]) is not None
    assert compare_stored(keep(days), keep(days.unionAll(days.limit(1)))) is None


@pytest.mark.parametrize("where", ["rand() > 0.5", "new.v = old.nope"])
def test_a_condition_that_is_none_is_broken_without_an_engine_too(
    days: DataFrame, keep: Callable[..., Any], where: str
) -> None:
    """The ledger gives the verdict that reading the rows would, also of a column that is not there."""
    result = compare_stored(keep(days), keep(days), changes=[Expected("v", "value", "why", where=where)])
    assert result is not None
    assert (result.verdict, result.expectations[0].status) == ("incomplete", "broken")


@pytest.mark.breadth
def test_only_parts_that_differ_are_read(days: DataFrame, keep: Callable[..., Any]) -> None:
    """Rows of equal parts are counted from the fingerprints."""
    changed = days.withColumn("v", F.when(F.col("day") == "2013-01-02", -1.0).otherwise(F.col("v")))
    poisoned = changed.withColumn(
        "v",
        F.when(F.col("day") == "2013-01-02", F.col("v")).otherwise(
            F.raise_error(F.lit("read")).cast("double")
        ),
    )
    result = compare(days, poisoned, key=["day", "id"], fingerprints=(keep(days), keep(changed)))
    assert (result.rows.left, result.rows.matched, result.rows.changed.count) == (6, 4, 2)
    assert result.verdict == "fail"


def test_only_columns_that_differ_are_read(days: DataFrame, keep: Callable[..., Any]) -> None:
    """Where keys are known to be unique, sums by column prove the others equal."""
    changed = days.withColumn("v", F.col("v") + F.when(F.col("id") == 2, 1).otherwise(0))
    never = F.raise_error(F.lit("read")).cast("map<string,int>")
    result = compare(
        days, changed.withColumn("tags", never), key=["day", "id"], fingerprints=(keep(days), keep(changed))
    )
    assert {c.name: c.differing.count for c in result.columns} == {"day": 0, "id": 0, "v": 3, "tags": 0}
    assert (result.verdict, result.rows.matched, result.rows.duplicate_keys_left) == ("fail", 3, 0)


def test_parts_by_a_renamed_column(days: DataFrame, keep: Callable[..., Any]) -> None:
    """The column that parts go by may have another name on the right; no row counts twice."""
    changed = days.withColumn("v", F.when(F.col("day") == "2013-01-02", -1.0).otherwise(F.col("v")))
    renamed = changed.withColumnRenamed("day", "date")
    stored = keep(days), keep(renamed, key=["date", "id"], by="date")
    result = compare(
        days, renamed, key=["date", "id"], changes=[Renamed("day", "date", "why")], fingerprints=stored
    )
    assert (result.rows.left, result.rows.matched, result.rows.changed.count) == (6, 4, 2)


@pytest.mark.breadth
def test_a_key_that_is_unique_in_each_part_only_is_looked_at(
    days: DataFrame, keep: Callable[..., Any]
) -> None:
    """A key without the column of the parts may be in several of them."""
    changed = days.withColumn("v", F.col("v") + 1)
    stored = keep(days, key=["id"]), keep(changed, key=["id"])
    result = compare(days, changed, key=["id"], fingerprints=stored)
    assert (result.rows.duplicate_keys_left, result.rows.left_only.count) == (2, 6)
    assert result.verdict == "fail"


def test_a_part_on_one_side_only_is_found(days: DataFrame, keep: Callable[..., Any]) -> None:
    """A day that one side lacks is read and reported, row by row."""
    fewer = days.where("day < '2013-01-03'")
    result = compare(days, fewer, key=["day", "id"], fingerprints=(keep(days), keep(fewer)))
    assert (result.rows.left, result.rows.right, result.rows.left_only.unexpected) == (6, 4, 2)


def test_keys_that_may_not_be_unique_need_whole_rows_to_agree(spark: SparkSession) -> None:
    """Values swapped between two rows of one key leave each column's sum as it was."""
    left = frame_of_rows(spark, [(1, 1, 1), (1, 2, 2)], "id int, a int, b int")
    right = frame_of_rows(spark, [(1, 1, 2), (1, 2, 1)], "id int, a int, b int")
    stored = [fingerprint(frame, ["id"]) for frame in (left, right, left)]
    assert stored[0]["parts"][0]["columns"] == stored[1]["parts"][0]["columns"]
    assert compare_stored(stored[0], stored[1]) is None
    assert compare_stored(stored[0], stored[2]) is not None
    assert compare_stored(stored[0], stored[2], ignore=["b"]) is None


def test_keyless_outputs_have_128_bits_a_row(spark: SparkSession) -> None:
    """Duplicates count."""
    once, twice = (frame_of_rows(spark, [("x",)] * n, "v string") for n in (1, 2))
    stored = [fingerprint(frame) for frame in (once, twice)]
    assert {"row", "row2"} <= set(stored[0]["parts"][0])
    assert compare_stored(*stored) is None
    same = compare_stored(stored[0], stored[0])
    assert same is not None and same.measurement.hash_bits == 128


def test_what_a_fingerprint_cannot_prove_is_left_open(days: DataFrame, keep: Callable[..., Any]) -> None:
    """Another encoding, other parts, another type, columns that cannot be hashed, signed zeros."""
    stored = keep(days)
    others = [
        {**stored, "encoding": "xxhash64/0"},
        keep(days, by=None),
        keep(days.withColumn("v", F.col("v").cast("float"))),
        keep(days, key=["id", "day"]),
    ]
    assert [compare_stored(stored, other, key=["day", "id"]) for other in others] == [None] * 4
    assert compare_stored(stored, stored, signed_zero=True) is None
    deep = F.lit(1)
    for _ in range(14):
        deep = F.array(deep)
    unknown = keep(days.withColumn("deep", deep))
    assert unknown["skipped"] == ["deep"]
    assert compare_stored(unknown, unknown) is None


def test_fingerprints_of_several_runs_merge(days: DataFrame, keep: Callable[..., Any]) -> None:
    """Into that of all their rows, by part; overlapping parts no longer have a unique key."""
    early, late = keep(days.where("day < '2013-01-03'")), keep(days.where("day >= '2013-01-03'"))
    merged = merge_fingerprints([late, early])
    assert compare_stored(merged, keep(days)) is not None
    assert merged["unique"] and not merge_fingerprints([early, early])["unique"]
    assert merge_fingerprints([early, early])["parts"][0]["rows"] == 4
    with pytest.raises(ComparisonError, match="not made alike"):
        merge_fingerprints([early, keep(days, by=None)])


def test_a_part_may_need_its_column_twice(days: DataFrame, keep: Callable[..., Any]) -> None:
    """The SQL of what makes a part may name the column more than once, as that of an hour does."""
    parts = keep(days, part="concat(year({}), '-', month({}))")["parts"]
    assert [(part["by"], part["rows"]) for part in parts] == [("2013-1", 6)]


def test_bad_columns_are_refused(days: DataFrame) -> None:
    """A key or a partition column that is not there, two columns of one name, another format."""
    with pytest.raises(KeyChoiceError, match="nope"):
        fingerprint(days, ["nope"])
    with pytest.raises(ColumnChoiceError, match="partition column"):
        fingerprint(days, by="nope")
    with pytest.raises(ColumnChoiceError, match="two columns"):
        fingerprint(days.select("v", "v"))
    with pytest.raises(ComparisonError, match="format 2"):
        compare_stored({"format": 2, "key": {}}, {"format": 2, "key": {}})
