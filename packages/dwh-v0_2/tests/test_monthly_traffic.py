"""Flights and destinations of each origin, each month."""

from __future__ import annotations

from datetime import date

from dwh.core.testing import output_of
from dwh.jobs.v0_2_0._inputs import FLIGHTS
from dwh.jobs.v0_2_0.monthly_traffic import MonthlyTraffic


def test_months_and_origins_are_kept_apart(given):
    """Each month counts its flights, those cancelled, and each of its destinations once."""
    flights = given(
        FLIGHTS,
        {"flight_date": date(2013, 1, 1), "dest": "IAH"},
        {"flight_date": date(2013, 1, 31), "dest": "IAH", "dep_delay": None},
        {"flight_date": date(2013, 1, 31), "dest": "BOS"},
        {"flight_date": date(2013, 2, 1), "dest": "IAH"},
        {"flight_date": date(2013, 2, 1), "origin": "LGA", "dep_delay": None},
    )
    found = {tuple(row) for row in output_of(MonthlyTraffic(), flights=flights).collect()}
    january, february = date(2013, 1, 1), date(2013, 2, 1)
    assert found == {(january, "EWR", 3, 1, 2), (february, "EWR", 1, 0, 1), (february, "LGA", 1, 1, 1)}
