"""What follows the ledger by itself: after each commit, and never in its way."""

from __future__ import annotations

import socket
import time
from datetime import date
from pathlib import Path

import pytest
from cataloging import Lake
from warehousing import Runs, table

from dwh.core.config import load_config
from dwh.core.followers import FollowerWarning
from dwh.core.warehouse import Warehouse

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
