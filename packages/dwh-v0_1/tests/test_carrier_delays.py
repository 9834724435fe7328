"""Delay figures of each carrier, each day."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.jobs.v0_1_0._inputs import AIRLINES, FLIGHTS
from dwh.jobs.v0_1_0.carrier_delays import CarrierDelays

CANCELLED = {"dep_delay": None, "arr_delay": None}
DIVERTED = {"arr_delay": None}


@pytest.fixture
def delays(given):
    """Return the output's rows by carrier for some flights."""

    def compute(*flights, airlines=({"carrier": "UA", "name": "United"},)):
        inputs = {"flights": given(FLIGHTS, *flights), "airlines": given(AIRLINES, *airlines)}
        return {row.carrier: row for row in CarrierDelays().transform(**inputs).collect()}

    return compute


def test_flights_count_flown_or_not(delays):
    """`flights` counts every scheduled departure, `cancelled` those that never departed."""
    row = delays({}, DIVERTED, CANCELLED)["UA"]
    assert (row.flights, row.cancelled) == (3, 1)


def test_on_time_is_less_than_fifteen_minutes(delays):
    """A departure is on time when it is early or less than 15 minutes late."""
    late = [-5.0, 0.0, 14.0, 14.9, 15.0, 60.0]
    assert delays(*({"dep_delay": minutes} for minutes in late))["UA"].on_time == 4


def test_a_cancelled_flight_is_not_on_time(delays):
    """Since 0.1.1: a flight that never departed is not on time."""
    row = delays({"dep_delay": 3.0}, CANCELLED, CANCELLED)["UA"]
    assert (row.on_time, row.cancelled) == (1, 2)


def test_a_diverted_flight_counts_by_its_departure(delays):
    """A diverted flight departed: it can be on time, and its delay counts."""
    row = delays({**DIVERTED, "dep_delay": 10.0})["UA"]
    assert (row.cancelled, row.on_time, row.mean_delay) == (0, 1, 10.0)


def test_the_mean_is_over_departures(delays):
    """The mean is over the flights that departed, early ones negative."""
    assert delays({"dep_delay": -6.0}, {"dep_delay": 12.0}, CANCELLED)["UA"].mean_delay == 3.0


def test_without_a_departure_there_is_no_mean(delays):
    """Where no flight departed, the mean is null."""
    row = delays(CANCELLED)["UA"]
    assert (row.flights, row.cancelled, row.on_time, row.mean_delay) == (1, 1, 0, None)


def test_a_carrier_without_a_name(delays):
    """A carrier that is not among the airlines keeps its row; its name is null."""
    found = delays({}, {"carrier": "ZZ"})
    assert (found["UA"].carrier_name, found["ZZ"].carrier_name) == ("United", None)


def test_days_and_carriers_are_kept_apart(given):
    """There is a row for each carrier on each day on which it had flights scheduled."""
    flights = given(FLIGHTS, {}, {"flight_date": date(2013, 1, 16)}, {"carrier": "AA"})
    frame = CarrierDelays().transform(flights=flights, airlines=given(AIRLINES, {"name": "United"}))
    found = {(row.flight_date.day, row.carrier) for row in frame.collect()}
    assert found == {(15, "UA"), (16, "UA"), (15, "AA")}
