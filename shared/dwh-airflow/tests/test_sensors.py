"""The sensor: what it refuses, and what it finds in a real ledger."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from dwh.core import find_job
from dwh.core.errors import InvalidDateError, InvalidNameError, LedgerError

pytestmark = [pytest.mark.airflow, pytest.mark.usefixtures("airflow_home")]

TABLE = "flights.flights_per_day"
CONTEXT = {"logical_date": datetime(2013, 1, 15, 12, tzinfo=timezone.utc)}


def sensor(**arguments: Any) -> Any:
    """Make a sensor for the table in prod."""
    from dwh.airflow import DwhPublishedSensor

    return DwhPublishedSensor(task_id="waits", **{"table": TABLE, "environment": "prod", **arguments})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"table": "Flights; DROP"}, InvalidNameError),
        ({"environment": "Prod!"}, InvalidNameError),
        ({"date": "yesterday"}, InvalidDateError),
    ],
)
def test_what_can_never_be_published_is_refused_while_the_dag_is_parsed(arguments, error):
    """A wrong table, environment or date raises a DwhError."""
    with pytest.raises(error, match="write"):
        sensor(**arguments)


def test_it_waits_until_the_date_is_published(home, dwh):
    """Without a ledger or a publication, and for another date, it waits; then it says what is published."""
    waits = sensor()
    assert not waits.poke(CONTEXT)
    find_job("my_job@0.1")().run(date="2013-01-15")
    assert not waits.poke(CONTEXT)
    dwh("pin", "my_job", "0.1", "--env", "prod", "--reason", "where we start")
    assert not waits.poke(CONTEXT)  # what dev has is not prod's
    days = ("--from-date", "2013-01-15", "--to-date", "2013-01-15")
    dwh("promote", "my_job@0.1", "--from", "dev", "--to", "prod", *days, "--reason", "it is right")
    found = waits.poke(CONTEXT)
    assert found
    assert (found.xcom_value["line"], found.xcom_value["rows"]) == ("0.1", 1)
    assert sensor(date="2013-01-15").poke({})
    assert not sensor(date="2013-01-16").poke({})
    assert not sensor(environment="dev").poke(CONTEXT)


def test_it_waits_for_the_first_hour_of_a_table(home):
    """Before its first run nobody knows that a table is hourly: an hour of it is waited for like a day."""
    find_job("my_job@0.1")().run(date="2013-01-15")
    assert not sensor(table="flights.weather", date="2013-01-15T05").poke({})
    with pytest.raises(InvalidDateError, match="--date 2013-01-15 holds the same time"):
        sensor(date="2013-01-15T05").poke({})


def test_a_ledger_that_cannot_be_reached_is_an_error(home):
    """A sensor whose ledger cannot be read fails, where waiting would hide that."""
    (home / "broken.db").write_text(
        "this is no database, but a text that is long enough to be read as one" * 9
    )
    with pytest.raises(LedgerError, match="not a database"):
        sensor(env={"DWH_LEDGER": f"sqlite:///{home}/broken.db"}).poke(CONTEXT)


def test_without_a_logical_date_it_asks_for_one(home):
    """In a run without a logical date the sensor says how to give one."""
    with pytest.raises(InvalidDateError, match="trigger the DAG run with one"):
        sensor().poke({"dag_run": object(), "params": {}})
