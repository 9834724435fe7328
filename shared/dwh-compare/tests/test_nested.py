"""Changes inside columns: declared, found, and what both sides have is compared."""

from __future__ import annotations

from typing import Any

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import Comparison, compare
from dwh.compare.changes import Added, Change, Removed, Renamed, Retyped

WHY = "asked for"
NEW = Added("s.new", WHY)
CASES: dict[str, tuple[str, str, Any, Any, list[Change], str]] = {  # types, values, changes, verdict
    "a field more": ("struct<a:int>", "struct<a:int,new:int>", (1,), (1, 2), [NEW], "pass"),
    "in the middle": ("struct<a:int,b:int>", "struct<a:int,new:int,b:int>", (1, 3), (1, 2, 3), [NEW], "pass"),
    "undeclared": ("struct<a:int>", "struct<a:int,new:int>", (1,), (1, 2), [], "fail"),
    "another one": ("struct<a:int>", "struct<a:int,b:int>", (1,), (1, 2), [NEW], "fail"),
    "and a difference": ("struct<a:int>", "struct<a:int,new:int>", (1,), (2, 2), [NEW], "fail"),
    "and another type": ("struct<a:int>", "struct<a:bigint,new:int>", (1,), (1, 2), [NEW], "fail"),
    "a field less": ("struct<a:int,b:int>", "struct<a:int>", (1, 2), (1,), [Removed("s.b", WHY)], "pass"),
    "another name": ("struct<a:int>", "struct<b:int>", (1,), (1,), [Renamed("s.a", "s.b", WHY)], "pass"),
    "another value": ("struct<a:int>", "struct<b:int>", (1,), (2,), [Renamed("s.a", "s.b", WHY)], "fail"),
    "a type": (
        "struct<a:int>", "struct<a:bigint>", (1,), (1,), [Retyped("s.a", "int", "bigint", WHY)], "pass",
    ),
    "in an array": (
        "array<struct<a:int>>", "array<struct<a:int,new:int>>", [(1,), None], [(1, 2), None], [NEW], "pass",
    ),
    "deep": (
        "struct<t:struct<a:int>>", "struct<t:struct<a:int,new:int>>", ((1,),), ((1, 2),),
        [Added("s.t.new", WHY)], "pass",
    ),
    "the whole type": (
        "struct<a:int>", "struct<a:int,b:int>", (1,), (1, 2),
        [Retyped("s", "struct<a:int>", "struct<a:int,b:int>", WHY)], "pass",
    ),
}  # fmt: skip


def compared(spark: SparkSession, name: str) -> Comparison:
    before, after, old, new, changes, _ = CASES[name]
    left = frame_of_rows(spark, [(1, old)], f"k int, s {before}")
    right = frame_of_rows(spark, [(1, new)], f"k int, s {after}")
    return compare(left, right, key="k", changes=changes)


@pytest.mark.breadth
@pytest.mark.parametrize("name", CASES)
def test_a_declared_change_inside_a_column_is_one_and_covers_nothing_else(
    spark: SparkSession, name: str
) -> None:
    """Fields that one side lacks are not compared, all others are."""
    found = compared(spark, name)
    assert found.verdict == CASES[name][-1], found.reasons
    if found.verdict == "pass":
        assert [item.status for item in found.expectations] == ["seen"]
        assert (found.schema[1].declared, found.schema[1].reason) == (True, WHY)


def test_what_was_not_found_is_said(spark: SparkSession) -> None:
    """As of whole columns."""
    found = compared(spark, "another one")
    assert "Declared but not seen: added of s.new (asked for)" in found.reasons
