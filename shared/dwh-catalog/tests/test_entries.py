"""What catalogs say of files: what runs have recorded, and where these recorded less, what footers say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from cataloging import Lake
from warehousing import Runs, table

ONE = date(2013, 1, 1)
TAKINGS = table("shop.takings", "day date", "shop string", "amount bigint")
ROWS = [{"shop": "north", "amount": 7}, {"shop": "north-by-north-west", "amount": 9}]


def bounds(lake: Lake) -> dict[str, Any]:
    """Return nulls and bounds of the columns of the one file of the published table."""
    (found,) = lake.table("prod_shop.takings").inspect.files()["readable_metrics"].to_pylist()
    return {
        name: (said["null_value_count"], said["lower_bound"], said["upper_bound"])
        for name, said in found.items()
        if name != "day"
    }


EXPECTED = {"shop": (0, "north", "north-by-north-x"), "amount": (0, 7, 9)}


def test_no_file_is_opened_that_its_run_has_described(runs: Runs, lake: Lake) -> None:
    run = runs.commit(TAKINGS, {ONE: ROWS})
    runs.publish("shop.takings", {ONE: run})
    (file,) = Path(runs.warehouse.config.warehouse, "shop.takings").rglob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(b"")
    lake.sync()
    file.write_bytes(content)
    assert bounds(lake) == EXPECTED
    assert lake.rows("prod_shop.takings", row_filter="amount > 8")[0]["shop"] == "north-by-north-west"


def test_files_of_older_releases_are_opened(runs: Runs, lake: Lake) -> None:
    run = runs.commit(TAKINGS, {ONE: ROWS})
    runs.publish("shop.takings", {ONE: run})
    runs.forget_files()
    lake.sync()
    assert bounds(lake) == EXPECTED
