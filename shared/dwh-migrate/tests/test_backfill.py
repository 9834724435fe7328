"""What a backfill would run. That it runs is tested with the rollouts, whose cutovers need it."""

from __future__ import annotations

import pytest
from fabricate import DAYS, write

from dwh.core.dates import DateRange, date_spans
from dwh.core.lines import find_job
from dwh.migrate.backfill import batches


@pytest.fixture
def partly(warehouse):
    """A warehouse where line 7.1 has written two of ten dates in prod, and a run of another is not done."""
    write(warehouse, "takings@7.1", DAYS[1])
    write(warehouse, "takings@7.1", *DAYS, environment="dev")
    write(warehouse, "takings@7.1", DAYS[7])
    write(warehouse, "takings@7.1", DAYS[4], commit=False)
    write(warehouse, "takings@7.2", *DAYS)
    return warehouse


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_batches_are_all_that_is_missing(partly, size):
    """The batches hold each date that the line lacks once, in order, and none more than the size."""
    found = batches(partly, find_job("takings@7.1")(), DateRange(DAYS[0], DAYS[-1]), size)
    missing = [day for day in DAYS if day not in (DAYS[1], DAYS[7])]
    assert [day for batch in found for day in batch] == missing
    assert all(len(batch) <= size for batch in found)
    assert len(found) == sum(-(-len(span) // size) for span in date_spans(missing))


def test_other_dates_are_left_alone(partly):
    """Only the dates that were asked for are run; where all are there, none is."""
    job = find_job("takings@7.1")()
    assert batches(partly, job, DateRange(DAYS[6], DAYS[8]), 31) == [
        DateRange(DAYS[6], DAYS[6]),
        DateRange(DAYS[8], DAYS[8]),
    ]
    assert batches(partly, job, DateRange(DAYS[7], DAYS[7]), 31) == []
