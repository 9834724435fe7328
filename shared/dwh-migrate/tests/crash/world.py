"""A warehouse whose runs need no Spark, and what operators and DAGs do to it, at random.

Everything goes through the public functions that the command and a DAG call, on a real ledger. Only the
execution of a job is left out: a run here is recorded, writes its files with pyarrow, or none, and commits.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path

from dwh.core.config import Config, SourcePlace
from dwh.core.contract import Table
from dwh.core.dates import DateRange, date_spans
from dwh.core.errors import DecisionConflictError, NotPinnedError
from dwh.core.ledger import Ledger, RunRecord
from dwh.core.ledger.rollouts import Rollout
from dwh.core.ledger.schema import compared, comparisons
from dwh.core.lines import find_job
from dwh.core.process import this_process
from dwh.core.testing.runs import started_run
from dwh.core.warehouse import Warehouse
from dwh.migrate import rollout
from dwh.migrate.garbage import collect, dead_runs
from dwh.migrate.rollout import RolloutError
from dwh.migrate.rollout.withheld import publish_withheld

__all__ = [
    "BREAKING",
    "COMPATIBLE",
    "DAYS",
    "ENVIRONMENTS",
    "NEW",
    "OLD",
    "TABLES",
    "Operator",
    "commit",
    "open_warehouse",
    "pin_everything",
    "record",
    "write_files",
    "write_nothing",
]

OLD, NEW = "0.1", "0.2"
BREAKING, COMPATIBLE = "carrier_delays", "my_job"  # how the contracts of the two lines relate
TABLES = {BREAKING: "flights.carrier_delays", COMPATIBLE: "flights.flights_per_day"}
ENVIRONMENTS = ("prod", "staging")
DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(10)]

Write = Callable[[Warehouse, RunRecord, DateRange], Mapping[date, int]]


def open_warehouse(root: Path | str, ledger: str, environment: str = "prod") -> Warehouse:
    """Return the warehouse at a folder, with the sources that the jobs name; make its ledger."""
    source = SourcePlace("csv", "/nowhere")
    config = Config(str(root), ledger, environment, sources={"flights": source, "airlines": source})
    return Warehouse(config, Ledger.create(ledger))


def pin_everything(warehouse: Warehouse) -> None:
    """Pin both jobs to the old line in every environment."""
    for job in (BREAKING, COMPATIBLE):
        for environment in ENVIRONMENTS:
            rollout.pin(warehouse, job=job, line=OLD, environment=environment, reason="the beginning")


def record(job: str, line: str, dates: DateRange, environment: str) -> RunRecord:
    """Return a run of this process that is about to start."""
    return started_run(
        _contract(job, line),
        job=job,
        line=line,
        dates=dates,
        environment=environment,
        host=socket.gethostname(),
        pid=os.getpid(),
        process=this_process(),
    )


@cache
def _contract(job: str, line: str) -> Table:
    return find_job(f"{job}@{line}").writes


def write_files(warehouse: Warehouse, run: RunRecord, dates: DateRange) -> dict[date, int]:
    """Write a file for each logical date where Spark would, the run's id in each row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for day in dates:
        folder = Path(warehouse.config.warehouse, run.location, f"flight_date={day}")
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"run": [run.id] * 3}), folder / "part-0.parquet")
    return dict.fromkeys(dates, 3)


def write_nothing(_warehouse: Warehouse, _run: RunRecord, dates: DateRange) -> dict[date, int]:
    """Only count the rows that there could be."""
    return dict.fromkeys(dates, 3)


def commit(
    warehouse: Warehouse,
    job: str,
    line: str,
    dates: DateRange,
    environment: str,
    write: Write = write_nothing,
) -> RunRecord:
    """Do what `run_job` does, without Spark."""
    run = record(job, line, dates, environment)
    warehouse.ledger.start_run(run)
    warehouse.ledger.commit_run(run, write(warehouse, run, dates))
    return run


def record_comparison(
    warehouse: Warehouse, environment: str, old: RunRecord, new: RunRecord, dates: DateRange, verdict: str
) -> None:
    """Record that the outputs of two runs were compared."""
    comparison = {
        "id": secrets.token_hex(8),
        "left_label": f"{old.job}@{old.line}",
        "right_label": f"{new.job}@{new.line}",
        "environment": environment,
        "verdict": verdict,
        "compared_at": datetime.now(timezone.utc),
        "compared_by": "somebody",
        "result": {},
    }
    pair = {
        "environment": environment,
        "left_run": old.id,
        "right_run": new.id,
        "comparison": comparison["id"],
    }
    with warehouse.ledger.writing() as connection:
        connection.execute(comparisons.insert(), [comparison])
        connection.execute(compared.insert(), [{**pair, "partition_date": day} for day in dates])


