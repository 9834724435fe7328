"""Published tables in a catalog: the same rows as the ledger has, whatever has happened."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cataloging import Lake
from readers import as_plain, by_pyiceberg
from stories import STORIES
from warehousing import Runs, table

ONE, TWO, THREE = date(2013, 1, 1), date(2013, 1, 2), date(2014, 1, 3)
TAKINGS = table("shop.takings", "day date", "shop string", "amount bigint")


def rows_of(*amounts: int, shop: str = "north"):  # type: ignore[no-untyped-def]
    return [{"shop": shop, "amount": amount} for amount in amounts]


def test_a_published_table_is_there_with_its_dates(runs: Runs, lake: Lake) -> None:
    run = runs.commit(TAKINGS, {ONE: rows_of(1, 2), TWO: rows_of(3), THREE: rows_of(4)})
    runs.publish("shop.takings", {ONE: run, TWO: run})
    assert lake.sync() == {"prod_shop.takings": "created", "prod_shop.takings__v0_1": "created"}
    assert sorted(row["amount"] for row in lake.rows("prod_shop.takings")) == [1, 2, 3]
    found = lake.rows("prod_shop.takings", row_filter=f"day = '{TWO}'")
    assert found == [{"day": TWO, "shop": "north", "amount": 3}]
    assert len(lake.rows("prod_shop.takings__v0_1")) == 4


@pytest.mark.parametrize(
    "story", ["one date again", "half on another line", "whole table", "further columns"]
)
def test_readers_get_what_is_published_after_each_step(
    story: str, runs: Runs, lake: Lake, two_lines: None
) -> None:
    for step in STORIES[story](runs):
        lake.sync()
        assert set(lake.sync().values()) == {"unchanged"}
        for read in step:
            found = by_pyiceberg(lake.metadata(read.table), read)
            assert as_plain(found) == as_plain(read.rows), read


def test_metadata_that_cannot_be_written_is_a_problem_of_that_table(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(TAKINGS, {ONE: rows_of(1)})})
    in_the_way = Path(runs.warehouse.config.warehouse, "_catalog")
    in_the_way.write_text("")
    problems = lake.problems()
    assert len(problems) == 2
    assert "[DWH971] catalog lake: describing table prod_shop.takings: " in problems[0]
    assert "_catalog/lake can be written" in problems[0]
    in_the_way.unlink()
    assert set(lake.sync().values()) == {"created"}
