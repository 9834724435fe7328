"""Logical dates: the UTC calendar dates whose data a run computes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any

from dwh.core.errors import InvalidDateError

__all__ = ["DateRange", "date_spans", "logical_dates", "parse_date"]

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class DateRange:
    """The logical dates from `first` to `last`, both included; raises InvalidDateError if reversed."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise InvalidDateError(f"{self.first} to {self.last}", "the range ends before it begins")

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=days) for days in range(len(self)))

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def date_spans(days: Iterable[date]) -> list[DateRange]:
    """Return logical dates as ranges without gaps, in order."""
    spans: list[DateRange] = []
    for day in sorted(days):
        if spans and day - spans[-1].last == timedelta(days=1):
            spans[-1] = DateRange(spans[-1].first, day)
        else:
            spans.append(DateRange(day, day))
    return spans


def parse_date(value: object) -> date:
    """Return a logical date.

    Takes a `date`, text like `2013-01-15`, or a `datetime`, whose UTC date counts. A `datetime`
    or text without an offset would mean whatever zone the machine is in, text with a time is not
    a date: both are refused with InvalidDateError.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidDateError(value, "a datetime without a time zone is ambiguous")
        return value.astimezone(timezone.utc).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise InvalidDateError(value, f"no such date ({error})") from None
    raise InvalidDateError(value, "not a logical date")


def logical_dates(date: object, start: object, end: object, context: Mapping[str, Any]) -> DateRange:
    """Return the dates that a run was asked for.

    Parameters:
        date: one logical date, or None.
        start, end: the first and last logical date, both included, or None.
        context: Airflow's keyword context; its `logical_date`, else its `ds`, counts when nothing
            else was given, and in a DAG run without one the `date` among its `params`.

    Raises InvalidDateError when that is too little, too much, or malformed.
    """
    if date is not None:
        if start is not None or end is not None:
            raise InvalidDateError((date, start, end), "give one date or a range, not both")
        return DateRange(parse_date(date), parse_date(date))
    if start is not None or end is not None:
        if start is None or end is None:
            raise InvalidDateError((start, end), "a range needs its first and its last date")
        return DateRange(parse_date(start), parse_date(end))
    day = _scheduled_date(context)
    return DateRange(day, day)


def _scheduled_date(context: Mapping[str, Any]) -> date:
    """Return the logical date of a DAG run, or the one that whoever triggered it has asked for."""
    scheduled = context.get("logical_date") or context.get("ds")
    asked = (context.get("params") or {}).get("date")
    if scheduled is None and asked is None:
        hint = (
            ' (trigger the DAG run with one, or with {"date": "2013-01-15"})' if "dag_run" in context else ""
        )
        raise InvalidDateError(None, f"no logical date was given{hint}")
    day = parse_date(asked if scheduled is None else scheduled)
    if asked is not None and parse_date(asked) != day:
        raise InvalidDateError(asked, f"the DAG run's logical date is {day}, and its params ask for another")
    return day
