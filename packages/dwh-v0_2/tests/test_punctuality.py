"""How punctual each carrier was in the seven days to each day."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.testing import output_of
from dwh.jobs.v0_2_0._inputs import DELAYS
from dwh.jobs.v0_2_0.punctuality import Punctuality


@pytest.fixture
def week_to(given):
    """Return the figures of each day of January and carrier, for some days of `carrier_delays`."""

    def compute(*days):
        delays = [
            {"flight_date": date(2013, 1, day), "flights": flights, "on_time": on_time, **more}
            for day, flights, on_time, more in days
        ]
        rows = output_of(Punctuality(), carrier_delays=given(DELAYS, *delays)).collect()
        return {(row.flight_date.day, row.carrier): row[2:] for row in rows}

    return compute


def test_seven_days_count(week_to):
    """A day's figures are of that day and the six before it, not of the eighth."""
    found = week_to((1, 100, 0, {}), (2, 10, 5, {}), (8, 10, 10, {}))
    assert found[8, "UA"] == (20, 15, 0.75)


def test_a_share_is_of_all_flights(week_to):
    """The share is of the week's flights, not the mean of the days' shares."""
    assert week_to((1, 1, 1, {}), (2, 9, 0, {}))[2, "UA"] == (10, 1, 0.1)


def test_days_without_flights_have_no_row(week_to):
    """A carrier has a row on the days on which it had flights, and days in between count as days."""
    assert set(week_to((1, 1, 1, {}), (9, 1, 1, {}))) == {(1, "UA"), (9, "UA")}


def test_carriers_are_kept_apart(week_to):
    """The flights of one carrier say nothing about another."""
    found = week_to((1, 2, 1, {}), (2, 4, 4, {"carrier": "AA"}))
    assert found == {(1, "UA"): (2, 1, 0.5), (2, "AA"): (4, 4, 1.0)}
