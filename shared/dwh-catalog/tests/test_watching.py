"""`dwh catalog sync --watch`, as a service beside."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cataloging import Lake
from stories import OLD, ONE, PUBLISHED, amounts
from warehousing import Runs

pytestmark = pytest.mark.catalog


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds, for a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


def amounts_in(lake: Lake) -> list[int]:
    return [row["amount"] for row in lake.rows(PUBLISHED)]


def test_it_follows_lives_through_a_catalog_that_is_down_and_ends_at_sigterm(
    runs: Runs, lake: Lake, home: Path
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    lake.sync()
    said, catalog, away = home / "said.txt", home / "catalog.db", home / "away.db"
    dwh = [str(Path(sys.executable).with_name("dwh")), "catalog", "sync", "--watch", "0.1"]
    with said.open("w") as output, subprocess.Popen(dwh, cwd=home, stderr=output) as service:
        try:
            runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
            eventually(lambda: amounts_in(lake) == [2])
            catalog.rename(away)
            catalog.mkdir()
            runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(3)})})
            eventually(lambda: "[DWH971] catalog lake" in said.read_text())
            catalog.rmdir()
            away.rename(catalog)
            eventually(lambda: amounts_in(lake) == [3])
            service.terminate()
            assert service.wait(30) == 0
        finally:
            service.kill()
    assert "Traceback" not in said.read_text()
