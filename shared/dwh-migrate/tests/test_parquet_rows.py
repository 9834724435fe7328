"""Rows that PyArrow reads are those that Spark would show; what is not certain to be so is left to Spark."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dwh.core.lines import find_job
from dwh.core.sql_types import type_of
from dwh.core.warehouse import Warehouse
from dwh.migrate.parquet_rows import UnreadError, first_rows
from dwh.migrate.rows import plain_rows

VALUES = {
    "first": ("timestamp", "timestamp'0001-01-01 00:00:00'"),
    "last": ("timestamp", "timestamp'9999-12-31 23:59:59.999999'"),
    "tenth": ("timestamp", "timestamp'2013-07-01 12:00:00.1'"),
    "local": ("timestamp_ntz", "timestamp_ntz'2013-07-01 12:00:00'"),
    "begins": ("date", "date'0001-01-01'"),
    "ends": ("date", "date'9999-12-31'"),
    "money": ("decimal(5,2)", "cast(1.50 AS decimal(5,2))"),
    "much": ("decimal(38,10)", "cast(-1.5 AS decimal(38,10))"),
    "bytes": ("binary", "X'00FF'"),
    "tiny": ("tinyint", "cast(-1 AS tinyint)"),
    "small": ("smallint", "cast(-300 AS smallint)"),
    "whole": ("int", "7"),
    "single": ("float", "cast(0.1 AS float)"),
    "less": ("double", "double('-Infinity')"),
    "flag": ("boolean", "true"),
    "never": ("timestamp", "cast(null AS timestamp)"),
    "by_number": ("map<int,timestamp>", "map(1, timestamp'2013-07-01 12:00:00')"),
    "by_day": ("map<date,binary>", "map(date'2013-07-01', X'0A')"),
    "nested": (
        "array<struct<at:timestamp,`user-agent`:string,of:array<double>>>",
        "array(named_struct('at', timestamp'9999-12-31 23:59:59', 'user-agent', 'ü', 'of', array(1D)), null)",
    ),
}
# An order in which what is null comes first and what is not a number last, as -0.0 is 0.0.
ORDERED = "CASE shop WHEN 'north' THEN double('NaN') WHEN 'south' THEN -0.0D ELSE null END"
JOB = '''
from pyspark.sql import functions as F

from dwh.core import Column, Job, Table
from dwh.core.contract import Column

ORDERS = Table("orders", columns=(Column("day", "date"), Column("shop", "string")), partition_by="day")


class Everything(Job):
    """A column of each type."""

    reads = (ORDERS,)
    writes = Table("shop.all", columns=({columns}), partition_by="day")

    def transform(self, orders):
        return orders.distinct().select({selected})
'''


def everything(*first: str, **values: tuple[str, str]) -> dict[str, str]:
    """Return the source of a job that writes the day and these columns, those of `first` before others."""
    all_values = {"day": ("date", "day"), "shop": ("string", "shop"), **values}
    names = [*first, *(name for name in all_values if name not in first)]
    columns = [f'Column("{n}", "{all_values[n][0]}", nullable={n != "day"})' for n in names]
    selected = [f'F.expr("""{all_values[n][1]}""").alias("{n}")' for n in names]
    return {"everything": JOB.format(columns=", ".join(columns) + ",", selected=", ".join(selected))}


@pytest.fixture
def written(spark, config, installed_line):
    """Return a function that installs a line, runs it for dates, and gives the warehouse."""
    warehouse = Warehouse.create(config)

    def write(line, jobs, *days, **of_line):
        installed_line(line, jobs, **of_line)
        for day in days:
            find_job(f"everything@{line}")().run(date=day, spark=spark, warehouse=warehouse)
        return warehouse

    return write


def by_spark(spark, warehouse, outputs, limit):
    """Return what `dwh show` would without PyArrow."""
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    frame = warehouse.read(spark, outputs)
    rows = plain_rows(frame.orderBy(*frame.columns[:2]).limit(limit))
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    return {field.name: type_of(field.dataType) for field in frame.schema}, rows


@pytest.mark.breadth
@pytest.mark.parametrize("stored", ["INT96", "TIMESTAMP_MICROS"])
def test_rows_of_every_type_are_those_of_spark(spark, interpreted, written, stored):
    """Instants in either form, decimals, nested values and the first and last year are what Spark shows."""
    settings = {"spark.sql.parquet.outputTimestampType": stored}
    warehouse = written("7.1", everything(**VALUES), "2024-01-01", settings=settings)
    outputs = warehouse.outputs(table="shop.all", line="7.1")
    assert first_rows(warehouse, outputs, 5) == by_spark(spark, warehouse, outputs, 5)


@pytest.mark.breadth
def test_rows_come_in_the_order_of_spark(spark, interpreted, written):
    """Nulls come first, NaN last, and dates in order where the date is not the first column, too."""
    jobs = everything("ratio", "day", ratio=("double", ORDERED))
    warehouse = written("7.1", jobs, "2024-01-02", "2024-01-03", "2024-01-01")
    outputs = warehouse.outputs(table="shop.all", line="7.1")
    found = first_rows(warehouse, outputs, 5)
    assert str(found) == str(by_spark(spark, warehouse, outputs, 5))
    assert [(row["ratio"], row["day"]) for row in found[1]][:2] == [
        (None, "2024-01-03"),
        (-0.0, "2024-01-01"),
    ]


@pytest.mark.breadth
def test_values_in_the_names_of_folders(spark, interpreted, written):
    """Columns by which a date's files are laid out are shown, in their types, though no file holds them."""
    of_folders = {"n": ("int", "7"), "flag": ("boolean", "shop = 'north'"), "since": ("date", "day")}
    shop = ("string", "concat(shop, ' / 50%')")
    jobs = everything("shop", "day", shop=shop, one=("int", "1"), **of_folders)
    head, _, writes = jobs["everything"].replace("nullable=True", "nullable=False").partition("class")
    writes = writes.replace('partition_by="day"', f"partition_by={('day', 'shop', *of_folders)}")
    written("7.1", {"everything": f"{head}class{writes}"}, "2024-01-01")
    warehouse = written("7.2", everything("shop"), "2024-01-02")  # whose files hold the shop
    outputs = [output for line in ("7.1", "7.2") for output in warehouse.outputs(table="shop.all", line=line)]
    found = first_rows(warehouse, outputs, 9)
    assert found == by_spark(spark, warehouse, outputs, 9)
    assert [row["shop"] for row in found[1]] == ["north", "north / 50%", "south", "south / 50%"]
    assert first_rows(warehouse, outputs[:1], 9) == by_spark(spark, warehouse, outputs[:1], 9)


