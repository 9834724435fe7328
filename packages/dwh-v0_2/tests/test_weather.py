"""The weather at each origin, each hour."""

from __future__ import annotations

from datetime import datetime

import pytest

from dwh.core.testing import output_of
from dwh.jobs.v0_2_0._inputs import WEATHER
from dwh.jobs.v0_2_0.weather import Weather


@pytest.fixture
def observed(given):
    """Return the output's rows by hour and origin for some observations."""

    def compute(*observations):
        rows = output_of(Weather(), weather=given(WEATHER, *observations)).collect()
        return {(row.hour, row.origin): row for row in rows}

    return compute


def test_values_are_metric(observed):
    """Miles and inches become kilometres and millimetres; what was not measured is null."""
    row = observed({"wind_speed": 10.0, "precip": 0.5, "visib": None})[datetime(2013, 1, 15, 10), "EWR"]
    assert row[2:] == (16.09344, 12.7, None)


def test_hours_and_origins_are_kept_apart(observed):
    """Each hour of each origin is a row; an observation within an hour counts to it."""
    found = observed({}, {"time_hour": datetime(2013, 1, 15, 11, 51)}, {"origin": "LGA"})
    ten, eleven = datetime(2013, 1, 15, 10), datetime(2013, 1, 15, 11)
    assert set(found) == {(ten, "EWR"), (eleven, "EWR"), (ten, "LGA")}


def test_an_hour_observed_twice(observed):
    """Of two observations of an hour, the worse of each value counts."""
    found = observed({"visib": 10.0, "precip": 1.0}, {"visib": 0.0, "precip": None, "wind_speed": 0.0})
    assert [row[2:] for row in found.values()] == [(5 * 1.609344, 25.4, 0.0)]
