"""What child processes do. They import this module alone, so that they start fast."""

from __future__ import annotations

import os
import pkgutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from invariants import snapshot_problems
from world import (
    BREAKING,
    COMPATIBLE,
    DAYS,
    ENVIRONMENTS,
    NEW,
    OLD,
    TABLES,
    Operator,
    open_warehouse,
    write_files,
)

from dwh.core.config import load_config
from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger, RunRecord
from dwh.core.warehouse import Warehouse
from dwh.migrate import rollout
from dwh.migrate.garbage import collect, dead_runs

__all__ = [
    "LEDGER_ACTIONS",
    "act_until_killed",
    "die",
    "die_collecting",
    "die_in_ledger",
    "die_in_spark",
    "die_making_the_ledger",
    "race",
    "run_until_killed",
]


def race(root: str, ledger: str, seed: int, reads: bool, seconds: float, ready: Barrier, said: Queue) -> None:
    """Act, or read and check, once all are ready and until it is over; say what was done, or went wrong."""
    try:
        operator = Operator(open_warehouse(root, ledger), seed)
        ready.wait(timeout=120)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if reads:
                _read(operator)
            else:
                operator.act()
        said.put((operator.done, operator.refused, None))
    except BaseException:
        said.put((Counter(), Counter(), traceback.format_exc()))


def _read(operator: Operator) -> None:
    ledger = operator.warehouse.ledger
    for job, table in TABLES.items():
        for environment in ENVIRONMENTS:
            if problems := snapshot_problems(ledger, environment, job, table):
                raise AssertionError("; ".join(problems))
            operator.done["read"] += 1


def die_in_ledger(root: str, ledger: str, action: str, when: str, number: int, run: RunRecord | None) -> None:
    """Do one thing to the ledger, and be killed `before` its commit, right `after` it, or after a statement.

    Before dying at the commit, say in the file `statements` how many there were. Otherwise end well.
    """
    warehouse = open_warehouse(root, ledger)
    engine, sent = warehouse.ledger._engine, Counter[str]()

    def after_statement(*_: object) -> None:
        sent["statements"] += 1
        if when == "statement" and sent["statements"] == number:
            die()

    def before_commit(_connection: object) -> None:
        if when == "before":
            Path(root, "statements").write_text(str(sent["statements"]))
            die()

    commit = engine.dialect.do_commit

    def commit_and_die(connection: Any) -> None:
        commit(connection)
        if when == "after":
            die()

    sa.event.listen(engine, "after_cursor_execute", after_statement)
    sa.event.listen(engine, "commit", before_commit)
    engine.dialect.do_commit = commit_and_die  # type: ignore[method-assign]
    LEDGER_ACTIONS[action](warehouse, run)


def die_making_the_ledger(ledger: str, number: int) -> None:
    """Make a ledger, and be killed after so many statements."""
    sent = Counter[str]()

    def after_statement(*_: object) -> None:
        sent["statements"] += 1
        if sent["statements"] == number:
            die()

    sa.event.listen(sa.Engine, "after_cursor_execute", after_statement)
    Ledger.create(ledger)


def die_collecting(root: str, ledger: str, when: str, number: int) -> None:
    """Remove what dead runs left, and be killed after so many statements, or removed files."""
    warehouse = open_warehouse(root, ledger)
    done = Counter[str]()
    unlink = os.unlink

    def unlink_and_die(*arguments: Any, **options: Any) -> None:
        unlink(*arguments, **options)
        count("file")

    def count(what: str) -> None:
        done[what] += 1
        if what == when and done[what] == number:
            die()

    os.unlink = unlink_and_die
    sa.event.listen(warehouse.ledger._engine, "after_cursor_execute", lambda *_: count("statement"))
    collect(warehouse, dead_runs(warehouse, 24))


def die_in_spark(
    home: str, ledger: str, server: str, day: date, target: str, call: int, when: str, said: Queue
) -> None:
    """Run a job for a date as its environment decides, and be killed at a call of a function.

    Parameters:
        target: the function, by its full name; none is called to live on.
        call: which call of it, from 1.
        when: `before` it, `after` it, or `inside` it, right before its transaction commits.
    """
    spark, warehouse = _with_spark(home, ledger, server)
    if target:
        _trap(warehouse, target, call, when)
    (served,) = rollout.serve(spark, warehouse, COMPATIBLE, DateRange(day, day))
    said.put((served.published, served.shadow, served.error))


def _trap(warehouse: Warehouse, target: str, call: int, when: str) -> None:
    place, _, name = target.rpartition(".")
    owner = pkgutil.resolve_name(place)
    original, calls = getattr(owner, name), Counter[str]()

    def trapped(*arguments: Any, **options: Any) -> Any:
        calls["made"] += 1
        mine = calls["made"] == call
        if mine and when == "before":
            die()
        if mine and when == "inside":
            sa.event.listen(warehouse.ledger._engine, "commit", lambda _: die())
        result = original(*arguments, **options)
        if mine and when == "after":
            die()
        return result

    setattr(owner, name, trapped)


def die() -> None:
    """End as the machine's power would end it: nothing is cleaned up, nothing is said."""
    os.kill(os.getpid(), signal.SIGKILL)


def _rolling(
    move: Callable[..., object], job: str = BREAKING
) -> Callable[[Warehouse, RunRecord | None], object]:
    return lambda warehouse, _run: move(warehouse, job=job, environment="prod", reason="an action")


def _rows(run: RunRecord | None) -> dict[date, int]:
    assert run is not None
    return dict.fromkeys(DateRange(run.first_date, run.last_date), 3)


LEDGER_ACTIONS: dict[str, Callable[[Warehouse, Any], object]] = {
    "start_run": lambda warehouse, run: warehouse.ledger.start_run(run),
    "commit_run": lambda warehouse, run: warehouse.ledger.commit_run(run, _rows(run)),
    "fail_run": lambda warehouse, run: warehouse.ledger.fail_run(run.id, "bad luck"),
    "resolve": lambda warehouse, _run: warehouse.ledger.resolve(
        environment="prod", job=BREAKING, dates=DateRange(DAYS[-1], DAYS[-1] + timedelta(days=2))
    ),
    "pin": lambda warehouse, _run: rollout.pin(
        warehouse, job=COMPATIBLE, line=NEW, environment="prod", reason="an action", publish=True
    ),
    "plan": lambda warehouse, _run: rollout.plan(
        warehouse, job=BREAKING, old=OLD, new=NEW, environment="prod", steps=("shadow:0", "cutover:0")
    ),
    "start": _rolling(rollout.start),
    "hold": _rolling(rollout.hold),
    "resume": _rolling(rollout.resume),
    "cutover": _rolling(rollout.advance),
    "finish": _rolling(rollout.finish),
    "roll back": _rolling(rollout.roll_back),
}


def act_until_killed(root: str, ledger: str, seed: int) -> None:
    """Do one thing after the other to a warehouse, for ever."""
    operator = Operator(open_warehouse(root, ledger), seed, write_files)
    while True:
        operator.act()


def run_until_killed(home: str, ledger: str, server: str, day: date) -> None:
    """Run a job with Spark for a date as its environment decides, shadow and all, for ever."""
    spark, warehouse = _with_spark(home, ledger, server)
    while True:
        rollout.serve(spark, warehouse, COMPATIBLE, DateRange(day, day))


def _with_spark(home: str, ledger: str, server: str) -> tuple[Any, Warehouse]:
    from pyspark.sql import SparkSession

    config = replace(load_config(Path(home)), ledger=ledger, environment="prod")
    return SparkSession.builder.remote(server).getOrCreate(), Warehouse.open(config)
