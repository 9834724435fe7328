"""What follows the ledger by itself: after each commit, and never in its way."""

from __future__ import annotations

import socket
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from cataloging import Lake
from warehousing import Runs, table

from dwh.catalog.errors import CatalogError
from dwh.core.config import load_config
from dwh.core.followers import FollowerWarning
from dwh.core.ledger.schema import publications, receipts
from dwh.core.warehouse import Warehouse
from dwh.migrate.old_tables import old_tables, remove_tables

DAY = date(2013, 1, 1)
TAKINGS = table("shop.takings", "day date", "amount bigint")


@pytest.fixture
def followed(runs: Runs) -> Runs:
    """Runs whose commits the catalog follows."""
    return Runs(Warehouse.open(runs.warehouse.config))


def test_a_commit_is_in_the_catalog_at_once(followed: Runs, lake: Lake) -> None:
    run = followed.commit(TAKINGS, {DAY: [{"amount": 1}]})
    followed.publish("shop.takings", {DAY: run})
    assert lake.rows("prod_shop.takings") == [{"day": DAY, "amount": 1}]
    assert {one.state for one in lake.standings().values()} == {"current"}


def test_a_catalog_that_is_down_is_named_and_fails_nothing(followed: Runs, home: Path, lake: Lake) -> None:
    (home / "catalog.db").unlink()
    (home / "catalog.db").mkdir()
    with pytest.warns(FollowerWarning, match=r"\[DWH971\] catalog lake: connecting: .*dwh catalog sync"):
        followed.commit(TAKINGS, {DAY: [{"amount": 1}]})
    assert len(followed.warehouse.outputs(table="shop.takings", line="0.1")) == 1


def test_a_catalog_that_never_answers_is_waited_for_no_longer_than_its_limit(home: Path, runs: Runs) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = f'uri = "http://127.0.0.1:{silent.getsockname()[1]}"'
        text = (home / "dwh.toml").read_text().replace('uri = "sqlite:///catalog.db"', settings)
        (home / "dwh.toml").write_text(text.replace('type = "sql"', 'type = "rest"\ntimeout_seconds = 0.3'))
        followed = Runs(Warehouse.open(load_config(home, {})))
        started = time.perf_counter()
        with pytest.warns(FollowerWarning, match=r"catalog lake has not answered in 0\.3 seconds; .*sync"):
            followed.commit(TAKINGS, {DAY: [{"amount": 1}]})
        assert 0.3 <= time.perf_counter() - started < 5
    assert len(followed.warehouse.outputs(table="shop.takings", line="0.1")) == 1


@pytest.fixture
def behind(runs: Runs, lake: Lake) -> Runs:
    """Runs of a whole table: of three dates, long ago, after the first of which the catalog went down."""
    for place in range(3):
        day = DAY + timedelta(days=place)
        run = runs.commit(table("shop.all", "amount bigint", partition_by=None), {day: [{"amount": place}]})
        runs.publish("shop.all", {day: run})
        _age(runs, day, days=40 - 10 * place)
        if place == 0:
            lake.sync()
    return runs


def _age(runs: Runs, day: date, days: int) -> None:
    """Let what was committed for a date have been committed some days ago."""
    at = datetime.now(timezone.utc) - timedelta(days=days)
    with runs.warehouse.ledger.writing() as connection:
        mine = publications.c.partition_date == day
        connection.execute(publications.update().where(mine).values(published_at=at))
        connection.execute(receipts.update().where(receipts.c.partition_date == day).values(committed_at=at))


def test_gc_keeps_what_a_catalog_that_is_behind_still_names(behind: Runs, lake: Lake) -> None:
    assert old_tables(behind.warehouse, 1, 0) == []
    assert [row["amount"] for row in lake.rows("prod_shop.all")] == [0]
    lake.sync()
    old = old_tables(behind.warehouse, 1, 0)
    assert [run.first_date for run in old] == [DAY, DAY + timedelta(days=1)]
    assert len(remove_tables(behind.warehouse, old, 1, 0)) == 2
    assert [row["amount"] for row in lake.rows("prod_shop.all")] == [2]


def test_gc_removes_no_old_table_while_a_catalog_is_down(behind: Runs, home: Path) -> None:
    (home / "catalog.db").rename(home / "away.db")
    (home / "catalog.db").mkdir()
    said = r"catalog lake: asking which outputs it still names: .*; nothing was removed: try again when"
    with pytest.raises(CatalogError, match=said):
        old_tables(behind.warehouse, 1, 0)
    assert old_tables(behind.warehouse, 3, 0) == []  # which it does not have to be asked for


def test_gc_keeps_what_is_named_beneath_the_commit_of_another(behind: Runs, lake: Lake) -> None:
    lake.table("prod_shop.all").append(pa.table({"amount": pa.array([9], pa.int64())}))
    assert old_tables(behind.warehouse, 1, 0) == []
