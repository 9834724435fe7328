"""Adopted files in a catalog."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cataloging import Lake
from warehousing import Runs, table

from dwh.core.grain import Hour
from dwh.core.ledger.records import ADOPTED_STORAGE
from dwh.core.storage.footers import read_footers

ONE, TWO = date(2013, 1, 1), date(2013, 1, 2)
TAKINGS = table("shop.takings", "day date", "amount bigint")


def test_they_are_named_where_they_lie(runs: Runs, lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    (folder / f"day={ONE}").mkdir(parents=True)
    pq.write_table(pa.table({"amount": pa.array([7], pa.int64())}), folder / f"day={ONE}" / "part-0.parquet")
    run = replace(runs.record(TAKINGS, [ONE]), location=str(folder), storage=ADOPTED_STORAGE)
    runs.warehouse.ledger.start_run(run)
    runs.warehouse.ledger.commit_run(run, {ONE: 1}, {ONE: read_footers(str(folder))})
    runs.publish("shop.takings", {ONE: run.id})
    lake.sync()
    assert lake.rows("prod_shop.takings") == [{"day": ONE, "amount": 7}]


NUMBERS = {"shop": 1, "refunds": 2, "orders": 3, "at": 7, "element": 9, "a": 8}
"""As another table has numbered the columns of its files: not in the order of the contract."""


def numbered(name: str, type_: pa.DataType) -> pa.Field:
    return pa.field(name, type_, metadata={"PARQUET:field_id": str(NUMBERS[name])})


def adopted(runs: Runs, folder: Path, day: date, *fields: pa.Field) -> str:
    """Commit a file that Iceberg has numbered, as one that was adopted; return the run."""
    values = {"shop": "north", "refunds": 5, "orders": 100, "at": [{"a": 7}]}
    (folder / f"day={day}").mkdir(parents=True)
    rows = pa.Table.from_pylist([{field.name: values[field.name] for field in fields}], pa.schema(fields))
    pq.write_table(rows, folder / f"day={day}" / "part-0.parquet")
    run = replace(runs.record(NUMBERED, [day]), location=str(folder), storage=ADOPTED_STORAGE)
    runs.warehouse.ledger.start_run(run)
    runs.warehouse.ledger.commit_run(run, {day: 1}, {day: read_footers(str(folder))})
    return run.id


NUMBERED = table("shop.takings", "day date", "orders bigint", "refunds bigint", "at array<struct<a:int>>")
ORDERS, REFUNDS = numbered("orders", pa.int64()), numbered("refunds", pa.int64())
AT = numbered("at", pa.list_(numbered("element", pa.struct([numbered("a", pa.int32())]))))


def test_a_new_table_takes_the_numbers_of_its_files(runs: Runs, lake: Lake, tmp_path: Path) -> None:
    """Engines go by them before they go by names: orders would be refunds. Files of runs have none."""
    runs.publish("shop.takings", {ONE: adopted(runs, tmp_path / "old", ONE, REFUNDS, ORDERS, AT)})
    runs.publish("shop.takings", {TWO: runs.commit(NUMBERED, {TWO: [{"orders": 1, "refunds": 2}]})})
    lake.sync(["shop.takings"])
    found = {row["day"]: row for row in lake.rows("prod_shop.takings")}
    assert found[ONE] == {"day": ONE, "orders": 100, "refunds": 5, "at": [{"a": 7}]}
    assert (found[TWO]["orders"], found[TWO]["refunds"]) == (1, 2)
    fields = {field.name: field.field_id for field in lake.table("prod_shop.takings").schema().fields}
    assert fields == {"day": 10, "orders": 3, "refunds": 2, "at": 7}


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ((ORDERS, REFUNDS, AT), "orders has Iceberg's number 3"),
        ((pa.field("orders", pa.int64()), REFUNDS, AT), "orders has no number of Iceberg's"),
        ((numbered("shop", pa.string()),), "shop has Iceberg's number 1"),
    ],
)
def test_files_whose_numbers_are_another_tables_are_refused(
    runs: Runs, lake: Lake, tmp_path: Path, fields: tuple[pa.Field, ...], column: str
) -> None:
    runs.publish("shop.takings", {TWO: runs.commit(NUMBERED, {TWO: [{"orders": 1, "refunds": 2}]})})
    lake.sync(["shop.takings"])
    runs.publish("shop.takings", {ONE: adopted(runs, tmp_path / "old", ONE, *fields)})
    problem = lake.problems()[0]
    assert f"[DWH973] shop.takings: column {column} in files such as day={ONE}/part-0.parquet" in problem
    assert [row["orders"] for row in lake.rows("prod_shop.takings")] == [1]


def test_hours_that_only_folders_name_are_refused(runs: Runs, lake: Lake, tmp_path: Path) -> None:
    """No entry can give an engine the column's value, which would be null in silence."""
    hour = Hour.at(datetime(2013, 1, 1, 7, tzinfo=timezone.utc))
    folder = tmp_path / "old" / "at=2013-01-01 07%3A00%3A00"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"amount": pa.array([7], pa.int64())}), folder / "part-0.parquet")
    hourly = table("shop.takings", "at timestamp", "amount bigint")
    run = replace(runs.record(hourly, [hour]), location=str(folder.parent), storage=ADOPTED_STORAGE)
    runs.warehouse.ledger.start_run(run)
    runs.warehouse.ledger.commit_run(run, {hour: 1}, {hour: read_footers(str(folder.parent))})
    runs.publish("shop.takings", {hour: run.id})
    with pytest.raises(AssertionError, match=r"DWH973.*column at is in the names of the folders alone"):
        lake.sync()
