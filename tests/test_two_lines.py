"""Two lines in one process: what they share, what they do not, and how a DAG calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import pytest

from dwh.core import find_job, read_table
from dwh.core.dates import DateRange
from dwh.core.definition import inputs_of
from dwh.core.lines import installed_lines

DAY = "2013-01-15"


class PythonOperator:
    """Stands for Airflow's operator, which calls its callable with the context as keywords."""

    def __init__(self, task_id, python_callable):
        self.task_id, self.python_callable = task_id, python_callable

    def execute(self):
        """Call the task as Airflow does."""
        return self.python_callable(ds=DAY, ti=object(), params={}, run_id="scheduled")


def test_the_documented_snippet(spark, here):
    """The documentation's two imports and two tasks run in one process; each receipt is its line's."""
    # fmt: off
    from dwh.jobs.v0_1_0.my_job import MyJob as MyJobV1
    from dwh.jobs.v0_2_0.my_job import MyJob as MyJobV2
    legacy_task = PythonOperator(task_id="legacy_job", python_callable=MyJobV1().run)
    new_task = PythonOperator(task_id="new_job", python_callable=MyJobV2().run)
    # fmt: on
    legacy, new = legacy_task.execute(), new_task.execute()
    lines = installed_lines()
    assert (legacy["line"], legacy["release"]) == ("0.1", lines["0.1"].release)
    assert (new["line"], new["release"]) == ("0.2", lines["0.2"].release)
    assert legacy["table"] == new["table"] == "flights.flights_per_day"
    assert json.loads(json.dumps([legacy, new])) == [legacy, new]
    assert read_table(spark, "flights.flights_per_day", line="0.1").collect()[0].flights == 4


def test_airport_traffic_is_the_same_in_both(spark, here):
    """`airport_traffic` was rewritten in 0.2: its contract and its rows are those of 0.1."""
    old, new = find_job("airport_traffic@0.1"), find_job("airport_traffic@0.2")
    assert old.writes == new.writes and new.changes == ()
    tables = []
    for job, line in ((old, "0.1"), (new, "0.2")):
        job().run(date=DAY, spark=spark)
        tables.append(read_table(spark, "flights.airport_traffic", line=line))
    assert tables[0].count() > 0
    assert tables[0].exceptAll(tables[1]).count() == tables[1].exceptAll(tables[0]).count() == 0


def test_carrier_delays_breaks_its_contract_as_declared(spark, here):
    """What `carrier_delays` of 0.2 has another name for, added or redefined is what it declares."""
    old, new = find_job("carrier_delays@0.1"), find_job("carrier_delays@0.2")
    renamed, added, redefined = new.changes
    before = {renamed.new if column.name == renamed.old else column.name for column in old.writes.columns}
    assert {column.name for column in new.writes.columns} == before | {added.column}
    for job in (old, new):
        job().run(date=DAY, spark=spark)
    sides = [
        read_table(spark, "flights.carrier_delays", line=line)
        .orderBy("carrier")
        .drop(redefined.column, added.column)
        for line in ("0.1", "0.2")
    ]
    assert [tuple(row) for row in sides[0].collect()] == [tuple(row) for row in sides[1].collect()]


def references() -> Iterator[str]:
    """Yield each job of each line that needs no table of another job."""
    for line in installed_lines().values():
        jobs = {name: find_job(f"{name}@{line.name}") for name in line.job_names()}
        written = {job.writes.name for job in jobs.values()}
        for name, job in jobs.items():
            if not {need.name for need in inputs_of(job)} & written - {job.writes.name}:
                yield f"{name}@{line.name}"


@pytest.mark.parametrize("reference", list(references()))
def test_every_job_runs(spark, here, reference):
    """A job runs on the landing zone, for the time of a day in the grain of its own, and writes rows."""
    job = find_job(reference)
    day = date.fromisoformat(DAY)
    dates = DateRange(day, day).covering(job.writes.logical_grain)
    receipt = job().run(start=dates.first, end=dates.last, spark=spark)
    assert receipt["rows"] > 0


def test_importing_jobs_is_cheap():
    """Importing every job of every line imports neither Spark nor the database library."""
    program = (
        "import sys; from dwh.core.lines import installed_lines\n"
        "for line in installed_lines().values():\n"
        "    [line.job(name) for name in line.job_names()]\n"
        "print(sorted({'pyspark', 'sqlalchemy', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
