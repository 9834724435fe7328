"""Delay figures of each carrier, each day."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core import Added, Expected, Renamed
from dwh.jobs.v0_2_0._inputs import AIRLINES, FLIGHTS
from dwh.jobs.v0_2_0.carrier_delays import CarrierDelays

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


def test_on_time_is_an_arrival_less_than_fifteen_minutes_late(delays):
    """A flight is on time when it arrived less than 15 minutes late, however it departed."""
    late = [-5.0, 0.0, 14.0, 14.9, 15.0, 60.0]
    flights = [{"dep_delay": 99.0, "arr_delay": minutes} for minutes in late]
    assert delays(*flights)["UA"].on_time == 4


def test_what_did_not_arrive_is_not_on_time(delays):
    """A cancelled or diverted flight is not on time, even if it departed early."""
    assert delays(CANCELLED, {**DIVERTED, "dep_delay": -3.0})["UA"].on_time == 0


def test_means(delays):
    """Means are over the flights that departed, and over those that arrived as scheduled."""
    row = delays({"dep_delay": 10.0, "arr_delay": -4.0}, {**DIVERTED, "dep_delay": 20.0}, CANCELLED)["UA"]
    assert (row.mean_departure_delay_min, row.mean_arrival_delay_min) == (15.0, -4.0)


def test_without_flights_there_is_no_mean(delays):
    """Where no flight departed or arrived, the means are null."""
    row = delays(CANCELLED)["UA"]
    assert (row.mean_departure_delay_min, row.mean_arrival_delay_min) == (None, None)
    row = delays({**DIVERTED, "dep_delay": 1.0})["UA"]
    assert (row.mean_departure_delay_min, row.mean_arrival_delay_min) == (1.0, None)


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


def test_what_changed_is_declared():
    """The renamed, the added and the redefined column are declared, and are columns of the contract."""
    columns = {column.name for column in CarrierDelays.writes.columns}
    renamed, added, redefined = CarrierDelays.changes
    assert isinstance(renamed, Renamed) and renamed.new in columns and renamed.old not in columns
    assert isinstance(added, Added) and added.column in columns
    assert isinstance(redefined, Expected) and redefined.column in columns
