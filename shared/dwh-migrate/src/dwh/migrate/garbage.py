"""Removes what runs that never committed left behind.

Only runs that the ledger knows are looked at, and only their own folders removed: a wrong
warehouse or ledger in the configuration cannot make this delete a stranger's files.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

import fsspec
import psutil

from dwh.core.errors import LedgerError
from dwh.core.ledger import RunRecord
from dwh.core.ledger.schema import runs
from dwh.core.storage import place_of
from dwh.core.warehouse import Warehouse

__all__ = ["collect", "dead_runs"]


def dead_runs(warehouse: Warehouse, older_than_hours: float) -> list[RunRecord]:
    """Return the runs that will never commit and may still have files.

    They failed, or were abandoned, or are recorded as started while their process is gone. Whether
    a process of another machine is gone cannot be seen from here: its runs count as dead
    `older_than_hours` after they started.
    """
    wanted = runs.c.status.in_(["started", "failed", "abandoned"]) & (runs.c.location != "")
    oldest = datetime.now(timezone.utc) - timedelta(hours=older_than_hours)
    return [
        run for run in warehouse.ledger.find_runs(wanted) if run.status != "started" or _is_dead(run, oldest)
    ]


def collect(warehouse: Warehouse, dead: Iterable[RunRecord]) -> list[RunRecord]:
    """Remove the files of dead runs, and return those runs.

    A run that is still recorded as started is first marked abandoned, so that it cannot commit any
    more if it lives after all; one that has just committed is left alone.
    """
    collected = []
    for run in dead:
        if run.status == "started":
            try:
                warehouse.ledger.fail_run(run.id, "its process ended without a word", "abandoned")
            except LedgerError:
                continue  # it has ended in the meantime, so it was not dead
        files, path = fsspec.core.url_to_fs(place_of(warehouse.config.warehouse, run.location))
        if files.exists(path):
            files.rm(path, recursive=True)
        warehouse.ledger.forget_run(run.id)
        collected.append(run)
    return collected


def _is_dead(run: RunRecord, oldest: datetime) -> bool:
    if run.host != socket.gethostname():
        return run.started_at < oldest
    try:
        began = psutil.Process(run.pid).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(began > run.started_at.timestamp())  # another process has been given the same number
