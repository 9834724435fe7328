"""The ledger: the SQL database that records what happened.

`Ledger` holds every statement that dwh-core sends to it; what it gives back is in `records`, the tables
are in `schema`, the connection and its transactions in `database`, what environments chose in
`environments`, files of outputs in `files`. `dwh.core.migrations` makes newer ledgers of older ones. A
run's files count only once the ledger holds their receipts: one transaction here makes an output visible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime, timezone
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.errors import DecisionConflictError, InvalidDateError, LedgerError, NotPinnedError
from dwh.core.grain import Grain, grain_of_contract
from dwh.core.ledger.database import SCHEMA_VERSION, LedgerDatabase, insert_if_absent, one_transaction
from dwh.core.ledger.environments import (
    Decision,
    add_resolutions,
    newest_decision,
    newest_publications,
    publish_outputs,
    resolved_lines,
)
from dwh.core.ledger.files import add_files, files_of_runs, of_runs, statistics_of_runs
from dwh.core.ledger.newest import newest_receipts
from dwh.core.ledger.records import ColumnStatistics, Output, OutputsRead, RunRecord, WrittenFile
from dwh.core.ledger.removed import Removed, removed_after
from dwh.core.ledger.schema import decisions, publications, reads, receipts, runs, tables

__all__ = [
    "SCHEMA_VERSION",
    "ColumnStatistics",
    "Decision",
    "Ledger",
    "Output",
    "OutputsRead",
    "RunRecord",
    "WrittenFile",
    "insert_if_absent",
    "one_transaction",
]


class Ledger(LedgerDatabase):
    """The ledger at a database URL. Nothing is connected or checked before `open` or `create`.

    Attributes:
        told: is called with the names of tables once something that happened to them is committed.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.told: Callable[[Sequence[str]], None] = _tell_nobody

    @one_transaction
    def start_run(self, run: RunRecord, read: Iterable[OutputsRead] = ()) -> None:
        """Record a run that is about to read and write, and the outputs of other jobs that it reads."""
        rows = [{"run_id": run.id, **vars(one)} for one in read]
        with self.writing() as connection:
            connection.execute(runs.insert(), [vars(run)])
            if rows:
                connection.execute(reads.insert(), rows)

    @one_transaction
    def commit_run(
        self,
        run: RunRecord,
        rows: Mapping[date, int],
        files: Mapping[date, Iterable[WrittenFile]] | None = None,
    ) -> None:
        """Make a run's output visible: one transaction for its receipts, publications and status.

        It is published for the dates that the run's line serves in the run's environment, unless a rollout
        keeps it back until it is proven: see `publish_outputs`.

        Parameters:
            rows: of each logical date.
            files: of each logical date; None where they are not known.

        Raises LedgerError when the run is no longer `started`, because `dwh gc` gave it up.
        """
        with self.holding(run.table_name) as (connection, sequence):
            now = _now()
            self._finish(connection, run.id, "committed", now)
            connection.execute(
                receipts.insert(),
                [
                    {
                        "environment": run.environment,
                        "run_id": run.id,
                        "partition_date": partition,
                        "table_name": run.table_name,
                        "line": run.line,
                        "sequence": sequence,
                        "row_count": count,
                        "committed_at": now,
                    }
                    for partition, count in rows.items()
                ],
            )
            publish_outputs(
                connection,
                environment=run.environment,
                job=run.job,
                table=run.table_name,
                line=run.line,
                run_ids=dict.fromkeys(rows, run.id),
                sequence=sequence,
                now=now,
            )
            if files is not None:
                add_files(connection, run.id, rows, files)

    @one_transaction
    def fail_run(self, run_id: str, reason: str, status: str = "failed") -> None:
        """Record why a started run will never commit: it `failed`, or is `abandoned` by a dead process.

        Raises LedgerError when the run is no longer `started`.
        """
        with self.writing() as connection:
            self._finish(connection, run_id, status, _now(), reason)

    @one_transaction
    def forget_run(self, run_id: str) -> None:
        """Mark the files of a run that never committed, or whose output was removed, as gone."""
        with self.writing() as connection:
            dead = (runs.c.id == run_id) & runs.c.status.in_(["failed", "abandoned", "removed"])
            connection.execute(runs.update().where(dead).values(location=""))

    def find_runs(self, *conditions: sa.ColumnElement[bool]) -> list[RunRecord]:
        """Return the runs for which the conditions on `schema.runs` hold, oldest first."""
        query = sa.select(runs).where(*conditions).order_by(runs.c.started_at, runs.c.id)
        with self.reading() as connection:
            return [RunRecord(**row._mapping) for row in connection.execute(query)]

    def files_of(
        self, run_ids: Iterable[str], dates: DateRange | None = None
    ) -> dict[tuple[str, date], tuple[WrittenFile, ...]]:
        """Return the files of runs' outputs, by run and logical date, as far as they are known.

        Parameters:
            dates: only of these.
        """
        with self.reading() as connection:
            return files_of_runs(connection, run_ids, dates)

    def statistics_of(
        self, run_ids: Iterable[str], dates: DateRange | None = None
    ) -> dict[tuple[str, date], tuple[WrittenFile, ...]]:
        """Return files as `files_of` does, with what their footers say, where the runs recorded that."""
        with self.reading() as connection:
            return statistics_of_runs(connection, run_ids, dates)

    def reads_of(self, run_ids: Iterable[str]) -> dict[str, list[OutputsRead]]:
        """Return the outputs that runs have read, by run, tables and dates in order."""
        found = defaultdict(list)
        ordered = sa.select(reads).order_by(reads.c.table_name, reads.c.first_date)
        with self.reading() as connection:
            for of_some in of_runs(reads.c.run_id, run_ids):
                for run_id, *values in connection.execute(ordered.where(of_some)):
                    found[run_id].append(OutputsRead(*values))
        return dict(found)

    def table_names(self) -> list[str]:
        """Return the tables that some run has written, in whatever environment."""
        written = sa.exists().where(runs.c.table_name == tables.c.name, runs.c.status == "committed")
        with self.reading() as connection:
            return list(connection.scalars(sa.select(tables.c.name).where(written).order_by(tables.c.name)))

    def table_lines(self, *, environment: str, table: str) -> list[str]:
        """Return the lines that have an output of the table in an environment."""
        query = sa.select(receipts.c.line).where(*_wanted(environment=environment, table=table)).distinct()
        with self.reading() as connection:
            return sorted(connection.scalars(query), key=lambda line: tuple(map(int, line.split("."))))

    def table_grain(self, *, table: str, line: str | None = None) -> Grain | None:
        """Return what a logical date of a table, or of a line's, covers, by the run that committed last.

        None where nothing was written yet.
        """
        wanted = [receipts.c.table_name == table, receipts.c.promoted_from.is_(None)]
        wanted += [receipts.c.line == line] if line else []
        last = sa.select(receipts.c.run_id).where(*wanted).order_by(receipts.c.sequence.desc()).limit(1)
        query = sa.select(runs.c.contract).where(runs.c.id == last.scalar_subquery())
        with self.reading() as connection:
            contract = connection.scalar(query)
        return grain_of_contract(contract) if contract else None

    def table_environments(self, table: str) -> list[str]:
        """Return the environments that have an output of the table."""
        query = sa.select(receipts.c.environment).where(receipts.c.table_name == table).distinct()
        with self.reading() as connection:
            return sorted(connection.scalars(query))

    def outputs(
        self,
        *,
        environment: str,
        table: str,
        line: str | None = None,
        dates: DateRange | None = None,
        as_of: datetime | None = None,
    ) -> list[Output]:
        """Return every output of a table in an environment, newest commit last.

        Parameters:
            line: only this line's.
            dates: only these logical dates.
            as_of: only what had been committed, or promoted, by then.
        """
        wanted = [
            *_wanted(environment=environment, table=table, line=line, dates=dates),
            *_until(receipts.c.committed_at, as_of),
        ]
        return self._select_outputs(wanted, receipts.c.sequence, receipts.c.partition_date)

    def newest_outputs(
        self,
        *,
        environment: str,
        table: str,
        line: str,
        dates: DateRange | None = None,
        as_of: datetime | None = None,
    ) -> list[Output]:
        """Return, for each logical date, the output of a line that came last to an environment."""
        newest = newest_receipts(
            *_until(receipts.c.committed_at, as_of),
            environment=environment,
            table=table,
            line=line,
            dates=dates,
        )
        return self._select_outputs([], receipts.c.partition_date, source=newest)

    def published_outputs(
        self, *, environment: str, table: str, dates: DateRange | None = None, as_of: datetime | None = None
    ) -> list[Output]:
        """Return what an environment shows of a table, or showed at an instant, for each logical date."""
        until = _until(publications.c.published_at, as_of)
        shown = newest_publications(*until, environment=environment, table=table, dates=dates)
        again = receipts.alias("again")  # an output may have been promoted here more than once
        last = sa.select(sa.func.max(again.c.sequence)).where(
            again.c.environment == receipts.c.environment,
            again.c.run_id == receipts.c.run_id,
            again.c.partition_date == receipts.c.partition_date,
            again.c.sequence <= publications.c.sequence,
        )
        same = sa.and_(
            receipts.c.environment == environment,
            receipts.c.run_id == publications.c.run_id,
            receipts.c.partition_date == publications.c.partition_date,
            receipts.c.sequence == last.correlate(receipts, publications).scalar_subquery(),
        )
        return self._select_outputs([], receipts.c.partition_date, source=shown.join(receipts, same))

    def removed_outputs(
        self,
        *,
        environment: str,
        table: str,
        dates: DateRange,
        line: str | None = None,
        after: date | None = None,
        as_of: datetime | None = None,
    ) -> Removed | None:
        """Return which logical dates of a whole table were removed: see `removed_after`."""
        with self.reading() as connection:
            return removed_after(
                connection,
                environment=environment,
                table=table,
                line=line,
                dates=dates,
                after=after,
                as_of=as_of,
            )

    def decision(self, *, environment: str, job: str) -> Decision | None:
        """Return what holds for a job in an environment, None without a pin."""
        with self.reading() as connection:
            return newest_decision(connection, environment=environment, job=job)

    def decisions(self, *conditions: sa.ColumnElement[bool]) -> list[Decision]:
        """Return the decisions for which the conditions on `schema.decisions` hold.

        Those about one table come in the order in which they were made, whatever clocks said.
        """
        subject = (decisions.c.environment, decisions.c.job)
        query = sa.select(decisions).where(*conditions).order_by(decisions.c.sequence, *subject)
        with self.reading() as connection:
            return [Decision.of(row._asdict()) for row in connection.execute(query)]

    @contextmanager
    def holding(self, *names: str) -> Iterator[tuple[sa.Connection, int]]:
        """Give a transaction in which nothing else happens to these tables, and its sequence.

        Once it is committed, `told` is called with their names.
        """
        with self.writing() as connection:
            yield connection, self._next_sequence(connection, *names)
        self.told(names)

    @contextmanager
    def deciding(
        self, *, environment: str, job: str, table: str, expected: Decision | None
    ) -> Iterator[tuple[sa.Connection, int]]:
        """Give a transaction in which to decide about a job, and the sequence of the decision.

        Nothing else happens to the table meanwhile. Raises DecisionConflictError unless `expected`,
        what the decision is based on, still holds: of two who decide at once, one wins.
        """
        # A line may write another table: what is decided about the job must keep its order.
        with self.holding(table, *([expected.table_name] if expected else [])) as (connection, sequence):
            newest = newest_decision(connection, environment=environment, job=job)
            if newest and (expected is None or newest.sequence != expected.sequence):
                raise DecisionConflictError(
                    environment=environment,
                    job=job,
                    action=newest.action,
                    decided_by=newest.decided_by,
                    reason=newest.reason,
                )
            yield connection, sequence

    @one_transaction
    def resolve(
        self, *, environment: str, job: str, dates: DateRange, anew: bool = False
    ) -> tuple[Decision, dict[date, str]]:
        """Decide, for good, which line serves each logical date; return that, and what it rests on.

        Parameters:
            anew: decide again by what holds now, also where it was decided before.

        Raises NotPinnedError without a pin, and InvalidDateError for a date that has not begun (UTC).
        """
        if dates.last > dates.grain.holding(_now()):
            raise InvalidDateError(str(dates.last), "a logical date in the future has no line yet", None)
        with self.reading() as connection:
            decision = newest_decision(connection, environment=environment, job=job)
            if decision is None:
                raise NotPinnedError(
                    environment=environment, job=job, known=self._environment_names(connection)
                )
            found = resolved_lines(connection, environment=environment, job=job, days=dates)
        if len(found) == len(dates) and not anew:
            return decision, found
        with self.writing() as connection:  # no output comes or goes, so nobody need be told
            sequence = self._next_sequence(connection, decision.table_name)
            decision = newest_decision(connection, environment=environment, job=job) or decision
            found = resolved_lines(connection, environment=environment, job=job, days=dates)
            now = {day: decision.line_for(day) for day in dates}
            lines = now if anew else now | found
            new = {day: line for day, line in lines.items() if found.get(day) != line}
            add_resolutions(connection, environment=environment, job=job, lines=new, sequence=sequence)
        return decision, lines

    def environments(self) -> list[str]:
        """Return the environments that have a pin."""
        with self.reading() as connection:
            return self._environment_names(connection)

    @staticmethod
    def _environment_names(connection: sa.Connection) -> list[str]:
        return sorted(connection.scalars(sa.select(decisions.c.environment).distinct()))

    def _select_outputs(
        self,
        conditions: Iterable[sa.ColumnElement[bool]],
        *order: sa.ColumnElement[Any],
        source: sa.FromClause = receipts,
    ) -> list[Output]:
        state = runs.c.code["state"].as_string().label("code_state")
        columns = [receipts.c[field.name] for field in fields(Output) if field.name in receipts.c]
        query = (
            sa.select(*columns, runs.c.job, runs.c.release, runs.c.location, runs.c.storage, state)
            .select_from(source.join(runs, runs.c.id == receipts.c.run_id))
            .where(runs.c.status != "removed", *conditions)
            .order_by(*order)
        )
        with self.reading() as connection:
            return [Output(**row._mapping) for row in connection.execute(query)]

    @staticmethod
    def _next_sequence(connection: sa.Connection, *names: str) -> int:
        """Lock the rows of these tables, and return a number after all that happened to them."""
        for name in sorted(set(names)):  # always in this order, so that two wait instead of deadlock
            advance = tables.update().where(tables.c.name == name).values(sequence=tables.c.sequence + 1)
            if connection.execute(advance).rowcount == 0:
                insert_if_absent(connection, tables, [{"name": name, "sequence": 0}])
                connection.execute(advance)
        locked = tables.c.name.in_(names)
        sequence: int = connection.scalars(sa.select(sa.func.max(tables.c.sequence)).where(locked)).one()
        if len(set(names)) > 1:
            connection.execute(tables.update().where(locked).values(sequence=sequence))
        return sequence

    def _finish(
        self, connection: sa.Connection, run_id: str, status: str, now: datetime, error: str | None = None
    ) -> None:
        started = (runs.c.id == run_id) & (runs.c.status == "started")
        finish = runs.update().where(started).values(status=status, finished_at=now, error=error)
        if connection.execute(finish).rowcount != 1:
            now_is = connection.scalar(sa.select(runs.c.status).where(runs.c.id == run_id)) or "unknown"
            raise LedgerError(self.shown_url, f"run {run_id} is {now_is}, so it cannot become {status}")


def _wanted(
    *, environment: str, table: str, line: str | None = None, dates: DateRange | None = None
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on receipts that the arguments of `Ledger.outputs` mean."""
    conditions = [receipts.c.environment == environment, receipts.c.table_name == table]
    if line is not None:
        conditions.append(receipts.c.line == line)
    if dates is not None:
        conditions.append(receipts.c.partition_date.between(dates.first, dates.last))
    return conditions


def _until(instant: sa.ColumnElement[Any], as_of: datetime | None) -> list[sa.ColumnElement[bool]]:
    return [] if as_of is None else [instant <= as_of]


def _tell_nobody(names: Sequence[str]) -> None:
    pass


def _now() -> datetime:
    return datetime.now(timezone.utc)
