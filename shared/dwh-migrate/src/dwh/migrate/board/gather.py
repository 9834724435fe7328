"""Put the board together from the ledger and the installed lines. Nothing here reads data."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone

import sqlalchemy as sa

from dwh.core.errors import without_secrets
from dwh.core.ledger import Decision
from dwh.core.lines import InstalledLine
from dwh.core.warehouse import Warehouse
from dwh.migrate.board import queries
from dwh.migrate.board.model import (
    Board,
    Decided,
    JobInEnvironment,
    JobInLine,
    JobOnBoard,
    LineStatus,
    Pinned,
    RollingOut,
    StepOnWay,
    StepPlace,
    Written,
)
from dwh.migrate.rollout.state import progress_of, rolled_back_until, window_is_open

__all__ = ["gather"]

_LAST = 5
_SOON = timedelta(days=90)


def gather(warehouse: Warehouse, lines: Mapping[str, InstalledLine]) -> Board:
    """Return how every job stands: those of the installed lines, and those that the ledger knows.

    Raises LedgerError.
    """
    now = datetime.now(timezone.utc).replace(microsecond=0)
    with warehouse.ledger.reading() as connection:
        recorded = queries.recorded(connection)
        places = _places(warehouse, connection, lines)
        names = {name for line in lines.values() for name in line.job_names()}
        jobs = tuple(
            _job(
                connection,
                name,
                {line.name: line for line in lines.values() if name in line.job_names()},
                recorded.get(name, queries.Recorded()),
                places.get(name, ()),
                now.date(),
            )
            for name in sorted({*names, *recorded, *places})
        )
    return Board(
        warehouse=without_secrets(warehouse.config.warehouse),
        ledger=without_secrets(warehouse.ledger.shown_url),
        made_at=now,
        environments=tuple(sorted({place.environment for job in jobs for place in job.environments})),
        jobs=jobs,
    )


def _job(
    connection: sa.Connection,
    name: str,
    installed: Mapping[str, InstalledLine],
    recorded: queries.Recorded,
    places: Sequence[JobInEnvironment],
    today: date,
) -> JobOnBoard:
    classes = [job for line in installed.values() if (job := line.usable_job(name))]
    tables = sorted({job.writes.name for job in classes} | recorded.tables | {p.table for p in places})
    known = {*installed, *recorded.releases, *(place.pin.line for place in places)}
    where = recorded.environments | {place.environment for place in places}
    written: list[Written] = []
    for table in tables:
        written += queries.last_outputs(connection, table, sorted(where), recorded.releases, _LAST)
    written.sort(key=lambda output: output.partition_date, reverse=True)
    return JobOnBoard(
        name=name,
        doc=(inspect.getdoc(classes[-1]) or "").partition("\n\n")[0] if classes else "",
        tables=tuple(tables),
        lines=tuple(
            _line(line, installed.get(line), recorded.releases.get(line), today)
            for line in sorted(known, key=queries.age)
        ),
        environments=tuple(places),
        comparisons=queries.last_comparisons(connection, name, tables, _LAST),
        written=tuple(written[:_LAST]),
    )


def _line(name: str, installed: InstalledLine | None, ran: str | None, today: date) -> JobInLine:
    if installed is None:
        return JobInLine(name, ran, "not installed", None, False)
    ends, status = installed.line.ends, _status(installed)
    soon = status != "ended" and ends is not None and ends - today <= _SOON
    return JobInLine(name, installed.release, status, ends, soon)


def _status(installed: InstalledLine | None) -> LineStatus:
    if installed is None:
        return "not installed"
    return "ended" if installed.line.ended else installed.line.status


def _places(
    warehouse: Warehouse, connection: sa.Connection, lines: Mapping[str, InstalledLine]
) -> dict[str, tuple[JobInEnvironment, ...]]:
    """Return, by job, how it stands in each environment that has pinned it."""
    pins = queries.last_pins(connection)
    found: dict[str, tuple[JobInEnvironment, ...]] = {}
    for (environment, job), recent in sorted(queries.recent_decisions(connection, _LAST).items()):
        newest, pin = recent[0], pins[environment, job]
        installed = lines.get(newest.line)
        has_job = installed is not None and job in installed.job_names()
        place = JobInEnvironment(
            environment=environment,
            table=newest.table_name,
            pin=Pinned(
                newest.line,
                _status(installed if has_job else None),
                pin.decided_by,
                pin.decided_at,
                pin.reason,
            ),
            rollout=_rollout(warehouse, newest),
            published=queries.published(connection, environment=environment, table=newest.table_name),
            decisions=tuple(map(_decided, recent)),
        )
        found[job] = (*found.get(job, ()), place)
    return found


def _rollout(warehouse: Warehouse, decision: Decision) -> RollingOut | None:
    rollout = decision.rollout
    if rollout is None:
        return None
    now = progress_of(warehouse, decision, rollout)
    under_way = decision.active_rollout is not None
    return RollingOut(
        old_line=rollout.old_line,
        new_line=rollout.new_line,
        way=rollout.way,
        state=rollout.state,
        steps=tuple(
            StepOnWay(step.name, step.gate, _place(position, rollout.position, rollout.state))
            for position, step in enumerate(rollout.steps)
        ),
        gate=now.gate if under_way else None,
        gate_is_open=rollout.state == "running" and now.gate_is_open,
        on_fail=rollout.on_fail,
        decided_by=decision.decided_by,
        decided_at=decision.decided_at,
        reason=decision.reason,
        rollback_until=rolled_back_until(rollout) if rollout.state == "finished" else None,
        can_be_rolled_back=under_way or (rollout.state == "finished" and window_is_open(rollout)),
    )


def _place(position: int, current: int, state: str) -> StepPlace:
    if state == "finished" or position < current:
        return "reached"
    if position == current:
        return "current"
    return "not taken" if state == "rolled back" else "next"


def _decided(decision: Decision) -> Decided:
    rollout = decision.rollout
    step = rollout.step.name if rollout else None
    return Decided(
        decision.action, decision.line, step, decision.decided_by, decision.decided_at, decision.reason
    )
