"""Which columns belong together, and what a caller says about all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from dwh.compare import (
    ColumnChoiceError,
    KeyChoiceError,
    Tolerance,
    compare,
    compare_stored,
    fingerprint,
    rows_that_differ,
)
from dwh.compare.changes import Added, Expected, Removed, Renamed, Retyped

Frames = Callable[..., DataFrame]
WHY = "because"


@pytest.fixture
def table(spark: SparkSession) -> Frames:
    """Make a DataFrame from a schema and rows."""

    def make(schema: str, *rows: Any) -> DataFrame:
        return frame_of_rows(spark, list(rows), schema)

    return make


def test_a_tolerance_for_all_numbers(table: Frames) -> None:
    """It is for numbers outside the key without one of their own, and for nothing else."""
    schema = "id double, a double, b int, c double, s string"
    left, right = table(schema, (1.0, 1.0, 1, 1.0, "1")), table(schema, (1.0, 1.1, 2, 1.1, "1.1"))
    tolerances = {"*": Tolerance(0.5), "c": Tolerance(0.01)}
    result = compare(left, right, key=["id"], tolerances=tolerances)
    assert {c.name for c in result.columns if c.differing.count} == {"b", "c", "s"}
    assert [c.tolerance for c in result.columns] == [
        None,
        Tolerance(0.5),
        Tolerance(0.5),
        Tolerance(0.01),
        None,
    ]
    assert compare(left, right, key=["id"], tolerances={"*": Tolerance(1)}, ignore=["s"]).verdict == "pass"


@pytest.mark.breadth
def test_a_key_with_another_name_on_each_side(table: Frames) -> None:
    """The mapping goes from left to right; nothing else needs to be declared."""
    left, right = table("id int, n int, v int", (1, 1, 1)), table("customer_id int, n int, v int", (1, 1, 2))
    key = {"id": "customer_id", "n": "n"}
    result = compare(left, right, key=key)
    assert (result.verdict, result.rows.changed.count, result.measurement.key) == (
        "fail",
        1,
        ("customer_id", "n"),
    )
    assert result.measurement.renamed == {"id": "customer_id"}
    assert [(c.name, c.reason) for c in result.schema if c.status == "renamed"] == [
        ("customer_id", "paired, as asked")
    ]
    assert rows_that_differ(left, right, key=key).collect()[0]["key"]["customer_id"] == 1
    same = right.withColumn("v", right.n)
    assert compare(left, same, key=key).verdict == "pass"
    stored = fingerprint(left, ["id", "n"], unique=True), fingerprint(same, ["customer_id", "n"], unique=True)
    known = compare_stored(*stored, key=key)
    assert known and known.verdict == "pass"
    with pytest.raises(KeyChoiceError, match="nothing is not on the left"):
        compare(left, right, key={"nothing": "customer_id"})


@pytest.mark.breadth
def test_names_without_regard_to_case(table: Frames) -> None:
    """Only when asked; an exact name wins, and what is ambiguous is refused."""
    left, right = (
        table("ID int, Name string, x int", (1, "a", 1)),
        table("id int, NAME string, x int", (1, "b", 1)),
    )
    assert compare(left, right).verdict == "fail"
    result = compare(left, right, key=["Id"], rules={"name": "sql(true)"}, ignore_case=True)
    assert (result.verdict, result.measurement.renamed) == ("pass", {"ID": "id", "Name": "NAME"})
    assert compare(left, right, key=["iD"], ignore=["nAME"], ignore_case=True).verdict == "pass"
    two = table("id int, X int", (1, 1))
    exact = compare(two, table("id int, x int, X int", (1, 2, 1)), key=["id"], ignore_case=True)
    assert [c.name for c in exact.columns] == ["id", "X"]
    with pytest.raises(ColumnChoiceError, match="without regard to case"):
        compare(table("id int, aB int", (1, 1)), table("id int, AB int, ab int", (1, 1, 1)), ignore_case=True)


@pytest.mark.breadth
def test_changes_of_columns_with_any_name(table: Frames) -> None:
    """Dots, spaces, quotes, backticks and other scripts; a condition quotes them as Spark SQL does."""
    left = table("id int, `a.b` int, `first name` string, `it's` int, `näm``e` int", (1, 1, "x", 1, 1))
    right = table('id int, `a b` int, `first name` string, `"new"` int, `näm``e` bigint', (1, 1, "y", 1, 1))
    changes = (
        Renamed("a.b", "a b", WHY),
        Removed("it's", WHY),
        Added('"new"', WHY),
        Retyped("näm`e", "int", "bigint", WHY),
        Expected("first name", kind="value", where="old.`first name` < new.`first name`", reason=WHY),
    )
    result = compare(left, right, key=["id"], changes=changes)
    assert (result.verdict, [item.status for item in result.expectations]) == ("pass", ["seen"] * 5)
    assert len(rows_that_differ(left, right, key=["id"], changes=changes).where("expected").collect()) == 1


@pytest.mark.breadth
def test_two_empty_tables_that_were_meant_to_be(table: Frames) -> None:
    """The caller says so; one side that is empty still fails."""
    empty, full = table("id int"), table("id int", (1,))
    assert compare(empty, empty).verdict == "incomplete"
    result = compare(empty, empty, allow_empty=True)
    assert (result.verdict, result.reasons) == ("pass", ("Both sides are empty, which is allowed",))
    assert compare(empty, full, allow_empty=True).verdict == "fail"


def test_a_type_that_cannot_be_compared_is_named_and_never_passes(spark: SparkSession) -> None:
    """A variant makes the verdict incomplete, in equal rows and in rows that differ; nothing crashes."""
    if not hasattr(T, "VariantType"):
        pytest.skip("this Spark has no variant")
    left = spark.range(2).selectExpr("id", "parse_json('1') AS v", "1 AS n")
    same, other = left.select("*"), left.withColumn("n", F.col("id"))
    result = compare(left, same, key=["id"])
    assert (result.verdict, [(gap.what, gap.why) for gap in result.not_compared]) == (
        "incomplete", [("Column v", "values of type variant cannot be compared")],
    )  # fmt: skip
    assert compare(left, other, key=["id"]).verdict == "fail"
    found = rows_that_differ(left, left.withColumn("n", F.col("id").cast("int")), key=["id"]).collect()
    assert [row["differing"] for row in found] == [["n"]]
