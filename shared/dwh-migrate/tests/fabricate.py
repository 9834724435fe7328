"""Runs, comparisons and rollouts without Spark: the ledger cannot tell the difference."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timezone
from importlib import import_module
from typing import Any

import sqlalchemy as sa
from fsspec.core import url_to_fs

from dwh.core.dates import DateRange
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.schema import compared as compared_runs
from dwh.core.ledger.schema import comparisons, metadata, shadows
from dwh.core.testing.runs import started_run
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import Moved, plan, progress, start
from dwh.migrate.rollout.withheld import publish_withheld

TABLE = "shop.takings"
DAYS = [date(2024, 1, day) for day in range(1, 11)]


def write(
    warehouse: Warehouse,
    reference: str,
    *days: date,
    environment: str = "prod",
    run_id: str | None = None,
    commit: bool = True,
    files: bool = False,
) -> RunRecord:
    """Start a run of some dates, and commit it, as if Spark had written it; with `files`, there are some."""
    job, _, line = reference.partition("@")
    contract = import_module(f"dwh.jobs.v{line.replace('.', '_')}_0.{job}").Takings.writes
    dates = DateRange(min(days), max(days))
    run = started_run(contract, job=job, line=line, dates=dates, environment=environment, id=run_id)
    warehouse.ledger.start_run(run)
    if commit:
        recorded = {day: [_file(warehouse, run, day)] for day in days} if files else None
        warehouse.ledger.commit_run(run, dict.fromkeys(days, 1), recorded)
    return run


def _file(warehouse: Warehouse, run: RunRecord, day: date) -> WrittenFile:
    path = f"day={day}/part-0.parquet"
    system, place = url_to_fs(f"{warehouse.config.warehouse}/{run.location}/{path}")
    system.makedirs(place.rpartition("/")[0], exist_ok=True)
    system.pipe_file(place, b"PAR1")
    return WrittenFile(path, 4, 1)


def lose(warehouse: Warehouse, run: RunRecord, day: date) -> None:
    """Remove the files of an output as no command of dwh does."""
    system, place = url_to_fs(f"{warehouse.config.warehouse}/{run.location}/day={day}")
    system.rm(place, recursive=True)


def compared(warehouse: Warehouse, outcome: str, *days: date, environment: str = "prod") -> None:
    """Record what comparing both lines has said about some dates."""
    now = progress(warehouse, job="takings", environment=environment)
    runs = [output.run_id for output in warehouse.ledger.outputs(environment=environment, table=TABLE)]
    row = {
        "environment": environment,
        "job": "takings",
        "rollout": now.rollout.started,
        "decision": now.decision.sequence,
        "served_run": runs[0],
        "outcome": outcome,
    }
    with warehouse.ledger.writing() as connection:
        for day in days:
            when = {"id": secrets.token_hex(8), "shadowed_at": datetime.now(timezone.utc)}
            connection.execute(shadows.insert(), [{**row, **when, "first_date": day, "last_date": day}])


def proved(
    warehouse: Warehouse, pairs: Mapping[date, tuple[str, str]], verdict: str = "pass", where: str = "prod"
) -> None:
    """Record that the outputs of two runs were compared for some dates."""
    now, comparison = datetime.now(timezone.utc), secrets.token_hex(8)
    row = {
        "id": comparison,
        "left_label": "takings@7.1",
        "right_label": "takings@7.3",
        "environment": where,
        "verdict": verdict,
        "compared_at": now,
        "compared_by": "someone",
        "result": {},
    }
    with warehouse.ledger.writing() as connection:
        connection.execute(comparisons.insert(), [row])
        connection.execute(
            compared_runs.insert(),
            [
                {
                    "environment": where,
                    "left_run": left,
                    "right_run": right,
                    "partition_date": day,
                    "comparison": comparison,
                }
                for day, (left, right) in pairs.items()
            ],
        )


def served(warehouse: Warehouse, *days: date, run_id: str) -> None:
    """Run both lines of a rollout for some dates, compare them, and publish what is proven by that.

    The old line's run is called as the new one's, with `_old`.
    """
    rollout = progress(warehouse, job="takings", environment="prod").rollout
    write(warehouse, f"takings@{rollout.old_line}", *days, run_id=f"{run_id}_old")
    write(warehouse, f"takings@{rollout.new_line}", *days, run_id=run_id)
    proved(warehouse, dict.fromkeys(days, (f"{run_id}_old", run_id)))
    publish_withheld(warehouse, "takings", DateRange(min(days), max(days)))


def shown(warehouse: Warehouse, table: str = TABLE) -> dict[date, str]:
    """Return the run that prod shows for each date."""
    found = warehouse.ledger.published_outputs(environment="prod", table=table)
    return {output.partition_date: output.run_id for output in found}


def resolved(warehouse: Warehouse, *days: date) -> dict[date, str]:
    """Return the line that serves each date, which decides it."""
    return warehouse.ledger.resolve(environment="prod", job="takings", dates=DateRange(min(days), max(days)))[
        1
    ]


def begin(warehouse: Warehouse, new: str, steps: Iterable[str] = (), **parts: Any) -> Moved:
    """Plan a rollout of takings in prod, and start it; its gates are open, unless said otherwise."""
    steps = steps or (["shadow", "cutover:0"] if new == "7.3" and not parts.get("gate") else ())
    old = warehouse.ledger.decision(environment="prod", job="takings").line
    plan(
        warehouse,
        job="takings",
        old=old,
        new=new,
        environment="prod",
        steps=tuple(steps),
        **{"gate": 0, **parts},
    )
    return start(warehouse, job="takings", environment="prod", reason="it is better")


def everything(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of the ledger, by table: two that are equal show that nothing was written."""
    with warehouse.ledger.reading() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
