"""Logical dates and ranges of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.core.dates import DateRange, logical_dates, parse_any_date, parse_date
from dwh.core.errors import InvalidDateError

ONE_DAY = DateRange(date(2013, 1, 15), date(2013, 1, 15))


@given(st.dates())
def test_dates_survive_text(day):
    """Every calendar date is read back from its text."""
    assert parse_date(day.isoformat()) == parse_date(day) == day


@given(st.text())
def test_text_is_a_date_or_refused(text):
    """Whatever text is tried, it is an ISO date or InvalidDateError."""
    with suppress(InvalidDateError):
        assert parse_date(text).isoformat() == text


@pytest.mark.parametrize(
    "value",
    [
        "2013-02-30",
        "2013-1-5",
        "20130105",
        "2013-W01-1",
        "2013-01-05T00:00",
        "٢٠١٣-٠١-٠٥",
        "",
        "today",
        5,
        None,
        b"2013-01-05",
    ],
)
def test_not_a_date(value):
    """What is not a calendar date written YYYY-MM-DD is refused, with what to write."""
    with pytest.raises(InvalidDateError, match="write a UTC calendar date such as 2013-01-15"):
        parse_date(value)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("DATE", "2013-01-15"),
        ("TODAY", "2013-01-15"),
        ("2013-01-15T7", "2013-01-15T07"),
        ("2013/1", "2013-01"),
    ],
)
def test_the_form_that_was_meant(text, form):
    """Where nothing says the grain, the message shows the form that the text is likest to."""
    with pytest.raises(InvalidDateError, match=f"such as {form}, with"):
        parse_any_date(text)


def test_a_datetime_counts_in_utc():
    """A datetime with a zone counts with its UTC date."""
    new_york = timezone(timedelta(hours=-5))
    assert parse_date(datetime(2013, 1, 14, 23, tzinfo=new_york)) == date(2013, 1, 15)


def test_a_datetime_without_zone_is_refused():
    """A datetime without a zone would mean the machine's, so it is refused."""
    with pytest.raises(InvalidDateError, match="without a time zone"):
        parse_date(datetime(2013, 1, 15))


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_a_range_holds_both_ends(first, days):
    """A range counts and lists every date from its first to its last."""
    dates = DateRange(first, first + timedelta(days=days))
    listed = list(dates)
    assert len(dates) == len(listed) == days + 1
    assert (listed[0], listed[-1]) == (dates.first, dates.last)


def test_a_range_may_end_with_time():
    """The last date there is can be the end of a range."""
    assert list(DateRange(date.max, date.max)) == [date.max]


def test_a_reversed_range_is_refused():
    """A range that ends before it begins is refused."""
    with pytest.raises(
        InvalidDateError, match=r"ends before it begins: found '.* to [-\d]+'$"
    ):  # no more to say
        DateRange(date(2013, 1, 2), date(2013, 1, 1))


def test_airflow_gives_the_date():
    """Without a date, the context's logical date counts, else its `ds`; other context is ignored."""
    instant = datetime(2013, 1, 15, 6, tzinfo=timezone.utc)
    assert (
        logical_dates(None, None, None, {"logical_date": instant, "ds": "2000-01-01", "ti": object()})
        == ONE_DAY
    )
    assert logical_dates(None, None, None, {"logical_date": None, "ds": "2013-01-15"}) == ONE_DAY


def test_a_given_date_goes_before_the_context():
    """A date or range that was asked for counts more than the context."""
    context = {"ds": "2000-01-01"}
    assert logical_dates("2013-01-15", None, None, context) == ONE_DAY
    assert logical_dates(None, "2013-01-15", "2013-01-15", context) == ONE_DAY


@pytest.mark.parametrize(
    "asked",
    [
        (None, None, None),
        ("2013-01-15", "2013-01-15", None),
        (None, "2013-01-15", None),
        (None, None, "2013-01-15"),
    ],
)
def test_too_little_and_too_much(asked):
    """No date, half a range, and both a date and a range are refused."""
    with pytest.raises(InvalidDateError):
        logical_dates(*asked, {})


NIGHT = datetime(2013, 1, 15, 23, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "context",
    [
        {"logical_date": NIGHT, "ds": "2013-01-15"},
        {"logical_date": NIGHT, "params": {"date": None}},
        {"logical_date": NIGHT, "params": {"date": "2013-01-15"}},
        {"ds": "2013-01-15", "params": {}},
        {"params": {"date": "2013-01-15"}},
        {"logical_date": None, "params": {"date": "2013-01-15"}},
        {"logical_date": NIGHT, "params": {"date": "2013-01-15T22:00:00+03:00"}, "partition_date": None},
        {"logical_date": None, "params": {"date": "2013-01-15T00:00:00Z"}},
        {"logical_date": None, "partition_date": NIGHT, "partition_key": "eu|2013-01-15"},
        {"dag_run": SimpleNamespace(partition_date=NIGHT, partition_key=None)},
        {"dag_run": SimpleNamespace(partition_key="2013-01-15T00:00:00")},
        {"partition_key": "2013-01-15", "params": {"date": "2013-01-15"}},
        {"partition_key": "eu", "params": {"date": "2013-01-15"}},
    ],
)
def test_a_dag_run_has_one_date(context):
    """The logical date counts; in a run without one, the date that whoever triggered it has asked for."""
    assert logical_dates(None, None, None, context) == ONE_DAY


def test_a_date_given_to_the_task_counts_before_the_dag_runs():
    """What the task itself is given counts, whatever the DAG run says."""
    context = {"logical_date": NIGHT, "params": {"date": "2013-02-01"}}
    assert logical_dates("2013-01-15", None, None, context) == ONE_DAY


def test_a_dag_run_that_asks_for_two_dates_is_refused():
    """A logical date and another date in the configuration are a contradiction, which nobody may resolve."""
    with pytest.raises(InvalidDateError, match="logical date is 2013-01-15, and its params ask for another"):
        logical_dates(None, None, None, {"logical_date": NIGHT, "params": {"date": "2013-01-16"}})


@pytest.mark.parametrize("value", ["20130115", "15/01/2013", "2013-01-15T00:00:00", "latest", 20130115])
@pytest.mark.parametrize("scheduled", [{}, {"logical_date": NIGHT}])
def test_a_dags_own_param_in_another_form_is_named(value, scheduled):
    """A DAG's own param `date` that is no logical date is named as such, with what to do about it."""
    with pytest.raises(InvalidDateError, match=f"the DAG run's params have a date .*found {value!r}"):
        logical_dates(None, None, None, {"params": {"date": value}, **scheduled})


def test_a_partition_that_is_no_date_is_named():
    """A DAG run of a partition whose key is no date says so."""
    with pytest.raises(InvalidDateError, match="its partition_key is 'eu', which is not a date"):
        logical_dates(None, None, None, {"dag_run": SimpleNamespace(partition_key="eu"), "params": {}})


def test_a_dag_run_without_a_date_is_told_how_to_get_one():
    """In Airflow the error says what to trigger the DAG run with."""
    with pytest.raises(InvalidDateError, match="trigger the DAG run with one, or with"):
        logical_dates(None, None, None, {"dag_run": object(), "params": {}})
