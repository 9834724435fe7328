"""What catalogs say of files: what runs have recorded, and where these recorded less, what footers say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cataloging import Lake
from warehousing import Runs, partitioned, table

ONE, TWO = date(2013, 1, 1), date(2013, 1, 2)
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


def test_bounds_of_decimals_have_all_their_digits(runs: Runs, lake: Lake) -> None:
    """Python's own arithmetic rounds to 28."""
    sums = table("shop.takings", "day date", "sum decimal(38,10)")
    least, most = Decimal(f"-{'9' * 28}.9999999999"), Decimal(f"{'9' * 28}.0000000001")
    runs.publish("shop.takings", {ONE: runs.commit(sums, {ONE: [{"sum": least}, {"sum": most}]})})
    lake.sync()
    assert bounds(lake) == {"sum": (0, least, most)}


def test_dates_of_one_line_in_other_folders_than_its_contract_has_now_are_refused(
    runs: Runs, lake: Lake
) -> None:
    """While a line is being developed, its partitions may change under outputs that are there already."""
    by_shop = partitioned("shop.takings", "day date", "shop string", "amount bigint", by=("day", "shop"))
    run = runs.commit(TAKINGS, {ONE: ROWS})
    runs.publish("shop.takings", {ONE: run, TWO: runs.commit(by_shop, {TWO: ROWS})})
    with pytest.raises(AssertionError, match=r"column shop partitions the table, and no folder names it, .*"):
        lake.sync()
    again = runs.commit(TAKINGS, {ONE: ROWS})
    runs.publish("shop.takings", {ONE: again})
    with pytest.raises(
        AssertionError, match=r"column shop is in the names of the folders alone, .*run these"
    ):
        lake.sync()