class Operator:
    """Somebody who does one thing after the other, and counts what came of it."""

    def __init__(self, warehouse: Warehouse, seed: int, write: Write = write_nothing) -> None:
        self.warehouse, self.write = warehouse, write
        self.random = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def act(self) -> str:
        """Do one thing, and return what. That others are faster, or a step is not open, is no error."""
        names = list(_WEIGHTS)
        (name,) = self.random.choices(names, [_WEIGHTS[name] for name in names])
        job = self.random.choice((BREAKING, BREAKING, COMPATIBLE))
        environment = self.random.choice(ENVIRONMENTS)
        try:
            getattr(self, name)(job, environment)
        except (DecisionConflictError, RolloutError) as refusal:
            self.refused[f"{name}: {type(refusal).__name__}"] += 1
        except NotPinnedError:
            self.refused[f"{name}: not pinned yet"] += 1
        return name

    def run(self, job: str, environment: str) -> None:
        """Run some dates as the environment decides; while a rollout is under way, the other line, too."""
        dates = self._dates()
        decision, lines = self.warehouse.ledger.resolve(
            environment=environment, job=job, dates=dates, anew=self.random.random() < 0.1
        )
        self.done["resolved"] += 1
        rollout_now = decision.active_rollout
        for line in sorted(set(lines.values())):
            for span in date_spans(day for day, other in lines.items() if other == line):
                if rollout_now is None:
                    self._commit(job, line, span, environment)
                else:
                    self._compare(rollout_now, job, span, environment)

    def run_line(self, job: str, environment: str) -> None:
        """Run some dates in a line, whatever is decided."""
        self._commit(job, self.random.choice((OLD, NEW, NEW)), self._dates(), environment)

    def backfill(self, job: str, environment: str) -> None:
        """Run all dates in the new line, so that a cutover finds them."""
        self._commit(job, NEW, DateRange(DAYS[0], DAYS[-1]), environment)

    def fail(self, job: str, environment: str) -> None:
        """Start a run that fails."""
        run = record(job, self.random.choice((OLD, NEW)), self._dates(), environment)
        self.warehouse.ledger.start_run(run)
        self.write(self.warehouse, run, DateRange(run.first_date, run.last_date))
        self.warehouse.ledger.fail_run(run.id, "bad luck")
        self.done["failed"] += 1

    def pin(self, job: str, environment: str) -> None:
        """Pin a line, and perhaps publish what it has."""
        line, publish = self.random.choice((OLD, NEW)), self.random.random() < 0.5
        rollout.pin(
            self.warehouse, job=job, line=line, environment=environment, reason="a pin", publish=publish
        )
        self.done["decided"] += 1

    def start(self, job: str, environment: str) -> None:
        """Plan and start a rollout to the other line."""
        decision = self.warehouse.ledger.decision(environment=environment, job=job)
        old = decision.line if decision else OLD
        last = "cutover:0" if job == BREAKING else "100%:0"
        steps = ["shadow:0", *(["40%:0"] if job == COMPATIBLE else []), last]
        rollout.plan(
            self.warehouse,
            job=job,
            old=old,
            new=NEW if old == OLD else OLD,
            environment=environment,
            steps=steps,
        )
        self.done["planned"] += 1
        rollout.start(self.warehouse, job=job, environment=environment, reason="a start")
        self.done["decided"] += 1

    def advance(self, job: str, environment: str) -> None:
        """Take a rollout's next step, which may be the cutover."""
        rollout.advance(self.warehouse, job=job, environment=environment, reason="a step")
        self.done["decided"] += 1

    def roll_back(self, job: str, environment: str) -> None:
        """Roll a rollout back."""
        rollout.roll_back(self.warehouse, job=job, environment=environment, reason="a rollback")
        self.done["decided"] += 1

    def hold(self, job: str, environment: str) -> None:
        """Hold a rollout."""
        rollout.hold(self.warehouse, job=job, environment=environment, reason="a hold")
        self.done["decided"] += 1

    def resume(self, job: str, environment: str) -> None:
        """Go on after a hold."""
        rollout.resume(self.warehouse, job=job, environment=environment, reason="going on")
        self.done["decided"] += 1

    def finish(self, job: str, environment: str) -> None:
        """Finish a rollout."""
        rollout.finish(self.warehouse, job=job, environment=environment, reason="an end")
        self.done["decided"] += 1

    def gc(self, _job: str, _environment: str) -> None:
        """Remove what dead runs left."""
        self.done["collected"] += len(collect(self.warehouse, dead_runs(self.warehouse, 24)))

    def _compare(self, rollout_now: Rollout, job: str, dates: DateRange, environment: str) -> None:
        """Run both lines, compare them, and publish what is proven."""
        old, new = (self._commit(job, line, dates, environment) for line in rollout_now.lines)
        verdict = self.random.choice(("pass", "pass", "fail"))
        record_comparison(self.warehouse, environment, old, new, dates, verdict)
        here = replace(self.warehouse, config=self.warehouse.config.in_environment(environment))
        self.done["proven"] += len(publish_withheld(here, job, dates))

    def _commit(self, job: str, line: str, dates: DateRange, environment: str) -> RunRecord:
        run = commit(self.warehouse, job, line, dates, environment, self.write)
        self.done["committed"] += 1
        self.done["receipts"] += len(dates)
        return run

    def _dates(self) -> DateRange:
        first = self.random.randrange(len(DAYS))
        return DateRange(DAYS[first], DAYS[min(first + self.random.randrange(3), len(DAYS) - 1)])


# How often each is done.
_WEIGHTS = {
    "run": 30,
    "run_line": 10,
    "backfill": 10,
    "fail": 3,
    "pin": 3,
    "start": 10,
    "advance": 15,
    "roll_back": 8,
    "hold": 2,
    "resume": 3,
    "finish": 4,
    "gc": 2,
}
