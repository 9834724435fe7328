"""Rows as plain data: whatever they hold, in whatever time zone the machine is."""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal

import pytest

from dwh.migrate.console import print_json
from dwh.migrate.rows import cell, plain_rows

VALUES = """
    timestamp'0001-01-01 00:00:00' AS first, timestamp'9999-12-31 23:59:59.999999' AS last,
    timestamp'2013-07-01 12:00:00' AS noon, timestamp_ntz'2013-07-01 12:00:00' AS local,
    date'0001-01-01' AS day, date'9999-12-31' AS end, 1.50BD AS money, X'00FF' AS bytes,
    double('NaN') AS nan, double('-Infinity') AS less, true AS flag, cast(null AS timestamp) AS never,
    map(1, timestamp'2013-07-01 12:00:00') AS by_number, map(date'2013-07-01', X'0A') AS by_day,
    array(named_struct('at', timestamp'9999-12-31 23:59:59', 'of', array(double('Infinity')))) AS nested,
    map(named_struct('a', 1), 'x') AS by_struct
"""
PLAIN = {
    "first": "0001-01-01 00:00:00Z",
    "last": "9999-12-31 23:59:59.999999Z",
    "noon": "2013-07-01 12:00:00Z",
    "local": "2013-07-01 12:00:00",
    "day": "0001-01-01",
    "end": "9999-12-31",
    "money": Decimal("1.50"),
    "bytes": "00ff",
    "flag": True,
    "never": None,
    "by_number": {"1": "2013-07-01 12:00:00Z"},
    "by_day": {"2013-07-01": "0a"},
    "nested": [{"at": "9999-12-31 23:59:59Z", "of": [math.inf]}],
    "by_struct": {'{"a": 1}': "x"},
}


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def machine_zone(request, monkeypatch):
    """The machine's time zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_rows_are_plain_wherever_the_machine_is(spark, machine_zone):
    """The first and last year, instants and nested values are the same in every zone of the machine."""
    [row] = plain_rows(spark.sql(f"SELECT {VALUES}"))
    assert math.isnan(row.pop("nan")) and row.pop("less") == -math.inf
    assert row == PLAIN


def test_rows_are_valid_json(spark, capsys):
    """JSON has no NaN and no Infinity: they are text, and whatever a row holds can be read back."""
    print_json(plain_rows(spark.sql(f"SELECT {VALUES}")))

    def refuse(constant):
        raise AssertionError(constant)

    [row] = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert (row["nan"], row["less"], row["nested"][0]["of"]) == ("NaN", "-Infinity", ["Infinity"])
    assert (row["money"], row["by_number"]) == ("1.50", {"1": "2013-07-01 12:00:00Z"})


def test_names_that_sql_quotes(spark):
    """Columns and fields whose names SQL must quote are shown by their names."""
    frame = spark.sql("SELECT named_struct('user-agent', date'2013-07-01', 'a.b', 1) AS `a b.c`")
    assert plain_rows(frame) == [{"a b.c": {"user-agent": "2013-07-01", "a.b": 1}}]


def test_a_cell_shows_what_is_nested_as_json():
    """A cell of a table shows a nested value as JSON, and any other as it is."""
    assert cell([{"a": Decimal("1.5")}]) == '[{"a": "1.5"}]'
    assert cell(1.5) == 1.5
