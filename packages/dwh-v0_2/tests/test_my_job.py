"""Flights per day."""

from __future__ import annotations

from datetime import date

from dwh.jobs.v0_2_0._inputs import FLIGHTS
from dwh.jobs.v0_2_0.my_job import MyJob


def test_every_scheduled_flight_counts(given):
    """Each day counts its scheduled departures, flown or not."""
    flights = given(FLIGHTS, {}, {"dep_delay": None, "arr_delay": None}, {"flight_date": date(2013, 1, 16)})
    found = {tuple(row) for row in MyJob().transform(flights=flights).collect()}
    assert found == {(date(2013, 1, 15), 2), (date(2013, 1, 16), 1)}
