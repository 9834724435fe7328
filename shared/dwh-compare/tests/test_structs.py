"""Fields of structs whose names differ in case only."""

from __future__ import annotations

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import compare, rows_that_differ
from dwh.compare.structs import FieldNames, IncomparableError, place_of, with_first
from dwh.compare.types import AtomicType, StructField, StructType


@pytest.mark.breadth
def test_fields_belong_together_but_for_case_when_asked(spark: SparkSession) -> None:
    """Each side is read by its own names, and rules and tolerances may be given in any."""
    left = frame_of_rows(
        spark, [(1, (1.0, "x"), [("a",)])], "k int, s struct<X:double,Y:string>, l array<struct<A:string>>"
    )
    right = frame_of_rows(
        spark, [(1, (1.5, " x"), [("A",)])], "K int, S struct<x:double,y:string>, L array<struct<a:string>>"
    )
    rules = {"S.Y": "trim", "l.A": "ignore_case"}
    chosen = {"key": "k", "ignore_case": True, "rules": rules}
    assert compare(left, right, **chosen, tolerances={"s.X": 1}).verdict == "pass"  # type: ignore[arg-type]
    assert compare(left, right, **chosen).rows.changed.unexpected == 1  # type: ignore[arg-type]
    assert rows_that_differ(left, right, **chosen).count() == 1  # type: ignore[arg-type]
    assert compare(left, right, key={"k": "K"}).verdict == "fail"


def test_fields_with_one_name_are_refused() -> None:
    """Nobody can say which of them is meant."""
    names, one = FieldNames(ignore_case=True), StructType((StructField("a", AtomicType("int")),))
    with pytest.raises(IncomparableError, match="the same name"):
        names.pairs(one, StructType((*one.fields, StructField("A", AtomicType("int")))), ())


def test_a_place_is_named_by_a_column_and_a_path() -> None:
    """A column whose whole name it is comes first; backticks quote."""
    columns = ["a.b", "a", "c`d"]
    found = [place_of(name, columns) for name in ("a.b", "a.c.d", "`a`.`b.c`", "`c``d`.x", "b.a", "")]
    assert [(place.column, place.path) if place else None for place in found] == [
        ("a.b", ()), ("a", ("c", "d")), ("a", ("b.c",)), ("c`d", ("x",)), None, None,
    ]  # fmt: skip
    renamed = {"a": "x.y"}
    given = ("a", "a.b", "a.whole")
    found = [with_first(name, lambda first: renamed.get(first, first), ["a.whole"]) for name in given]
    assert found == ["x.y", "`x.y`.b", "a.whole"]
