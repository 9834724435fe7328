"""Departure delays by the weather at the origin."""

from __future__ import annotations

from datetime import datetime

import pytest

from dwh.jobs.v0_2_0._inputs import FLIGHT_HOURS, WEATHER
from dwh.jobs.v0_2_0.delay_causes import DelayCauses

CANCELLED = {"dep_delay": None}


@pytest.fixture
def causes(given):
    """Return the output's rows by weather for some flights and observations."""

    def compute(flights, weather):
        inputs = {"flights": given(FLIGHT_HOURS, *flights), "weather": given(WEATHER, *weather)}
        return {row.weather: row for row in DelayCauses().transform(**inputs).collect()}

    return compute


@pytest.mark.parametrize(
    ("observed", "kind"),
    [
        ({}, "fair"),
        ({"wind_speed": 18.9}, "fair"),
        ({"wind_speed": 19.0}, "wind"),
        ({"wind_speed": None, "precip": None}, "fair"),
        ({"precip": 0.01}, "precipitation"),
        ({"precip": 0.01, "wind_speed": 30.0}, "precipitation"),
        ({"visib": 3.0}, "fair"),
        ({"visib": 2.9, "precip": 0.5, "wind_speed": 30.0}, "low visibility"),
        ({"visib": None, "precip": 0.5}, "unknown"),
    ],
)
def test_kinds_of_weather(causes, observed, kind):
    """The first kind of weather that holds, in the documented order, is the one that counts."""
    assert list(causes([{}], [observed])) == [kind]


def test_figures(causes):
    """Each kind of weather has its flights, the cancelled ones, and the mean of the others."""
    row = causes([{"dep_delay": -2.0}, {"dep_delay": 8.0}, CANCELLED], [{}])["fair"]
    assert (row.flights, row.cancelled, row.mean_departure_delay_min) == (3, 1, 3.0)
    assert causes([CANCELLED], [{}])["fair"].mean_departure_delay_min is None


def test_an_hour_observed_twice(causes):
    """An hour that was observed twice counts its flights once, with the worst of both."""
    found = causes([{}], [{"visib": 10.0}, {"visib": 1.0}])
    assert {kind: row.flights for kind, row in found.items()} == {"low visibility": 1}


@pytest.mark.parametrize("elsewhere", [{"time_hour": datetime(2013, 1, 15, 11)}, {"origin": "LGA"}])
def test_an_hour_that_was_not_observed(causes, elsewhere):
    """Flights of an hour or an airport without observation keep their row, as unknown."""
    found = causes([elsewhere, {}, {}], [{}])
    assert {kind: row.flights for kind, row in found.items()} == {"unknown": 1, "fair": 2}


def test_origins_are_kept_apart(given):
    """The weather of one airport says nothing about another."""
    flights = given(FLIGHT_HOURS, {}, {"origin": "LGA"})
    weather = given(WEATHER, {"visib": 1.0}, {"origin": "LGA", "wind_speed": 25.0})
    frame = DelayCauses().transform(flights=flights, weather=weather)
    assert {(row.origin, row.weather) for row in frame.collect()} == {
        ("EWR", "low visibility"),
        ("LGA", "wind"),
    }
