"""Processes are killed at random times, whatever they are doing, again and again on the same warehouse.

In the first test a child does what DAGs and operators do, at random: runs by environment and by line, pins,
plans, starts, steps, cutovers, rollbacks and gc. The ledger and everything that decides is the real thing;
the files are real, but written by pyarrow in Spark's stead, so that a child lives long enough to do much. In
the second test a child is a client of a real Spark, runs a job and its shadow and compares them. It counts
for a tenth of the kills.

`DWH_KILLS` says how many kills there are, `DWH_SEED` repeats a run's choices, though not its timing.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from children import act_until_killed, run_until_killed
from invariants import file_problems, ledger_problems, orphans, snapshot_problems
from world import (
    COMPATIBLE,
    DAYS,
    ENVIRONMENTS,
    NEW,
    OLD,
    TABLES,
    Operator,
    open_warehouse,
    pin_everything,
    write_files,
)

from dwh.core.config import load_config
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse
from dwh.migrate import rollout
from dwh.migrate.garbage import collect, dead_runs

pytestmark = pytest.mark.kills

KILLS = int(os.environ.get("DWH_KILLS", "200"))
SEED = int(os.environ.get("DWH_SEED", random.SystemRandom().randrange(10**6)))
CHECKED_EVERY = 10  # kills, whole history and files; what a reader sees is checked after each
DATABASES = ("sqlite", "postgresql")


@pytest.mark.parametrize("database", DATABASES)
def test_of_everything(
    database: str, processes: ForkServerContext, new_ledger: Callable[[str], str], tmp_path: Path
) -> None:
    """After each kill a reader gets one consistent state and the next command works; gc leaves no orphan."""
    chance = random.Random(f"{SEED} {database}")
    url = new_ledger(database)
    warehouse = open_warehouse(tmp_path, url)
    pin_everything(warehouse)
    survivor = Operator(warehouse, chance.randrange(10**6), write_files)
    with_spark = KILLS // 10
    kills = (KILLS - with_spark + 1) // 2
    for number in range(1, kills + 1):
        child = processes.Process(target=act_until_killed, args=(str(tmp_path), url, chance.randrange(10**6)))
        child.start()
        time.sleep(chance.uniform(0.05, 1))
        child.kill()
        child.join(timeout=60)
        assert child.exitcode == -signal.SIGKILL, f"seed {SEED}, {number}: it died by itself"
        assert seen(warehouse) == [], f"seed {SEED}, {number}"
        survivor.act()
        if number % CHECKED_EVERY == 0 or number == kills:
            check_everything(warehouse, f"seed {SEED}, {number}")
    states = Counter(run.status for run in warehouse.ledger.find_runs())
    assert states["committed"] and states["abandoned"] and not states["started"]
    print(f"\n{database}: {kills} kills, seed {SEED}, runs: {dict(states)}, survivor: {dict(survivor.done)}")


@pytest.mark.parametrize("database", DATABASES)
def test_of_runs_with_spark(
    database: str,
    processes: ForkServerContext,
    new_ledger: Callable[[str], str],
    server: str,
    home: Path,
) -> None:
    """The same of real runs, whose Spark goes on for a while after its client is dead."""
    chance = random.Random(f"{SEED} spark {database}")
    url = new_ledger(database)
    warehouse = Warehouse.create(replace(load_config(home), ledger=url, environment="prod"))
    pin_everything(warehouse)
    rollout.plan(warehouse, job=COMPATIBLE, old=OLD, new=NEW, environment="prod", steps=("shadow", "100%"))
    rollout.start(warehouse, job=COMPATIBLE, environment="prod", reason="the test")
    kills = KILLS // 20
    for number in range(1, kills + 1):
        child = processes.Process(target=run_until_killed, args=(str(home), url, server, DAYS[0]))
        child.start()
        time.sleep(chance.uniform(0.5, 8))
        child.kill()
        child.join(timeout=60)
        assert child.exitcode == -signal.SIGKILL, f"seed {SEED}, {number}: it died by itself"
        assert seen(warehouse) == file_problems(warehouse) == [], f"seed {SEED}, {number}"
    time.sleep(10)  # until what Spark was told last has ended
    check_everything(warehouse, f"seed {SEED}")
    states = Counter(run.status for run in warehouse.ledger.find_runs())
    print(f"\n{database}: {kills} kills of real runs, seed {SEED}, runs: {dict(states)}")


def seen(warehouse: Warehouse) -> list[str]:
    """Return what is wrong with what readers see."""
    return [
        problem
        for job, table in TABLES.items()
        for environment in ENVIRONMENTS
        for problem in snapshot_problems(warehouse.ledger, environment, job, table)
    ]


def check_everything(warehouse: Warehouse, when: str) -> None:
    """Collect, and check the whole history and every file."""
    collect(warehouse, dead_runs(warehouse, 24))
    assert warehouse.ledger.find_runs(runs.c.status == "started") == [], when
    assert ledger_problems(warehouse.ledger) == [], when
    assert file_problems(warehouse) == [], when
    assert orphans(warehouse) == [], when
