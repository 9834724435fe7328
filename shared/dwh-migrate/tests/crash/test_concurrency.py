"""Many processes run, publish, promote and roll back the same partitions at the same time.

Each takes the public functions on a ledger of its own connection; only Spark is left out. Some read all
the time, and check what they see. `DWH_SECONDS` says how long it goes on.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
import sqlalchemy as sa
from children import race
from invariants import ledger_problems
from world import ENVIRONMENTS, open_warehouse, pin_everything

from dwh.core.ledger.schema import decisions, plans, receipts, runs, tables

pytestmark = pytest.mark.kills

SECONDS = float(os.environ.get("DWH_SECONDS", "60"))
PINS = len(ENVIRONMENTS) * 2


@pytest.mark.parametrize(("database", "writers", "readers"), [("postgresql", 13, 3), ("sqlite", 3, 1)])
def test_many_at_once(
    database: str,
    writers: int,
    readers: int,
    processes: ForkServerContext,
    new_ledger: Callable[[str], str],
    tmp_path: Path,
) -> None:
    """Nothing that was done is lost, nothing uncommitted or mixed is shown, and nobody meets a deadlock."""
    ledger = new_ledger(database)
    warehouse = open_warehouse(tmp_path, ledger)
    pin_everything(warehouse)
    said = processes.Queue()
    ready = processes.Barrier(writers + readers)
    started = [
        processes.Process(
            target=race, args=(str(tmp_path), ledger, seed, seed >= writers, SECONDS, ready, said)
        )
        for seed in range(writers + readers)
    ]
    for process in started:
        process.start()
    answers = [said.get(timeout=SECONDS + 240) for _ in started]
    for process in started:
        process.join(timeout=60)
    done, refused = Counter(), Counter()
    for counted, others, failure in answers:
        assert failure is None, failure
        done += counted
        refused += others
    print(f"\n{database}: {dict(sorted(done.items()))}\n  refused: {dict(sorted(refused.items()))}")

    assert ledger_problems(warehouse.ledger) == []
    with warehouse.ledger.reading() as connection:

        def count(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
            return connection.scalar(sa.select(sa.func.count()).select_from(table).where(*conditions)) or 0

        assert count(runs, runs.c.status == "committed") == done["committed"]
        assert count(runs, runs.c.status == "failed") == done["failed"]
        assert count(runs) == done["committed"] + done["failed"]
        assert count(receipts) == done["receipts"]
        assert count(decisions) == done["decided"] + PINS
        assert count(plans) == done["planned"]
        numbers = connection.scalar(sa.select(sa.func.sum(tables.c.sequence)))
    # Each number was taken by one commit, one decision or one resolution, of which some decided nothing new.
    least = done["committed"] + done["decided"] + PINS
    assert least <= numbers <= least + done["resolved"]
    assert min(done["committed"], done["decided"], done["read"]) > 0