def test_two_lines_in_one_table(spark, interpreted, written):
    """What one line lacks is null in its rows; where dates come first, only the first are opened."""
    written("7.1", everything(), "2024-01-01")
    warehouse = written("7.2", everything(amount=("int", "1")), "2024-01-02")
    outputs = [output for line in ("7.1", "7.2") for output in warehouse.outputs(table="shop.all", line=line)]
    assert first_rows(warehouse, outputs, 9) == by_spark(spark, warehouse, outputs, 9)


@pytest.mark.breadth
def test_what_is_not_certain_is_left_to_the_engine(spark, interpreted, written, tmp_path):
    """Other types in other lines, files that are gone or changed, and places out of reach."""
    written("7.1", everything(amount=("int", "1")), "2024-01-01")
    warehouse = written("7.2", everything(amount=("string", "'1'")), "2024-01-02")
    old, new = (warehouse.outputs(table="shop.all", line=line) for line in ("7.1", "7.2"))
    with pytest.raises(UnreadError, match="column amount is string in one line, int in another"):
        first_rows(warehouse, [*old, *new], 5)
    elsewhere = Warehouse(replace(warehouse.config, warehouse="nowhere://here"), warehouse.ledger)
    with pytest.raises(UnreadError, match="nowhere"):
        first_rows(elsewhere, old, 5)
    file = next(Path(warehouse.config.warehouse, old[0].location).glob("day=*/*.parquet"))
    file.write_bytes(b"PAR1" + file.read_bytes())
    with pytest.raises(UnreadError, match="bytes, but was written with"):
        first_rows(warehouse, old, 5)
    file.unlink()
    with pytest.raises(UnreadError, match="No such file"):
        first_rows(warehouse, old, 5)


def test_a_warehouse_in_an_object_store(written, interpreted, tmp_path):
    """Where fsspec reaches the warehouse, so does `dwh show`."""
    import fsspec

    warehouse = written("7.1", everything(), "2024-01-01")
    outputs = warehouse.outputs(table="shop.all", line="7.1")
    here = first_rows(warehouse, outputs, 5)
    fsspec.filesystem("memory").put(warehouse.config.warehouse, "/bucket", recursive=True)
    shutil.rmtree(Path(warehouse.config.warehouse, "shop.all"))
    there = Warehouse(replace(warehouse.config, warehouse="memory://bucket"), warehouse.ledger)
    assert first_rows(there, outputs, 5) == here
