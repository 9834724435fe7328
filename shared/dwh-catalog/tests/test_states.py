"""Readers see whole states alone, and no kill leaves a catalog that the next sync does not put right."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from cataloging import Lake
from readers import by_duckdb, by_pyiceberg
from stories import OLD, ONE, PUBLISHED, STORIES, THREE, TWO, Read, amounts
from syncers import started_syncer
from warehousing import Runs

from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse

pytestmark = pytest.mark.catalog

DAYS = (ONE, TWO, THREE)
BOUNDARIES = (
    "dwh.catalog.following.catalog_settings",
    "dwh.catalog.connecting.connect",
    "dwh.catalog.sync.wanted_state",
    "dwh.catalog.commits.written_manifest",
    "dwh.catalog.commits._write_list",
    "dwh.catalog.connecting.Connected.commit",
    "pyiceberg.catalog.sql.SqlCatalog._write_metadata",
    "pyiceberg.catalog.sql.update",  # the metadata is written, and nothing points to it yet
    "dwh.catalog.sync.remove_dropped",
)
KILLED = """
import os, signal, sys
from importlib import import_module

def dies(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

name = sys.argv[1]
import dwh.catalog.sync, dwh.catalog.connecting
owner, attribute = name.rsplit(".", 1)
try:
    owner = import_module(owner)
except ImportError:
    owner = getattr(import_module(owner.rsplit(".", 1)[0]), owner.rsplit(".", 1)[1])
setattr(owner, attribute, dies)
from dwh.core.followers import tell_followers
from dwh.core.config import load_config
tell_followers(load_config(), ["shop.takings"])
sys.exit("was not killed")
"""


@pytest.fixture
def two_states(runs: Runs, lake: Lake) -> list[dict]:  # type: ignore[type-arg]
    """What is published in either state: three dates of one line, or of the other, by other sums."""
    states = []
    for line, amount in (("7.1", 1), ("7.2", 1000)):
        run = runs.commit(OLD, {day: amounts(amount) for day in DAYS}, line)
        states.append(dict.fromkeys(DAYS, run))
    runs.publish("shop.takings", states[0])
    lake.sync()
    return states


def pointer(home: Path) -> str:
    """Return where the catalog says that the newest metadata is."""
    with closing(sqlite3.connect(home / "catalog.db", timeout=60)) as catalog:
        query = "SELECT metadata_location FROM iceberg_tables WHERE table_name = 'takings'"
        return str(catalog.execute(query).fetchone()[0])


def files_below(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*.parquet")}


def test_a_duckdb_reader_sees_only_whole_states(
    runs: Runs,
    lake: Lake,
    home: Path,
    two_states: list[dict],  # type: ignore[type-arg]
) -> None:
    seen: list[tuple[int, int]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def read_on() -> None:
        every = Read(PUBLISHED, ("day", "amount"), [])
        try:
            while not done.is_set():
                rows = by_duckdb(pointer(home), every)
                seen.append((len(rows), sum(row[1] for row in rows)))
        except BaseException as error:
            failed.append(error)

    reader = threading.Thread(target=read_on)
    reader.start()
    for move in range(100):
        runs.publish("shop.takings", two_states[(move + 1) % 2])
        lake.sync(["shop.takings"], wholly=False)
    done.set()
    reader.join(60)
    assert not failed
    assert set(seen) == {(3, 3), (3, 3000)}
    print(f"\n{len(seen)} reads during 100 moves")


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_a_kill_between_ledger_and_catalog_loses_nothing(
    boundary: str,
    runs: Runs,
    lake: Lake,
    home: Path,
    two_states: list[dict],  # type: ignore[type-arg]
) -> None:
    files = files_below(home / "warehouse" / "shop.takings")
    runs.publish("shop.takings", two_states[1])
    ended = subprocess.run([sys.executable, "-c", KILLED, boundary], cwd=home, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert sum(row["amount"] for row in lake.rows(PUBLISHED)) in (3, 3000)
    lake.sync()
    assert sum(row["amount"] for row in lake.rows(PUBLISHED)) == 3000
    assert lake.standings()[PUBLISHED].is_current
    assert files_below(home / "warehouse" / "shop.takings") == files


def test_two_syncers_that_are_killed_at_random_leave_what_the_ledger_says(
    runs: Runs,
    lake: Lake,
    home: Path,
    two_states: list[dict],  # type: ignore[type-arg]
) -> None:
    """DWH_KILLS says how often, by default ten times."""
    chance = random.Random(11)
    kills, sequences = int(os.environ.get("DWH_KILLS", 10)), set()
    again = runs.commit(OLD, {day: amounts(10) for day in DAYS}, "7.2")
    states, files = [*two_states, dict.fromkeys(DAYS, again)], files_below(home / "warehouse")
    syncers = [started_syncer(home), started_syncer(home)]
    try:
        for kill in range(kills):
            runs.publish("shop.takings", states[kill % 3])
            time.sleep(chance.random() / 2)
            _replace(syncers, chance.randrange(2), home)
            assert sum(row["amount"] for row in lake.rows(PUBLISHED)) in (3, 30, 3000)
            sequences.add(lake.standings()[PUBLISHED].catalog)
        runs.publish("shop.takings", states[1])
    finally:
        for syncer in syncers:
            syncer.kill()
            syncer.join()
    lake.sync()
    assert sum(row["amount"] for row in lake.rows(PUBLISHED)) == 3000
    assert set(lake.sync().values()) == {"unchanged"}
    assert files_below(home / "warehouse") == files
    assert len(sequences) > kills // 10  # they did come to commit
    print(f"\n{kills} kills, {len(sequences)} states seen between them")


def _replace(syncers: list[ForkServerProcess], place: int, home: Path) -> None:
    """Kill a syncer, which was alive, and start another."""
    assert syncers[place].is_alive()
    syncers[place].kill()
    syncers[place].join()
    syncers[place] = started_syncer(home)


@pytest.fixture
def in_postgresql(home: Path, runs: Runs, postgresql_url: str) -> Iterator[Lake]:
    """A catalog in PostgreSQL."""
    text = (home / "dwh.toml").read_text().replace("sqlite:///catalog.db", postgresql_url)
    (home / "dwh.toml").write_text(text)
    yield Lake.of(Warehouse(load_config(home, {}), runs.warehouse.ledger))


@pytest.mark.parametrize("story", list(STORIES))
def test_a_catalog_in_postgresql_is_read_by_duckdb_and_pyiceberg(
    story: str, runs: Runs, in_postgresql: Lake, two_lines: None
) -> None:
    for step in STORIES[story](runs):
        in_postgresql.sync()
        for read in step:
            metadata = in_postgresql.metadata(read.table)
            assert len(by_duckdb(metadata, read)) == len(by_pyiceberg(metadata, read)) == len(read.rows)
