"""The carriers and where they fly from, with their history."""

from __future__ import annotations

from datetime import date

import pytest

from dwh.core.dates import DateRange
from dwh.core.testing import frame_of, output_of
from dwh.jobs.v0_2_0._inputs import FLIGHTS
from dwh.jobs.v0_2_0.carriers import Carriers

FIRST, SECOND, TODAY = date(2013, 1, 1), date(2013, 1, 3), date(2013, 1, 15)
# For each carrier, from where it flies today, and its rows of the day before.
GIVEN = {
    "new": (("LGA", "EWR", "LGA"), []),
    "grows": (("EWR", "LGA"), [(["LGA"], FIRST, SECOND), (["JFK", "LGA"], SECOND, None)]),
    "same": (("LGA", "JFK"), [(["JFK", "LGA"], FIRST, None)]),
    "less": (("JFK",), [(["JFK", "LGA"], FIRST, None)]),
    "absent": ((), [(["JFK"], FIRST, None)]),
}


@pytest.fixture(scope="module")
def rows(spark):
    """The rows of each carrier as of the 15th."""
    today = [(carrier, origin) for carrier, (origins, _) in GIVEN.items() for origin in origins]
    flights = [{"flight_date": TODAY, "carrier": carrier, "origin": origin} for carrier, origin in today]
    names = [column.name for column in Carriers.writes.columns]
    before = [
        dict(zip(names, (carrier, *row), strict=True)) for carrier, (_, kept) in GIVEN.items() for row in kept
    ]
    inputs = {"flights": frame_of(spark, FLIGHTS, *flights, usual={"dest": "IAH"})}
    inputs["previous"] = frame_of(spark, Carriers.writes, *before)
    found = output_of(Carriers(), **inputs, dates=DateRange(TODAY, TODAY)).collect()
    return {carrier: sorted(tuple(row)[1:] for row in found if row.carrier == carrier) for carrier in GIVEN}


def test_a_carrier_begins(rows):
    """A carrier that was not there before begins today, with all of its origins in order."""
    assert rows["new"] == [(["EWR", "LGA"], TODAY, None)]


def test_another_origin_ends_a_row_and_begins_one(rows):
    """A carrier that serves another origin has its row ended today, and one that begins; older rows stay."""
    kept, ended, begun = sorted(rows["grows"], key=lambda row: row[1])
    assert kept == (["LGA"], FIRST, SECOND)
    assert ended == (["JFK", "LGA"], SECOND, TODAY)
    assert begun == (["EWR", "JFK", "LGA"], TODAY, None)


@pytest.mark.parametrize("carrier", ["same", "less", "absent"])
def test_nothing_changes_where_no_origin_is_new(rows, carrier):
    """A carrier that serves today what it has served before, or less, or nothing, keeps its row."""
    assert rows[carrier] == GIVEN[carrier][1]
