"""What is in the way of a catalog: told with what to do, and made up for by the next sync."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cataloging import Lake
from stories import OLD, ONE, PUBLISHED, amounts
from warehousing import Runs

from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file of this process grow beyond 100 bytes, as on a full disk."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_told_and_the_next_sync_makes_up_for_it(runs: Runs, lake: Lake) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
    with no_room():
        problems = lake.problems()
    assert problems and all("[DWH97" in problem for problem in problems)
    assert "the next dwh catalog sync makes up for it" in problems[0]
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [1]
    assert lake.sync()[PUBLISHED] == "updated"
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [2]


def test_a_name_that_is_too_long_fails_alone_with_its_pattern(runs: Runs, home: Path) -> None:
    """Each part is a folder of the catalog's metadata, too, which takes as many characters."""
    pattern = f"lines.{{schema}}_{{table}}_{'x' * 250}_{{line}}"
    (home / "dwh.toml").write_text(f'{(home / "dwh.toml").read_text()}lines = "{pattern}"\n')
    lake = Lake.of(Warehouse(load_config(home, {}), runs.warehouse.ledger))
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    (problem,) = lake.problems()
    assert "has 267 characters, and a catalog takes 255; give catalogs.lake.lines in dwh.toml" in problem
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [1]


def test_a_clock_that_is_behind_is_no_hindrance(
    runs: Runs, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
    earlier = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: earlier)
    assert lake.sync()[PUBLISHED] == "updated"
    first, second = lake.table(PUBLISHED).metadata.snapshots
    assert first.timestamp_ms < second.timestamp_ms
    assert [row["amount"] for row in lake.rows(PUBLISHED)] == [2]
