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

ONE = date(2013, 1, 1)
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
