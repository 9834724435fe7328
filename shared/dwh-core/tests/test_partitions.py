"""Outputs laid out by further columns: files by date and shop, read and missed as all others are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dwh.core import Column, Table
from dwh.core.compatibility import output_differences
from dwh.core.errors import DefinitionError, LostFilesError, RunError
from dwh.core.storage.parquet import ParquetRuns
from dwh.core.warehouse import read_table

FIRST, SECOND = "2024-01-01", "2024-01-02"
BY_DATE, BY_SHOP = (f"partition_by={by},\n    )\n\n    def" for by in ('"day"', '("day", "shop")'))
DAY, SHOP, AMOUNT = Column("day", "date"), Column("shop", "string"), Column("amount", "double")


def renamed(name):
    """Return the body of a job in which the shop in the south has this name."""
    other = f'F.when(F.col("shop") == "south", "{name}").otherwise(F.col("shop"))'
    return f'return takings.withColumn("shop", {other})'


@pytest.fixture
def run(spark, warehouse, job):
    """Run `takings` by date and shop, with a body of its own."""

    def by_shop(first=FIRST, last=FIRST, **replaced):
        made = job(**replaced, **{BY_DATE: BY_SHOP})
        return made.run(start=first, end=last, spark=spark, warehouse=warehouse)

    return by_shop


@pytest.fixture
def read(spark, warehouse):
    """Read what line 7.1 has written."""

    def rows(**dates):
        frame = read_table(spark, "shop.takings", line="7.1", warehouse=warehouse, **dates)
        return sorted((str(row["day"]), row["shop"], row["orders"]) for row in frame.collect())

    return rows


@pytest.mark.breadth
@pytest.mark.parametrize("name", ["007", "a/b", "50% off = ü", " "])
def test_values_come_back_as_they_were(run, read, name):
    """Whatever a value holds, it is a folder's name and comes back in its type."""
    run(FIRST, SECOND, body=renamed(name))
    assert read() == sorted([(FIRST, "north", 2), (FIRST, name, 1), (SECOND, "north", 1), (SECOND, name, 1)])
    assert read(start=SECOND, end=SECOND) == sorted([(SECOND, "north", 1), (SECOND, name, 1)])


def test_a_file_below_a_date_that_has_vanished(warehouse, run, read):
    """Files below a date are recorded, and one that is gone is said."""
    run()
    (record,) = warehouse.ledger.find_runs()
    folder = Path(ParquetRuns(warehouse.config.warehouse).place(record.location), f"day={FIRST}")
    assert read() == [(FIRST, "north", 2), (FIRST, "south", 1)]
    next((folder / "shop=south").glob("*.parquet")).unlink()
    with pytest.raises(LostFilesError, match=r"1 of 2 files is gone, .* \(day=\S+/shop=south/"):
        read()


def test_a_value_that_names_no_folder(run):
    """An empty text would come back as null, so it fails the run."""
    message = "column shop of shop.takings is null or empty in the row day=2024-01-01"
    with pytest.raises(RunError, match=re.escape(message)):
        run(body=renamed(""))


@pytest.mark.parametrize(
    ("partition_by", "problem"),
    [
        (("shop", "day"), "shop must be a column of type date"),
        (("day", "day"), "names a column twice"),
        (("day", "amount"), "folders name values of string, .*; amount is double"),
        (("day", "nothing"), "is not a column"),
    ],
)
def test_columns_that_lay_out_no_files(partition_by, problem):
    """The first is the logical date, and the others have values that can be folders."""
    with pytest.raises(DefinitionError, match=problem):
        Table("t", (DAY, SHOP, AMOUNT), partition_by=partition_by)


def test_another_layout_breaks_a_contract():
    """A record holds further columns, and adding one is another partitioning."""
    old, new = (Table("t", (DAY, SHOP), partition_by=by).to_dict() for by in ("day", ("day", "shop")))
    assert Table.from_dict(new).partitions == ("day", "shop")
    assert old["partition_by"] == new["partition_by"] == "day"
    (found,) = output_differences(old, new, {})
    assert (found.breaks, found.message) == (True, "the partitioning changed: day → day, shop")
