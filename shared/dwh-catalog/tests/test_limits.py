"""What is in the way of a catalog: told with what to do, and made up for by the next sync."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cataloging import Lake
from stories import OLD, ONE, PUBLISHED, amounts
from warehousing import Runs


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
