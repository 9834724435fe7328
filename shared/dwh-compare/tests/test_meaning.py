"""Values of two types that are compared by what they mean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from frames import frame_of_rows
from pyspark.sql import SparkSession

from dwh.compare import compare
from dwh.compare.canonical import common_form
from dwh.compare.changes import Retyped
from dwh.compare.forms import hash_of
from dwh.compare.meaning import by_meaning
from dwh.compare.types import type_of

# The type and the value on the left, the same on the right.
SAME = [
    ("int", "1", "double", "1.0D"),
    ("bigint", "9007199254740992", "double", "9007199254740992D"),
    ("int", "null", "double", "null"),
    ("int", "0", "double", "-0.0D"),
    ("decimal(10,2)", "0.10", "double", "0.1D"),
    ("decimal(10,2)", "0.10", "float", "float(0.1)"),
    ("date", "date'2013-01-15'", "timestamp", "timestamp'2013-01-15 00:00:00'"),
    ("date", "date'2013-01-15'", "timestamp_ntz", "timestamp_ntz'2013-01-15 00:00:00'"),
    ("timestamp", "timestamp'2013-01-15 01:00:00'", "timestamp_ntz", "timestamp_ntz'2013-01-15 01:00:00'"),
    ("string", "'2013-01-15'", "date", "date'2013-01-15'"),
    ("string", "'2013-01-15 00:00:00'", "date", "date'2013-01-15'"),
    ("string", "'0001-01-01'", "date", "date'0001-01-01'"),
    ("string", "'2013-01-15 10:00:00'", "timestamp", "timestamp'2013-01-15 10:00:00'"),
    ("string", "'2013-01-15T15:00:00Z'", "timestamp", "timestamp'2013-01-15 10:00:00'"),
    ("string", "'2013-01-15'", "timestamp", "timestamp'2013-01-15 00:00:00'"),
    ("string", "'1'", "int", "1"),
    ("string", "'1.0'", "int", "1"),
    ("string", "'1.50'", "decimal(10,2)", "1.5"),
    ("string", "'0.1'", "double", "0.1D"),
    ("string", "'0.30000000000000004'", "double", "0.30000000000000004D"),
    ("string", "'-0'", "double", "0D"),
    ("string", "'NaN'", "double", "double('NaN')"),
    ("string", "'nan'", "double", "double('NaN')"),
    ("string", "'inf'", "double", "double('Infinity')"),
    ("string", "'-inf'", "float", "float('-Infinity')"),
    ("string", "'10000000000.000002'", "double", "10000000000.000002D"),
    ("string", "'0.00012345678901234567'", "double", "1.2345678901234567E-4D"),
    ("string", "'1.2345678901234568e-05'", "double", "1.2345678901234568E-5D"),
    ("string", "'1.2345678901234568e+16'", "double", "1.2345678901234568E16D"),
    ("string", "'1.3436424411240122e+17'", "double", "1.3436424411240122E17D"),
    ("string", "'16777216.0'", "float", "float(16777216)"),
    ("string", "'0E-18'", "decimal(38,18)", "0"),
    ("string", "'1e2'", "int", "100"),
    ("string", "'-1.5E+3'", "decimal(10,2)", "-1500"),
    ("string", "'true'", "boolean", "true"),
    ("string", "'é'", "binary", "X'C3A9'"),
    ("boolean", "true", "int", "1"),
    ("array<int>", "array(1,null)", "array<double>", "array(1D,null)"),
    ("struct<a:int>", "struct(1 as a)", "struct<a:string>", "struct('1' as a)"),
]
DIFFERENT = [
    ("int", "1", "double", "1.5D"),
    ("bigint", "9007199254740993", "double", "9007199254740992D"),
    ("int", "null", "double", "double('NaN')"),
    ("bigint", "null", "double", "1e300D"),
    ("decimal(10,2)", "0.30", "double", "0.30000000000000004D"),
    ("decimal(38,0)", "100000000000000001", "double", "1e17D"),
    ("date", "date'2013-01-15'", "timestamp", "timestamp'2013-01-15 00:00:01'"),
    ("timestamp", "timestamp'2013-03-10 03:30:00'", "timestamp_ntz", "timestamp_ntz'2013-03-10 02:30:00'"),
    ("timestamp", "timestamp'2013-11-03 06:30:00Z'", "timestamp_ntz", "timestamp_ntz'2013-11-03 01:30:00'"),
    ("string", "'15/01/2013'", "date", "date'2013-01-15'"),
    ("string", "'nothing'", "date", "null"),
    ("string", "'2013-01-15 10:00:00'", "date", "date'2013-01-15'"),
    ("string", "'2013-01-15 10:00:00.1234561'", "timestamp", "timestamp'2013-01-15 10:00:00.123456'"),
    ("string", "'2013-03-10 02:30:00'", "timestamp", "timestamp'2013-03-10 03:30:00'"),
    ("string", "'2013-01-15T15:00:00Z'", "timestamp_ntz", "timestamp_ntz'2013-01-15 15:00:00'"),
    ("string", "'1.5'", "int", "1"),
    ("string", "'x'", "int", "null"),
    ("string", "''", "int", "null"),
    ("string", "'1.505'", "decimal(10,2)", "1.51"),
    ("string", "'9007199254740993'", "double", "9007199254740992D"),
    ("string", "'10000000000.000001'", "double", "10000000000.000002D"),
    ("string", "'1.2345678901234567e-05'", "double", "1.2345678901234568E-5D"),
    ("string", "'5D'", "double", "5D"),
    ("string", "'1.0f'", "float", "float(1)"),
    ("string", "'1e-1'", "int", "0"),
    ("string", "'1.005e0'", "decimal(10,2)", "1.01"),
    ("string", "'1e400'", "double", "double('Infinity')"),
    ("string", "'1e-400'", "double", "0D"),
    ("string", "'false'", "boolean", "null"),
    ("boolean", "true", "int", "2"),
]  # fmt: skip


@pytest.fixture
def in_new_york(spark: SparkSession) -> Iterator[SparkSession]:
    """A session where clocks change."""
    before = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    yield spark
    spark.conf.set("spark.sql.session.timeZone", str(before))


@pytest.mark.breadth
@pytest.mark.parametrize("ansi", ["true", "false"])
def test_the_same_meaning_is_equal_and_what_a_cast_loses_is_not(in_new_york: SparkSession, ansi: str) -> None:
    """Nothing becomes null and then equal, in ANSI mode or not; the hashes say the same."""
    spark, cases = in_new_york, [*SAME, *DIFFERENT]
    left = [f"CAST({value} AS {kind}) AS l{i}" for i, (kind, value, _, _) in enumerate(cases)]
    right = [f"CAST({value} AS {kind}) AS r{i}" for i, (_, _, kind, value) in enumerate(cases)]
    before = spark.conf.get("spark.sql.ansi.enabled") or "false"
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    try:
        frame, found = spark.range(1).selectExpr(*left, *right), []
        for i in range(len(cases)):
            types = (type_of(frame.schema[f"{side}{i}"].dataType) for side in "lr")
            form = common_form(*types, otherwise=by_meaning)
            hashes = [hash_of([form.hashable(f"{side}{i}")]) for side in "lr"]
            found += [f"{form.same(f'l{i}', f'r{i}')} AS e{i}", f"{' = '.join(hashes)} AS h{i}"]
        row = frame.selectExpr(*found).collect()[0]
    finally:
        spark.conf.set("spark.sql.ansi.enabled", before)
    equal = [(case, row[f"e{i}"], row[f"h{i}"]) for i, case in enumerate(cases)]
    assert equal == [(case, case in SAME, case in SAME) for case in cases]


def test_a_declared_change_of_type_passes_and_keeps_comparing(spark: SparkSession) -> None:
    """An undeclared one fails, whatever the values are; a value that differs fails either way."""
    left = frame_of_rows(spark, [(1, "2013-01-15"), (2, None)], "id int, day string")
    right = left.selectExpr("id", "CAST(day AS date) AS day")
    meant = (Retyped("day", "string", "date", reason="it always was one"),)
    passed = compare(left, right, key=["id"], changes=meant)
    assert (passed.verdict, passed.expectations[0].what, passed.expectations[0].status) == (
        "pass", "retyped", "seen",
    )  # fmt: skip
    assert next(c for c in passed.schema if c.name == "day").reason == "it always was one"
    assert compare(left, right, key=["id"]).verdict == "fail"
    other = (Retyped("day", "string", "timestamp", reason="it is not"),)
    assert compare(left, right, key=["id"], changes=other).verdict == "fail"
    broken = frame_of_rows(spark, [(1, "2013-01-15"), (2, "soon")], "id int, day string")
    result = compare(broken, right, key=["id"], changes=meant)
    assert (result.verdict, result.rows.changed.unexpected) == ("fail", 1)
    assert [cell.old.text for row in result.samples for cell in row.cells if cell.old] == ["soon"]
    assert compare(left, right, key=["day"], changes=meant).verdict == "pass"
