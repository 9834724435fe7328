"""Hourly tables are planned, published and rolled back as daily ones are: on both databases, no Spark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fabricate import begin, proved, resolved, shown, write

from dwh.core.dates import DateRange
from dwh.core.errors import InvalidDateError
from dwh.core.grain import DAY, HOUR, MONTH
from dwh.core.lines import find_job
from dwh.core.testing.lines import TAKINGS
from dwh.migrate.backfill import batches
from dwh.migrate.compare.subjects import subjects_of
from dwh.migrate.history import partition_history, published_history
from dwh.migrate.promotion import promote
from dwh.migrate.rollout import advance, pin, plan, publish, roll_back
from dwh.migrate.rollout.errors import LineChoiceError, StepError

HOURLY = TAKINGS.replace('Column("day", "date")', 'Column("day", "timestamp")')
MONTHLY = TAKINGS.replace(
    'partition_by="day",\n    )\n\n    def', 'partition_by="day",\n        grain="month",\n    )\n\n    def'
)
AMOUNT = 'Column("amount", "double", nullable=True),\n        ),\n        key'
FIRST, LAST = HOUR.parse("2024-03-31T00"), HOUR.parse("2024-03-31T23")
HOURS = list(DateRange(FIRST, LAST))
JOB = {"job": "takings", "environment": "prod"}


@pytest.fixture
def hourly(either_warehouse, installed_line):
    """A warehouse on either database whose prod shows a day's hours of line 8.1; 8.3 breaks its contract."""
    breaking = HOURLY.replace(AMOUNT, AMOUNT.replace("amount", "total"))
    for line, source in {"8.1": HOURLY, "8.3": breaking, "8.4": MONTHLY}.items():
        installed_line(line, {"takings": source})
    pin(either_warehouse, **JOB, line="8.1", reason="where we start")
    write(either_warehouse, "takings@8.1", *HOURS, run_id="old")
    return either_warehouse


def test_hours_are_cut_over_and_rolled_back(hourly):
    """Each hour is published on its own: it is resolved, proven, cut over and rolled back."""
    assert shown(hourly) == dict.fromkeys(HOURS, "old")
    assert resolved(hourly, *HOURS) == dict.fromkeys(HOURS, "8.1")
    write(hourly, "takings@8.3", *HOURS, run_id="new")
    begin(hourly, "8.3")
    proved(hourly, dict.fromkeys(HOURS, ("old", "new")))
    advance(hourly, **JOB, reason="proven")
    assert shown(hourly) == dict.fromkeys(HOURS, "new")
    roll_back(hourly, **JOB, reason="not yet")
    assert shown(hourly) == dict.fromkeys(HOURS, "old")


def test_hours_in_histories_and_backfills(hourly):
    """Neighbouring hours are one span of a history, and a backfill runs the hours that lack."""
    (span,) = partition_history(hourly, table="shop.takings", environment="prod", line="8.1")
    assert str(DateRange(span.first_date, span.last_date)) == "2024-03-31T00 to 2024-03-31T23"
    (published,) = published_history(hourly, table="shop.takings", environment="prod")
    assert (published.first_date, published.last_date) == (span.first_date, span.last_date)
    config = replace(hourly.config, environment="prod")
    dates = DateRange(HOUR.after(FIRST, -2), HOUR.after(LAST, 3))
    missing = batches(replace(hourly, config=config), find_job("takings@8.1")(), dates, 2)
    assert [*map(str, missing)] == [
        "2024-03-30T22 to 2024-03-30T23",
        "2024-04-01T00 to 2024-04-01T01",
        "2024-04-01T02",
    ]


def test_a_rollout_to_another_grain_is_refused(hourly):
    """Outputs of two grains are not published as one table: the plan says so."""
    with pytest.raises(LineChoiceError, match=r"hourly in 8\.1 and monthly in 8\.4"):
        plan(hourly, **JOB, old="8.1", new="8.4")


