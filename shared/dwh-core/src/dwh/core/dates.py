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
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\S+(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DAY_KEY = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(T00:00(:00)?)?", re.ASCII)


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

    def widened(self, back: int, ahead: int) -> DateRange:
        """Return the range with some more dates before and after it, as far as the calendar goes."""
        before = min(back, (self.first - date.min).days)
        after = min(ahead, (date.max - self.last).days)
        return DateRange(self.first - timedelta(days=before), self.last + timedelta(days=after))

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
        context: Airflow's keyword context, which counts when nothing else was given: its `logical_date` or
            `ds`, else the `partition_date` of a run of a partition, else the `date` among its `params`.

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
    scheduled = context.get("logical_date") or context.get("ds") or _partition(context)
    asked = (context.get("params") or {}).get("date")
    if scheduled is None and asked is None:
        raise InvalidDateError(None, f"no logical date was given{_hint(context)}")
    if asked is None:
        return parse_date(scheduled)
    day = _asked(asked)
    if scheduled is not None and parse_date(scheduled) != day:
        raise InvalidDateError(
            asked, f"the DAG run's logical date is {parse_date(scheduled)}, and its params ask for another"
        )
    return day


def _asked(value: object) -> date:
    """Return the logical date among the params of a DAG run; raises InvalidDateError, which names them."""
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):  # as Airflow's form gives a date-time
            return parse_date(datetime.fromisoformat(value.replace("Z", "+00:00")))
        return parse_date(value)
    except (InvalidDateError, ValueError):
        raise InvalidDateError(
            value,
            "the DAG run's params have a date that is not a logical date (correct the param, rename it, "
            "or give the task its own date)",
        ) from None


def _partition(context: Mapping[str, Any]) -> object:
    """Return the date of the partition that a DAG run is for, which then has no logical date; else None.

    Airflow 3.2 gives a consumer of partitioned assets the partition's key alone.
    """
    day, key = _of_run(context, "partition_date"), _of_run(context, "partition_key")
    match = _DAY_KEY.fullmatch(key) if isinstance(key, str) else None
    return day or (match and match["day"])


def _of_run(context: Mapping[str, Any], name: str) -> object:
    return context.get(name) or getattr(context.get("dag_run"), name, None)


def _hint(context: Mapping[str, Any]) -> str:
    if "dag_run" not in context:
        return ""
    key = _of_run(context, "partition_key")
    partition = f"its partition_key is {key!r}, which is not a date; " if key else ""
    return f' ({partition}trigger the DAG run with one, or with {{"date": "2013-01-15"}})'
