"""The audit of what a run wrote; `test_run` shows the same through a job."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.audit import audit_rows, audit_schema, conform
from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import AuditError
from dwh.core.testing import frame_of_rows

FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
DAYS = DateRange(FIRST, SECOND)
COLUMNS = (Column("day", "date"), Column("n", "int"), Column("note", "string", nullable=True))
KEYED = Table("t", columns=COLUMNS, key=("day", "n"), partition_by="day")
KEYLESS = Table("t", columns=COLUMNS, partition_by="day")


@pytest.fixture
def frame(spark):
    """Make a frame of days and numbers."""
    return lambda *rows: frame_of_rows(spark, [(*row, None) for row in rows], "day date, n int, note string")


def test_rows_are_counted_for_each_date(frame):
    """The audit returns the rows of each date that was asked for."""
    written = frame((FIRST, 1), (FIRST, 2), (SECOND, 1))
    assert audit_rows(written, KEYED, DAYS) == audit_rows(written, KEYLESS, DAYS) == {FIRST: 2, SECOND: 1}


def test_without_a_key_rows_may_repeat(frame):
    """Without a key, equal rows are allowed."""
    assert audit_rows(frame((FIRST, 1), (FIRST, 1), (SECOND, 1)), KEYLESS, DAYS) == {FIRST: 2, SECOND: 1}


def test_everything_wrong_is_named(frame):
    """Repeated keys, strange dates and missing dates are all named at once."""
    with pytest.raises(AuditError) as caught:
        audit_rows(frame((FIRST, 1), (FIRST, 1), (THIRD, 1)), KEYED, DAYS)
    dates, missing, key = caught.value.problems
    assert dates == "day holds dates that were not asked for: 2024-01-03"
    assert missing.startswith("no rows for 1 of 2 dates (2024-01-02)")
    assert key == "the key (day, n) is not unique: day=2024-01-01, n=1"


def test_keys_of_many_rows(frame, monkeypatch):
    """They are told apart by their hashes, and shown as they are where they repeat."""
    monkeypatch.setattr("dwh.core.audit._MANY", 1)
    listed = {FIRST: 2, SECOND: 1}
    assert audit_rows(frame((FIRST, 1), (FIRST, 2), (SECOND, 1)), KEYED, DAYS, listed=listed) == listed
    with pytest.raises(AuditError, match=r"the key \(day, n\) is not unique: day=2024-01-01, n=2"):
        audit_rows(frame((FIRST, 2), (FIRST, 2), (SECOND, 1)), KEYED, DAYS, listed=listed)


def test_equal_keys_with_other_hashes(spark, monkeypatch):
    """Zero and minus zero are one key, however many rows there are."""
    columns = (Column("day", "date"), Column("x", "double"))
    table = Table("t", columns=columns, key=("day", "x"), partition_by="day")
    written = frame_of_rows(spark, [(FIRST, 0.0), (FIRST, -0.0), (SECOND, 1.0)], "day date, x double")
    for many in (1_000_000, 1):
        monkeypatch.setattr("dwh.core.audit._MANY", many)
        with pytest.raises(AuditError, match="is not unique"):
            audit_rows(written, table, DAYS, listed={FIRST: 2, SECOND: 1})


def test_missing_dates_may_be_a_result(frame):
    """Where the contract allows it, a date without rows counts zero."""
    table = Table("t", columns=COLUMNS, partition_by="day", may_be_empty=True)
    assert audit_rows(frame((FIRST, 1)), table, DAYS) == {FIRST: 1, SECOND: 0}


def test_rows_that_files_tell():
    """Without a key, what the files hold is all that is needed: nothing is read."""
    assert audit_rows(None, KEYLESS, DAYS, listed={FIRST: 2, SECOND: 1}) == {FIRST: 2, SECOND: 1}
    with pytest.raises(AuditError) as caught:
        audit_rows(None, KEYLESS, DAYS, listed={FIRST: 2, SECOND: 0, THIRD: 1})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "day holds dates that were not asked for",
        "no rows for 1 of 2 dates (2024-01-02)",
    ]
    whole = Table("t", columns=COLUMNS)
    assert audit_rows(None, whole, DateRange(SECOND, SECOND), listed={SECOND: 3}) == {SECOND: 3}


@pytest.mark.parametrize("name", ["count", "n", "rows", "date", "repeated", "COUNT"])
def test_keys_of_any_name(spark, name):
    """A key column may be called as the audit's own figures are."""
    table = Table(
        "t", columns=(Column("day", "date"), Column(name, "int")), key=("day", name), partition_by="day"
    )
    written = frame_of_rows(spark, [(FIRST, 1), (FIRST, 1), (SECOND, 2)], f"day date, `{name}` int")
    with pytest.raises(AuditError, match=f"is not unique: day=2024-01-01, {name}=1"):
        audit_rows(written, table, DAYS)
    assert audit_rows(written.distinct(), table, DAYS) == {FIRST: 1, SECOND: 1}


def test_two_columns_of_one_name(frame):
    """Two columns of the same name are refused."""
    with pytest.raises(AuditError, match="two columns have the same name"):
        audit_schema(frame((FIRST, 1)).selectExpr("*", "n"), KEYED)


def test_nested_types_are_compared_whole(spark):
    """A nested type counts with its fields."""
    table = Table(
        "t",
        columns=(Column("day", "date"), Column("p", "struct<a: int, b: array<string>>")),
        partition_by="day",
    )
    audit_schema(spark.sql("SELECT DATE'2024-01-01' day, struct(1 AS a, array('x') AS b) p"), table)
    with pytest.raises(AuditError, match="column p is struct<a:int,b:array<int>>"):
        audit_schema(spark.sql("SELECT DATE'2024-01-01' day, struct(1 AS a, array(2) AS b) p"), table)


def test_conforming_puts_columns_in_order(frame):
    """The output has its columns in the contract's order, and nulls where they are allowed."""
    conformed = conform(frame((FIRST, 1)).select("note", "n", "day"), KEYED)
    assert conformed.columns == ["day", "n", "note"]
    assert [tuple(row) for row in conformed.collect()] == [(FIRST, 1, None)]


def test_nested_types_are_compared_by_meaning(spark):
    """A struct's field that SQL must quote, and a type by its alias, fit the frame that has them."""
    frame = spark.createDataFrame([], "s struct<`user-agent`:string,n:array<bigint>>")
    audit_schema(frame, Table("t", columns=(Column("s", "struct<user-agent:STRING, n:array<long>>"),)))
    with pytest.raises(AuditError, match=r"column s is struct<`user-agent`:string,n:array<bigint>>"):
        audit_schema(frame, Table("t", columns=(Column("s", "struct<user-agent:string,n:array<int>>"),)))


def test_a_null_is_refused_with_its_column_and_key(frame):
    """Where the column is looked at, alone or in the whole row."""
    conformed = conform(frame((FIRST, 1), (SECOND, None)), KEYED)
    for columns in (["n"], ["day", "n", "note"]):
        with pytest.raises(Exception, match="column n of t is null in the row day=2024-01-02 n=null"):
            conformed.select(*columns).collect()