@pytest.mark.parametrize("publish", [False, True])
def test_a_pin_of_another_grain_is_refused(hourly, publish):
    """Neither a pin nor what it would publish puts months beside the hours that are published."""
    write(hourly, "takings@8.4", MONTH.parse("2024-03"))
    problem = r"monthly in 8\.4, and there is an output of 2024-03-31T00: .* a name of its own"
    with pytest.raises(LineChoiceError, match=problem):
        pin(hourly, **JOB, line="8.4", reason="why", publish=publish)
    assert shown(hourly) == dict.fromkeys(HOURS, "old")


def test_what_a_line_wrote_in_another_grain_is_not_published(hourly, monkeypatch):
    """A line whose contract was changed from hours to months publishes none of the hours that it has."""
    monkeypatch.setattr(find_job("takings@8.1"), "writes", find_job("takings@8.4").writes)
    with pytest.raises(LineChoiceError, match="hourly and monthly outputs cannot be published as one table"):
        pin(hourly, **JOB, line="8.1", reason="why", publish=True)


def test_dates_of_another_grain_are_refused(hourly):
    """Whoever asks an hourly table for days is told how to write the same time."""
    days = DateRange(DAY.parse("2024-03-31"), DAY.parse("2024-03-31"))
    wanted = "--from 2024-03-31T00 --to 2024-03-31T23 holds the same time"
    with pytest.raises(InvalidDateError, match=wanted):
        hourly.published(table="shop.takings", environment="prod", dates=days)
    with pytest.raises(InvalidDateError, match=wanted):
        subjects_of(hourly, "takings@8.1", "takings@8.1", days)


def test_promotions_are_of_the_table_s_grain(hourly):
    """Hours of another environment are promoted as hours; whoever names the day is told how to write them."""
    write(hourly, "takings@8.1", *HOURS, environment="staging", run_id="tested")
    asked = {"source": "staging", "target": "prod"}
    days = DateRange(DAY.parse("2024-03-31"), DAY.parse("2024-03-31"))
    with pytest.raises(InvalidDateError, match=r"takings@8\.1 is hourly .*--to 2024-03-31T23 holds the same"):
        promote(hourly, "takings@8.1", **asked, dates=days)
    assert promote(hourly, "takings@8.1", **asked, dates=DateRange(FIRST, LAST)).published == 24
    assert shown(hourly) == dict.fromkeys(HOURS, "tested")


def test_an_hour_that_waits_is_published(hourly, installed_line):
    """Somebody who has looked publishes the one hour, and not a day, which is refused in those words."""
    installed_line("8.2", {"takings": HOURLY})
    begin(hourly, "8.2", ["100%:0"])
    later = HOUR.after(LAST, 1)
    resolved(hourly, later)
    write(hourly, "takings@8.2", later, run_id="new")
    with pytest.raises(InvalidDateError, match="takings is hourly"):
        publish(hourly, **JOB, line="8.2", day=DAY.parse("2024-04-01"), reason="looked")
    publish(hourly, **JOB, line="8.2", day=later, reason="looked")
    assert shown(hourly)[later] == "new"


@pytest.mark.parametrize("first", ["2024-03-31", "2024-03"])
def test_a_step_begins_at_a_date_of_the_table_s_grain(hourly, installed_line, first):
    """Else it would serve nothing, or fail each run: the plan is refused, with the form to write."""
    installed_line("8.2", {"takings": HOURLY})
    with pytest.raises(StepError, match=f"step 'from {first}': .* where an hour of UTC is needed"):
        plan(hourly, **JOB, old="8.1", new="8.2", steps=[f"from {first}", "100%"])
    steps = plan(hourly, **JOB, old="8.1", new="8.2", steps=[f"from {FIRST}:2", "100%"]).steps
    assert (steps[0].first_date, steps[0].gate) == ("2024-03-31T00", 2)
