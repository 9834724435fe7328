"""Removes old outputs of whole tables, each of which repeats most of the one before.

What readers get, what a rollback may restore and what a published output was made of stays, however old it
is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

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
        hours: how long an output of these dates stays after a newer one, for those who are reading it.
    """
    return [run for table in warehouse.ledger.table_names() for run in _old(warehouse, table, keep, hours)]


def remove_tables(
    warehouse: Warehouse, old: Iterable[RunRecord], keep: int, hours: float = 24
) -> list[RunRecord]:
    """Remove what `old_tables` has found: from the ledger first, so that nobody is led to files that go.

    What has come to be needed since, as an environment got it promoted, stays. Returns what was removed.
    """
    found: dict[str, dict[str, RunRecord]] = defaultdict(dict)
    for run in old:
        found[run.table_name][run.id] = run
    removed = [run for table in found for run in _withdraw(warehouse, table, found[table], keep, hours)]
    for run in removed:
        storage_of(warehouse.config.warehouse, run.storage).remove(run.location)
        warehouse.ledger.forget_run(run.id)
    return removed


def _old(warehouse: Warehouse, table: str, keep: int, hours: float) -> list[RunRecord]:
    """Return the runs of a table that may go, by date."""
    committed = warehouse.ledger.find_runs(runs.c.table_name == table, runs.c.status == "committed")
    ours = (run for run in committed if run.storage != ADOPTED_STORAGE)
    whole = {run.id: run for run in ours if run.contract["partition_by"] is None}
    if not whole or _may_roll_back(warehouse, table):
        return []
    kept = _kept(warehouse, table, keep, hours)
    kept |= _read_by(warehouse, kept)
    left = whole.keys() - kept
    found = [whole[run_id] for run_id in left - _in_use(warehouse, table, left)]
    return sorted(found, key=lambda run: (run.first_date, run.id))


@one_transaction
def _withdraw(
    warehouse: Warehouse, table: str, found: Mapping[str, RunRecord], keep: int, hours: float
) -> list[RunRecord]:
    """Let runs have no output any more, as far as they may go still; return those.

    Nothing comes to the table meanwhile. What the ledger has of the runs stays.
    """
    with warehouse.ledger.holding(table) as (connection, sequence):
        old = [run for run in _old(warehouse, table, keep, hours) if run.id in found]
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


def _kept(warehouse: Warehouse, table: str, keep: int, hours: float) -> set[str]:
    """Return the runs whose outputs are new, or are what readers get, or may just be reading."""
    kept: set[str] = set()
    for environment in warehouse.ledger.table_environments(table):
        for line in warehouse.ledger.table_lines(environment=environment, table=table):
            newest = warehouse.ledger.newest_outputs(environment=environment, table=table, line=line)
            kept |= {output.run_id for output in newest[-keep:]}
            kept |= _just_superseded(warehouse, newest[-keep:], hours)
            kept |= _readable(warehouse, environment=environment, table=table, line=line)
        kept |= {
            output.run_id
            for output in warehouse.ledger.published_outputs(environment=environment, table=table)[-1:]
        }
        kept |= _readable(warehouse, environment=environment, table=table)
    return kept


def _just_superseded(warehouse: Warehouse, newest: Sequence[Output], hours: float) -> set[str]:
    """Return the runs whose outputs, of the dates of some, a newer one has superseded in the last hours."""
    if not newest:
        return set()
    one, since = newest[0], datetime.now(timezone.utc) - timedelta(hours=hours)
    written: dict[date, list[Output]] = {output.partition_date: [] for output in newest}
    for output in warehouse.ledger.outputs(environment=one.environment, table=one.table_name, line=one.line):
        written.get(output.partition_date, []).append(output)
    return {
        before.run_id
        for found in written.values()
        for before, after in pairwise(found)
        if after.committed_at >= since
    }


def _readable(warehouse: Warehouse, *, environment: str, table: str, line: str | None = None) -> set[str]:
    """Return the runs that a state of the table was, or a line's, which catalogs still let engines read."""
    since = readable_since(warehouse.config)
    if since is None:
        return set()
    ledger = warehouse.ledger
    if line is None:
        then = ledger.published_outputs(environment=environment, table=table, as_of=since)
        mine = (publications.c.environment == environment) & (publications.c.table_name == table)
        query = sa.select(publications.c.run_id).where(mine, publications.c.published_at >= since)
    else:
        then = ledger.newest_outputs(environment=environment, table=table, line=line, as_of=since)
        mine = (receipts.c.environment == environment) & (receipts.c.table_name == table)
        mine &= receipts.c.line == line
        query = sa.select(receipts.c.run_id).where(mine, receipts.c.committed_at >= since)
    with ledger.reading() as connection:
        later = {run_id for run_id in connection.scalars(query) if run_id}
    return later | {output.run_id for output in then[-1:]}


def _read_by(warehouse: Warehouse, run_ids: set[str]) -> set[str]:
    """Return the runs on whose outputs some others rest."""
    return {one.read_run_id for found in warehouse.ledger.reads_of(run_ids).values() for one in found}


def _in_use(warehouse: Warehouse, table: str, run_ids: set[str]) -> set[str]:
    """Return those of some runs that a published output of another table, or a run under way, has read."""
    query = sa.select(reads.c.read_run_id, runs.c.id, runs.c.table_name, runs.c.status)
    query = query.join(runs, runs.c.id == reads.c.run_id).where(reads.c.read_run_id.in_(run_ids))
    with warehouse.ledger.reading() as connection:
        found = connection.execute(query).all()
    readers = {row.table_name for row in found} - {table}
    published = {output.run_id for output in _published(warehouse, readers)}
    return {row.read_run_id for row in found if row.status == "started" or row.id in published}


def _published(warehouse: Warehouse, tables: set[str]) -> Iterator[Output]:
    for table in sorted(tables):
        for environment in warehouse.ledger.table_environments(table):
            yield from warehouse.ledger.published_outputs(environment=environment, table=table)
