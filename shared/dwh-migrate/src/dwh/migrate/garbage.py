"""Removes what runs that never committed left behind.

Only runs that the ledger knows are looked at, and only their own folders removed: a wrong
warehouse or ledger in the configuration cannot make this delete a stranger's files.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from dwh.core.errors import LedgerError
from dwh.core.ledger import RunRecord
from dwh.core.ledger.schema import runs
from dwh.core.process import has_ended
from dwh.core.storage import Storage, storage_of
from dwh.core.warehouse import Warehouse

__all__ = ["collect", "dead_runs"]

_ENDED = ("failed", "abandoned", "removed")
_AFTERMATH = timedelta(days=1)


def dead_runs(warehouse: Warehouse, older_than_hours: float) -> list[RunRecord]:
    """Return the runs that will never commit and have files, or may be about to write some.

    They failed, or were abandoned, or are recorded as started while their process is gone. Whether a
    process of another machine or container, or from before this machine started, is gone cannot be seen
    from here: its runs count as dead `older_than_hours` after they started.
    """
    oldest = datetime.now(timezone.utc) - timedelta(hours=older_than_hours)
    started = [run for run in _not_forgotten(warehouse, "started") if _is_dead(run, oldest)]
    ended = [run for run in _not_forgotten(warehouse, *_ENDED) if _has_files(warehouse, run)]
    return sorted(started + ended, key=lambda run: (run.started_at, run.id))


def collect(warehouse: Warehouse, dead: Iterable[RunRecord]) -> list[RunRecord]:
    """Remove the files of dead runs, and return those runs.

    A run that is still recorded as started is first marked abandoned, so that it cannot commit any
    more if it lives after all; one that has just committed is left alone. A Spark that lost its
    driver may go on writing for a while. So each run is looked at again until a day has passed.
    """
    collected = []
    for run in dead:
        if run.status == "started":
            try:
                warehouse.ledger.fail_run(run.id, "its process disappeared", "abandoned")
            except LedgerError:
                if warehouse.ledger.find_runs(runs.c.id == run.id, runs.c.status == "started"):
                    raise
                continue  # it has ended in the meantime, so it was not dead
        _storage(warehouse, run).remove(run.location)
        collected.append(run)
    quiet_since = datetime.now(timezone.utc) - _AFTERMATH
    for run in _not_forgotten(warehouse, *_ENDED):
        if run.finished_at and run.finished_at < quiet_since and not _has_files(warehouse, run):
            warehouse.ledger.forget_run(run.id)
    return collected


def _not_forgotten(warehouse: Warehouse, *statuses: str) -> list[RunRecord]:
    return warehouse.ledger.find_runs(runs.c.status.in_(statuses) & (runs.c.location != ""))


def _storage(warehouse: Warehouse, run: RunRecord) -> Storage:
    return storage_of(warehouse.config.warehouse, run.storage)


def _has_files(warehouse: Warehouse, run: RunRecord) -> bool:
    return _storage(warehouse, run).exists(run.location)


def _is_dead(run: RunRecord, oldest: datetime) -> bool:
    ended = has_ended(run.process, run.host, run.pid)
    return run.started_at < oldest if ended is None else ended
