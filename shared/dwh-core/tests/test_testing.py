"""What job authors test with: rows as frames, and a job held to its contract on them."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from dwh.core.errors import AuditError
from dwh.core.testing import frame_of, frame_of_rows, output_of

DAY = date(2024, 1, 1)
USUAL = {"day": DAY, "shop": "north", "amount": 1.0}


@pytest.fixture
def orders(job, spark):
    """Make orders, of which each row says only what matters."""
    (need,) = job().reads
    return lambda *rows: frame_of(spark, need, *rows, usual=USUAL)


def test_rows_have_the_columns_and_types_of_the_input(orders):
    """What a row leaves out is usual; the types are those that the job declares."""
    frame = orders({}, {"shop": None, "amount": 2.0})
    assert frame.schema.simpleString() == "struct<day:date,shop:string,amount:double>"
    assert [tuple(row) for row in frame.collect()] == [(DAY, "north", 1.0), (DAY, None, 2.0)]


VALUES = {
    "tinyint": 1,
    "bigint": 2**60 + 1,
    "float": 0.5,
    "double": -0.0,
    "string": "é\x00",
    "binary": b"\x00\xff",
    "boolean": True,
    "decimal(38,18)": Decimal("1.000000000000000001"),
    "date": date(1, 1, 1),
    "timestamp": datetime(2013, 1, 15, 0, 0, 0, 1),
    "timestamp_ntz": datetime(2013, 1, 15, 0, 0, 0, 1),
    "interval day to second": timedelta(microseconds=1),
    "array<array<int>>": [[1, None], None, []],
    "map<string,double>": {"a": None, "": 1.0},
    "struct<a:int,b:array<string>>": (None, ["x"]),
    "array<struct<m:map<int,float>>>": [({1: None},), (None,), None],
}


def test_rows_are_what_spark_makes_of_them(spark):
    """Whatever their types: values, nulls at every depth, and the schema are those of `createDataFrame`."""
    schema = ", ".join(f"c{n} {name}" for n, name in enumerate(VALUES))
    rows = [tuple(VALUES.values()), (None,) * len(VALUES)]
    ours, theirs = frame_of_rows(spark, rows, schema), spark.createDataFrame(rows, schema)
    assert (ours.schema, ours.collect()) == (theirs.schema, theirs.collect())
    assert frame_of_rows(spark, [], schema).schema == theirs.schema


def test_an_output_has_the_columns_of_its_contract(job, orders):
    """The job runs on the rows, and what it makes comes in the contract's order."""
    made = job("7.2", body="return takings.select('amount', 'orders', 'shop', 'day')")
    output = output_of(made, orders=orders({}, {"amount": 2.5}))
    assert [row.asDict() for row in output.collect()] == [
        {"day": DAY, "shop": "north", "orders": 2, "amount": 3.5}
    ]


def test_an_output_that_breaks_its_contract_is_refused(job, orders):
    """A missing column and a key that repeats are told as a run tells them."""
    with pytest.raises(AuditError, match="column amount is missing"):
        output_of(job("7.2", body="return takings.drop('amount')"), orders=orders({}))
    with pytest.raises(AuditError, match=r"the key \(day, shop\) is not unique: day=2024-01-01, shop=north"):
        output_of(job("7.3", body="return takings.unionAll(takings)"), orders=orders({}))


def test_rows_are_made_without_pyarrow_too(spark, monkeypatch):
    """A line need not have it, and its tests are run where its release is tried out."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert frame_of_rows(spark, [(1, "a")], "n int, name string").schema.simpleString() == (
        "struct<n:int,name:string>"
    )
