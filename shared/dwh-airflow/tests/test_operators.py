"""The operators: what is refused while a DAG is parsed, what they say of themselves, and real runs."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from installation import land

from dwh.core import find_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import pin

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow_home")]

NOON = datetime(2013, 1, 15, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"job": "carrier_delays"}, "names no version"),
        ({"job": "carrier_delays", "version": "current"}, "names no version"),
        ({"job": "carrier_delays@latest"}, "JOB@LINE or JOB@RELEASE"),
        ({"job": "Carrier Delays@0.1"}, "lower-case"),
        ({"job": "carrier_delays@0.1", "environment": ""}, "lower-case"),
        ({"job": "carrier_delays@0.1", "environment": "Prod!"}, "lower-case"),
        ({"job": "carrier_delays@0.1", "version": "0.2"}, "names its version already"),
        ({"job": "carrier_delays", "environment": "Prod!"}, "lower-case"),
        ({"job": "carrier_delays", "environment": "prod", "version": "newest"}, "original, current"),
        ({"job": "carrier_delays@0.1", "isolated": True}, 'job="carrier_delays@RELEASE"'),
        ({"job": "carrier_delays", "environment": "prod", "isolated": True}, "exact release"),
        ({"job": "carrier_delays@0.1.1", "python": "3.11"}, "isolated=True"),
        ({"job": "carrier_delays@0.1.1", "isolated": True, "requirements": "pyspark==3.5.*"}, "a list"),
        ({"job": "carrier_delays@0.1", "date": "2013-02-30"}, "no such date"),
    ],
)
def test_what_cannot_run_is_refused_while_the_dag_is_parsed(arguments, said):
    """Wrong arguments raise a DwhError that says what to write."""
    from dwh.airflow import DwhRunOperator
    from dwh.core import DwhError

    with pytest.raises(DwhError, match=said):
        DwhRunOperator(task_id="run", **arguments)


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (("carrier_delays@0.1", "carrier_delays"), "JOB@LINE"),
        (("flights.carrier_delays@0.1", "flights.carrier_delays"), "TABLE@LINE"),
        (("./before", "carrier_delays@0.1"), "not one with the other"),
        (("carrier_delays@0.1", "--html=/etc/passwd"), "not one with the other"),
    ],
)
def test_what_cannot_be_compared_is_refused_while_the_dag_is_parsed(sides, said):
    """Sides that are no versions raise a DwhError that says what to write."""
    from dwh.airflow import DwhCompareOperator
    from dwh.core import DwhError

    with pytest.raises(DwhError, match=said):
        DwhCompareOperator(task_id="compare", left=sides[0], right=sides[1])


@pytest.mark.parametrize("environment", ["", "{{ '' }}"])
def test_a_comparison_in_an_empty_environment_is_refused(environment):
    """It is not the configured environment, but a mistake: also where a template has come out empty."""
    from dwh.airflow import DwhCompareOperator
    from dwh.core.errors import InvalidNameError

    def compare():
        task = DwhCompareOperator(task_id="compare", left="a@0.1", right="a@0.2", environment=environment)
        task.render_template_fields({})
        task.execute({})

    with pytest.raises(InvalidNameError, match="lower-case"):
        compare()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"job": "my_job@0.1"}, "line **0.1**, in"),
        ({"job": "my_job@0.1", "environment": "prod"}, "line **0.1** in environment `prod`, in"),
        ({"job": "my_job@0.1.1", "environment": "prod"}, "release **0.1.1** exactly in environment `prod`."),
        ({"job": "my_job", "version": "0.1"}, "line **0.1**"),
        ({"job": "my_job@0.1.1"}, "release **0.1.1** exactly."),
        ({"job": "my_job@0.1.1", "isolated": True}, "in an environment of its own"),
        ({"job": "my_job", "environment": "prod"}, "environment `prod` decides"),
        ({"job": "my_job@{{ params.line }}"}, "line"),
    ],
)
def test_the_documentation_of_a_task_names_its_line(arguments, said):
    """What Airflow shows of a task says which version it runs, before what its author says."""
    from dwh.airflow import DwhRunOperator

    task = DwhRunOperator(task_id="run", **arguments, doc_md="Ask the data team.")
    assert said in task.doc_md
    assert task.doc_md.endswith("\n\nAsk the data team.")


def test_two_versions_run_and_are_compared(play, airflow_home):
    """Each task's XCom is the receipt of its line; the comparison passes, and links to its page."""
    state, tasks, xcoms = play("operators", logical_date=NOON)
    assert (state, set(tasks.values())) == ("success", {"success"})
    lines = {task: xcoms[task]["return_value"]["line"] for task in ("legacy", "new")}
    assert lines == {"legacy": "0.1", "new": "0.2"}
    found = xcoms["compare"]
    assert found["verdict"] == found["return_value"]["verdict"] == "pass"
    report = Path(found["report"])
    assert report.parent == airflow_home / "logs" / "dwh-reports"
    assert found["_link_ReportLink"] == report.as_uri()
    assert "carrier_delays@0.2" in report.read_text("utf-8")


