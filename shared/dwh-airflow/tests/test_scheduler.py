"""DAGs under a real scheduler, with a real DAG processor, API server and executor."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from installation import airflow, airflow_variables, land
from standalone import Airflow, standalone

from dwh.core.config import load_config
from dwh.core.errors import LedgerError
from dwh.core.ledger import RunRecord
from dwh.core.warehouse import Warehouse

pytestmark = pytest.mark.airflow

TASKS = {"legacy_job": "0.1", "new_job": "0.2"}
TABLE = "flights.flights_per_day"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a landing zone of the two days of the DAG's schedule, and a third that takes minutes."""
    home = land(tmp_path_factory.mktemp("site"), "2013-01-15", "2013-01-16", "2013-01-17")
    header, row = b"carrier,origin,dest,dep_delay,arr_delay\n", b"UA,EWR,IAH,2,11\n"
    many = gzip.compress(row * 2_000_000, 1)  # 32 MB, which one task must read in one go
    slow = home / "landing/flights/flight_date=2013-01-17/slow.csv.gz"
    slow.write_bytes(gzip.compress(header) + many * 300)
    return home


@pytest.fixture(scope="module")
def running(
    site: Path, tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]
) -> Iterator[Airflow]:
    """A running Airflow, whose tasks find that folder."""
    home = tmp_path_factory.mktemp("airflow")
    airflow("db", "migrate", home=home)
    variables = {**airflow_variables(home), "DWH_CONFIG": str(site / "dwh.toml")}
    with standalone(home, variables, say) as started:
        yield started


@pytest.fixture(scope="module")
def caught_up(running: Airflow) -> list[str]:
    """The ids of the DAG runs for both days of the past, which the scheduler makes once it may."""
    running.until(lambda: running.call("/api/v2/dags/flights"))
    running.call("/api/v2/dags/flights", {"is_paused": False}, method="PATCH")
    runs = running.until(lambda: running.finished("flights", 2))
    assert {run["state"] for run in runs} == {"success"}, running.said()
    assert [(run["logical_date"][:10], run["data_interval_end"][:10]) for run in runs] == [
        ("2013-01-15", "2013-01-16"),
        ("2013-01-16", "2013-01-17"),
    ]
    return [run["dag_run_id"] for run in runs]


def warehouse(site: Path) -> Warehouse:
    """Return the warehouse that the tasks wrote."""
    return Warehouse.open(load_config(site, {}))


def long_runs(site: Path) -> list[RunRecord]:
    """Return the runs of the day that takes minutes; none while there is no ledger."""
    with suppress(LedgerError):
        return [run for run in warehouse(site).ledger.find_runs() if str(run.first_date) == "2013-01-17"]
    return []


def test_the_scheduler_catches_up(running, caught_up, site):
    """Each logical date of the past is run by both lines; the XComs are their receipts."""
    receipts = [(task, running.receipt("flights", run, task)) for run in caught_up for task in TASKS]
    found = {(task, receipt["first_date"]): receipt["line"] for task, receipt in receipts}
    assert found == {
        (task, day): line for task, line in TASKS.items() for day in ("2013-01-15", "2013-01-16")
    }
    for line in TASKS.values():
        days = [str(output.partition_date) for output in warehouse(site).outputs(table=TABLE, line=line)]
        assert days == ["2013-01-15", "2013-01-16"]


def test_a_cleared_task_writes_the_same_line_again(running, caught_up, site):
    """Clearing a task in Airflow runs its line again for the same logical date."""
    before = running.receipt("flights", caught_up[0], "legacy_job")
    body = {"dag_run_id": caught_up[0], "task_ids": ["legacy_job"], "dry_run": False, "only_failed": False}
    running.call("/api/v2/dags/flights/clearTaskInstances", body)
    running.until(lambda: running.run("flights", caught_up[0]))
    after = running.receipt("flights", caught_up[0], "legacy_job")
    assert after["run"] != before["run"]
    assert {**after, "run": ""} == {**before, "run": ""}


def test_a_run_by_hand_without_a_logical_date_says_what_to_do(running, caught_up):
    """Triggered without a logical date, the tasks fail, and their log says how to trigger the DAG."""
    made = running.call("/api/v2/dags/flights/dagRuns", {"logical_date": None})
    run = running.until(lambda: running.run("flights", made["dag_run_id"]))
    assert run["state"] == "failed"
    assert "trigger the DAG run with one" in running.log("flights", made["dag_run_id"], "new_job")


def test_stopping_a_task_stops_its_run(running, site):
    """A task that somebody marks as failed takes its run with it, which is recorded as interrupted."""
    running.until(lambda: running.call("/api/v2/dags/stopped"))
    running.call("/api/v2/dags/stopped", {"is_paused": False}, method="PATCH")
    made = running.call("/api/v2/dags/stopped/dagRuns", {"logical_date": None})
    running.until(lambda: long_runs(site))
    place = f"/api/v2/dags/stopped/dagRuns/{made['dag_run_id']}/taskInstances/long"
    running.call(place, {"new_state": "failed"}, method="PATCH")
    running.until(lambda: all(run.finished_at for run in long_runs(site)), 90)
    assert [run.error for run in long_runs(site)] == ["interrupted"]
