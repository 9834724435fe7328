"""Removes old outputs of whole tables, each of which repeats most of the one before.

What readers get, what a rollback may restore and what a published output was made of stays, however old it
is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa

from dwh.core.followers import readable_since
from dwh.core.ledger import Output, RunRecord, one_transaction
from dwh.core.ledger.environments import add_publications, newest_publications
from dwh.core.ledger.records import ADOPTED_STORAGE
from dwh.core.ledger.schema import publications, reads, receipts, runs
from dwh.core.storage import storage_of
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.state import standing, window_is_open

__all__ = ["old_tables", "remove_tables"]


def old_tables(warehouse: Warehouse, keep: int, hours: float = 24) -> list[RunRecord]:
    """Return the runs whose whole tables are older than the newest of their line in each environment.

    Parameters:
        keep: of how many logical dates the newest output stays, for each line and environment.
        hours: how long an output stays after newer ones have taken its place, for those who are reading it.

    Raises DwhError where nobody can tell what a catalog still names, as it is down.
    """
    tables, kept = warehouse.ledger.table_names(), _Kept(keep, hours)
    if not any(_old(warehouse, table, kept) for table in tables):  # no catalog is asked about nothing
        return []
    kept = _Kept(keep, hours, readable_since(warehouse.config))
    return [run for table in tables for run in _old(warehouse, table, kept)]


def remove_tables(
    warehouse: Warehouse, old: Iterable[RunRecord], keep: int, hours: float = 24
) -> list[RunRecord]:
    """Remove what `old_tables` has found: from the ledger first, so that nobody is led to files that go.

    What has come to be needed since, as an environment got it promoted, stays. Returns what was removed.
    """
    found: dict[str, dict[str, RunRecord]] = defaultdict(dict)
    for run in old:
        found[run.table_name][run.id] = run
    kept = _Kept(
        keep, hours, readable_since(warehouse.config) if found else None
    )  # not while a table is held
    removed = [run for table in found for run in _withdraw(warehouse, table, found[table], kept)]
    for run in removed:
        storage_of(warehouse.config.warehouse, run.storage).remove(run.location)
        warehouse.ledger.forget_run(run.id)
    return removed


@dataclass(frozen=True)
class _Kept:
    """What stays for those who read: so many dates, what was newest within some hours, and since a time."""

    keep: int
    hours: float
    readable: datetime | None = None


def _old(warehouse: Warehouse, table: str, stays: _Kept) -> list[RunRecord]:
    """Return the runs of a table that may go, by date."""
    committed = warehouse.ledger.find_runs(runs.c.table_name == table, runs.c.status == "committed")
    ours = (run for run in committed if run.storage != ADOPTED_STORAGE)
    whole = {run.id: run for run in ours if run.contract["partition_by"] is None}
    if not whole or _may_roll_back(warehouse, table):
        return []
    kept = _kept(warehouse, table, stays)
    kept |= _read_by(warehouse, kept)
    left = whole.keys() - kept
    found = [whole[run_id] for run_id in left - _in_use(warehouse, table, left)]
    return sorted(found, key=lambda run: (run.first_date, run.id))


@one_transaction
def _withdraw(
    warehouse: Warehouse, table: str, found: Mapping[str, RunRecord], stays: _Kept
) -> list[RunRecord]:
    """Let runs have no output any more, as far as they may go still; return those.

    Nothing comes to the table meanwhile. What the ledger has of the runs stays.
    """
    with warehouse.ledger.holding(table) as (connection, sequence):
        old = [run for run in _old(warehouse, table, stays) if run.id in found]
        for run in old:
            _withdraw_in(connection, run, sequence)
    return old


def _withdraw_in(connection: sa.Connection, run: RunRecord, sequence: int) -> None:
    """Let a run have no output any more in whatever environment."""
    mine = receipts.c.run_id == run.id
    for environment in connection.scalars(sa.select(receipts.c.environment).where(mine).distinct()).all():
        shown = newest_publications(environment=environment, table=run.table_name)
        query = sa.select(publications.c.partition_date).select_from(shown)
        days = connection.scalars(query.where(publications.c.run_id == run.id)).all()
        withdrawn: dict[date, str | None] = dict.fromkeys(days)
        add_publications(
            connection,
            environment=environment,
            table=run.table_name,
            run_ids=withdrawn,
            sequence=sequence,
            now=datetime.now(timezone.utc),
        )
    removed = {"status": "removed", "error": "an old output of a whole table: dwh gc --keep"}
    connection.execute(runs.update().where(runs.c.id == run.id).values(**removed))


def _may_roll_back(warehouse: Warehouse, table: str) -> bool:
    """Return whether a rollout of the table is under way somewhere, or can still be rolled back."""
    mine = [one for one in standing(warehouse) if one.table_name == table and one.rollout]
    return any(
        one.active_rollout or (one.rollout.state == "finished" and window_is_open(one.rollout))
        for one in mine
        if one.rollout
    )


def _kept(warehouse: Warehouse, table: str, stays: _Kept) -> set[str]:
    """Return the runs whose outputs are new, or are what readers get, or may just be reading."""
    begun = datetime.now(timezone.utc) - timedelta(hours=stays.hours)
    kept: set[str] = set()
    for environment in warehouse.ledger.table_environments(table):
        for line in (None, *warehouse.ledger.table_lines(environment=environment, table=table)):
            found = _Outputs(warehouse, environment, table, line)
            number = stays.keep if line else 1
            kept |= found.newest(number) | found.newest_since(begun, number)
            kept |= found.newest_since(stays.readable, 1) if stays.readable else set()
    return kept


@dataclass(frozen=True)
class _Outputs:
    """What an environment publishes of a table, or the outputs of one of its lines."""

    warehouse: Warehouse
    environment: str
    table: str
    line: str | None

    def newest(self, number: int, as_of: datetime | None = None) -> set[str]:
        """Return the runs of so many of the newest logical dates, as they were at a time."""
        ledger, environment, table = self.warehouse.ledger, self.environment, self.table
        if self.line is None:
            found = ledger.published_outputs(environment=environment, table=table, as_of=as_of)
        else:
            found = ledger.newest_outputs(environment=environment, table=table, line=self.line, as_of=as_of)
        return {output.run_id for output in found[-number:]}

    def newest_since(self, since: datetime, number: int) -> set[str]:
        """Return the runs that were among so many at some time since then."""
        kept_in = receipts if self.line else publications
        mine = (kept_in.c.environment == self.environment) & (kept_in.c.table_name == self.table)
        if self.line is None:
            mine &= publications.c.published_at >= since
        else:
            mine &= (receipts.c.line == self.line) & (receipts.c.committed_at >= since)
        with self.warehouse.ledger.reading() as connection:
            later = connection.scalars(sa.select(kept_in.c.run_id).where(mine)).all()
        return {run_id for run_id in later if run_id} | self.newest(number, since)


def _read_by(warehouse: Warehouse, run_ids: set[str]) -> set[str]:
    """Return the runs on whose outputs some others rest."""
    return {one.read_run_id for found in warehouse.ledger.reads_of(run_ids).values() for one in found}


def _in_use(warehouse: Warehouse, table: str, run_ids: set[str]) -> set[str]:
    """Return those of some runs that others rest on: a published output of another table, or a run under way.

    Of a table that may be rolled back, every output counts: any of them may be published again.
    """
    query = sa.select(reads.c.read_run_id, runs.c.id, runs.c.table_name, runs.c.status)
    query = query.join(runs, runs.c.id == reads.c.run_id).where(reads.c.read_run_id.in_(run_ids))
    with warehouse.ledger.reading() as connection:
        found = connection.execute(query).all()
    readers = {row.table_name for row in found} - {table}
    published = {output.run_id for output in _published(warehouse, readers)}
    moving = {name for name in readers if _may_roll_back(warehouse, name)}
    return {
        row.read_run_id
        for row in found
        if row.status == "started" or row.id in published or row.table_name in moving
    }


def _published(warehouse: Warehouse, tables: set[str]) -> Iterator[Output]:
    for table in sorted(tables):
        for environment in warehouse.ledger.table_environments(table):
            yield from warehouse.ledger.published_outputs(environment=environment, table=table)
