"""Jobs in Airflow's own PythonOperator, run by `dag.test` in a real Airflow."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dwh.core import read_table
from dwh.core.lines import installed_lines

pytestmark = pytest.mark.airflow

NOON = datetime(2013, 1, 15, 12, tzinfo=timezone.utc)


def test_the_documented_dag_runs_both_versions(play):
    """Two imports and two tasks: each XCom is the receipt of its own line, each line has its own output."""
    from dwh.core.session import spark_session

    state, tasks, xcoms = play("flights", logical_date=NOON)
    assert (state, tasks) == ("success", {"legacy_job": "success", "new_job": "success"})
    receipts = {task: found["return_value"] for task, found in xcoms.items()}
    lines = installed_lines()
    assert {task: (r["line"], r["release"]) for task, r in receipts.items()} == {
        "legacy_job": ("0.1", lines["0.1"].release),
        "new_job": ("0.2", lines["0.2"].release),
    }
    for receipt in receipts.values():
        assert (receipt["first_date"], receipt["last_date"]) == ("2013-01-15", "2013-01-15")
        table = read_table(spark_session({}), "flights.flights_per_day", line=receipt["line"])
        assert [tuple(map(str, row)) for row in table.collect()] == [("2013-01-15", "3")]


def test_a_run_without_a_logical_date_is_refused(play, home, capsys):
    """A manual run without one fails, says what to trigger it with, and leaves nothing behind."""
    state, tasks, _ = play("flights", logical_date=None)
    assert (state, set(tasks.values())) == ("failed", {"failed"})
    said = capsys.readouterr()
    assert 'trigger the DAG run with one, or with {"date": "2013-01-15"}' in said.out + said.err
    assert not (home / "warehouse").exists()


def test_a_run_without_a_logical_date_takes_the_one_it_is_given(play):
    """A manual run without one runs the date of its configuration."""
    state, _, xcoms = play("flights", logical_date=None, run_conf={"date": "2013-01-16"})
    assert state == "success"
    assert {found["return_value"]["first_date"] for found in xcoms.values()} == {"2013-01-16"}


def test_params_and_arguments_say_which_dates_run(play):
    """What a task is given counts before the DAG run's date, which comes from its schedule or its params."""
    expected = {
        "by_itself": ("2013-01-15", "2013-01-15"),
        "by_hand": ("2013-01-16", "2013-01-16"),
        "a_range": ("2013-01-15", "2013-01-16"),
    }
    for arguments in ({"logical_date": NOON}, {"logical_date": None, "run_conf": {"date": "2013-01-15"}}):
        state, _, xcoms = play("asked", **arguments)
        receipts = {task: found["return_value"] for task, found in xcoms.items()}
        assert state == "success"
        assert {task: (r["first_date"], r["last_date"]) for task, r in receipts.items()} == expected


def test_another_date_than_the_logical_one_is_refused(play, capsys):
    """A run whose configuration asks for another date than its logical one does not choose between them."""
    state, _, _ = play("flights", logical_date=NOON, run_conf={"date": "2013-01-16"})
    assert state == "failed"
    said = capsys.readouterr()
    assert "logical date is 2013-01-15, and its params ask for another" in said.out + said.err


def test_a_cleared_task_writes_the_same_line_again(play, dwh):
    """The second run of a logical date writes the same line again, and readers get the newer output."""
    first, again = (play("flights", logical_date=NOON)[2] for _ in range(2))
    for task in ("legacy_job", "new_job"):
        one, two = first[task]["return_value"], again[task]["return_value"]
        assert one["run"] != two["run"]
        assert {**one, "run": ""} == {**two, "run": ""}
