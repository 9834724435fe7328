"""Departures and arrivals of each airport, each day."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.jobs.v0_2_0._inputs import AIRPORTS, FLIGHTS
from dwh.jobs.v0_2_0.airport_traffic import AirportTraffic

CANCELLED = {"dep_delay": None, "arr_delay": None}
DIVERTED = {"arr_delay": None}


@pytest.fixture
def traffic(given):
    """Return the output by airport for some flights, one day after the other."""

    def compute(*flights, airports=({"faa": "EWR", "name": "Newark"}, {"faa": "IAH", "name": "Houston"})):
        frame = AirportTraffic().transform(
            flights=given(FLIGHTS, *flights), airports=given(AIRPORTS, *airports)
        )
        return {(row.flight_date.day, row.airport): (row.departures, row.arrivals) for row in frame.collect()}

    return compute


def test_both_ends_of_a_flight_count(traffic):
    """A flight is a departure at its origin and an arrival at its destination."""
    assert traffic({}, {}) == {(15, "EWR"): (2, 0), (15, "IAH"): (0, 2)}


def test_an_airport_can_be_both(traffic):
    """An airport from which and to which flights went has both figures in one row."""
    assert traffic({}, {"origin": "IAH", "dest": "EWR"}) == {(15, "EWR"): (1, 1), (15, "IAH"): (1, 1)}


def test_a_cancelled_flight_is_neither(traffic):
    """A cancelled flight neither departed nor arrived, but its airports appear."""
    assert traffic(CANCELLED) == {(15, "EWR"): (0, 0), (15, "IAH"): (0, 0)}


def test_a_diverted_flight_did_not_arrive(traffic):
    """A diverted flight departed, but did not arrive where it was scheduled to."""
    assert traffic(DIVERTED) == {(15, "EWR"): (1, 0), (15, "IAH"): (0, 0)}


def test_days_are_kept_apart(traffic):
    """Each day has its own figures."""
    found = traffic({}, {"flight_date": date(2013, 1, 16), "dest": "BOS"})
    assert found == {(15, "EWR"): (1, 0), (15, "IAH"): (0, 1), (16, "EWR"): (1, 0), (16, "BOS"): (0, 1)}


def test_names(given):
    """An airport has its name, or null where the code is not among the airports."""
    frame = AirportTraffic().transform(
        flights=given(FLIGHTS, {"dest": "BQN"}), airports=given(AIRPORTS, {"faa": "EWR", "name": "Newark"})
    )
    assert {row.airport: row.airport_name for row in frame.collect()} == {"EWR": "Newark", "BQN": None}