def test_a_comparison_that_does_not_pass_fails_or_skips(play, home, capsys):
    """A difference that nobody declared fails one task, and skips the other with what depends on it."""
    from dwh.core import find_job

    landed = home / "landing/flights/flight_date=2013-01-15/part.csv"
    for text in (landed.read_text(), landed.read_text() + "B6,JFK,BQN,1,1\n"):
        landed.write_text(text)
        find_job("my_job@0.1")().run(date="2013-01-15")
    state, tasks, xcoms = play("comparisons", logical_date=NOON)
    assert (state, tasks) == (
        "failed",
        {"fails": "failed", "after_fails": "upstream_failed", "skips": "skipped", "after_skips": "skipped"},
    )
    assert {xcoms[task]["verdict"] for task in ("fails", "skips")} == {"fail"}
    name = Path(xcoms["skips"]["report"]).name
    assert xcoms["skips"]["_link_ReportLink"].startswith(
        "https://reports.example.org/dwh/comparisons__skips__"
    )
    assert "flights" in Path(xcoms["fails"]["report"]).read_text("utf-8")
    assert name.endswith(".html")
    said = capsys.readouterr()
    assert "my_job@0.1 and my_job@0.1: verdict fail" in said.out + said.err


def test_a_comparison_is_of_the_environment_that_it_names(play, home):
    """What prod has run is compared; where no environment is named it is dev's, which has run nothing."""
    from dwh.core import find_job
    from dwh.core.config import load_config
    from dwh.core.warehouse import Warehouse

    prod = Warehouse.create(load_config().in_environment("prod"))
    for _ in range(2):
        find_job("my_job@0.1")().run(date="2013-01-15", warehouse=prod)
    state, tasks, xcoms = play("compared_in", logical_date=NOON)
    assert (state, tasks) == ("failed", {"in_prod": "success", "in_dev": "failed"})
    assert xcoms["in_prod"]["verdict"] == "pass"


def test_an_environment_decides_and_a_cleared_task_gets_the_same_line(play, dwh):
    """The environment's line runs and is published; a rerun gets it again, also after the pin has moved."""
    dwh("pin", "airport_traffic", "0.1", "--env", "prod", "--reason", "where we start")
    state, tasks, xcoms = play("served", logical_date=NOON)
    assert (state, set(tasks.values())) == ("success", {"success"})
    [first] = xcoms["served"]["return_value"]
    assert (first["receipt"]["line"], first["published"]) == ("0.1", 1)
    assert xcoms["waits"]["return_value"]["run"] == first["receipt"]["run"]
    dwh("pin", "airport_traffic", "0.2", "--env", "prod", "--reason", "for what comes")
    _, _, xcoms = play("served", logical_date=NOON)
    [again] = xcoms["served"]["return_value"]
    assert again["receipt"]["run"] != first["receipt"]["run"]
    assert again["receipt"]["line"] == "0.1"


@pytest.mark.parametrize(
    ("dag", "task", "date", "rows"),
    [("hours", "weather", "2013-01-15T12", 2), ("months", "traffic", "2013-01", 3)],
)
def test_an_hour_or_a_month_is_the_data_intervals(play, dag, task, date, rows):
    """The grain of an operator takes the DAG run's logical date to the hour or the month that holds it."""
    state, _, xcoms = play("shapes", dag=dag, logical_date=NOON)
    receipt = xcoms[task]["return_value"]
    assert (state, receipt["first_date"], receipt["last_date"], receipt["rows"]) == (
        "success",
        date,
        date,
        rows,
    )


def test_a_job_reads_what_the_task_before_has_published(play, home, monkeypatch):
    """A week rests on what the environment publishes, the date that the task before has written included; a
    table that is built on the date before, on what another DAG run has written of that."""
    monkeypatch.setenv("DWH_ENVIRONMENT", "prod")
    land(home, *(f"2013-01-{day:02}" for day in range(9, 15)))
    find_job("carrier_delays@0.2")().run(start="2013-01-09", end="2013-01-14")
    before = find_job("carriers@0.2")().run(date="2013-01-14")
    warehouse = Warehouse.open()
    for job in ("carrier_delays", "punctuality"):
        pin(warehouse, job=job, line="0.2", environment="prod", publish=True, reason="where we start")
    state, _, xcoms = play("shapes", dag="chain", logical_date=NOON)
    delays, punctuality = (xcoms[task]["return_value"][0]["receipt"] for task in ("delays", "punctuality"))
    assert (state, punctuality["rows"]) == ("success", 2)
    *_, last = warehouse.ledger.reads_of([punctuality["run"]])[punctuality["run"]]
    assert (str(last.first_date), last.read_run_id) == ("2013-01-15", delays["run"])
    (read,) = warehouse.ledger.reads_of([carriers := xcoms["carriers"]["return_value"]["run"]])[carriers]
    assert (str(read.first_date), read.read_run_id) == ("2013-01-14", before["run"])


def test_what_dwh_refuses_is_not_tried_again(play, home, capsys):
    """Without a pin the task says what to type, and fails for good: a retry would find the same."""
    state, _, xcoms = play("served", logical_date=NOON)
    assert (state, xcoms["served"]) == ("failed", {})
    said = capsys.readouterr()
    assert "dwh pin airport_traffic LINE --env prod" in said.out + said.err
    assert "AirflowFailException" in said.out + said.err
    assert not (home / "warehouse").exists()


def test_an_xcom_is_json(play):
    """What a task hands on is plain JSON, which any backend of XComs can keep."""
    _, _, xcoms = play("flights", logical_date=NOON)
    assert json.loads(json.dumps(xcoms)) == xcoms
