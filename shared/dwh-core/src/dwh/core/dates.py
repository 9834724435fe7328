"""Logical dates and ranges of them: which part of a table a run computes, in UTC, written to its grain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from dwh.core.errors import InvalidDateError
from dwh.core.grain import DAY, GRAINS, Grain, are_neighbours, grain_of

__all__ = [
    "DateRange",
    "check_grain",
    "date_spans",
    "logical_dates",
    "open_range",
    "parse_any_date",
    "parse_date",
]

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\S+(Z|[+-]\d{2}:\d{2})", re.ASCII)
_DAY_KEY = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(T00:00(:00)?)?", re.ASCII)


@dataclass(frozen=True)
class DateRange:
    """The logical dates from `first` to `last`, both included, of one grain.

    Of a daily table they are `date`s, of an hourly or a monthly one `Hour`s or `Month`s of `dwh.core.grain`.
    Raises InvalidDateError for a reversed range, or for one whose ends are of two grains.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if grain_of(self.first) != grain_of(self.last):
            begins, ends = (grain_of(day).described for day in (self.first, self.last))
            raise InvalidDateError(
                f"{self.first} to {self.last}",
                f"the range begins with {begins} and ends with {ends}",
                self.grain,
            )
        if self.last < self.first:
            raise InvalidDateError(f"{self.first} to {self.last}", "the range ends before it begins", None)

    def __iter__(self) -> Iterator[date]:
        first = self.grain.number(self.first)
        return map(self.grain.numbered, range(first, first + len(self)))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and grain_of(day) == self.grain and self.first <= day <= self.last

    def __len__(self) -> int:
        return self.grain.number(self.last) - self.grain.number(self.first) + 1

    @property
    def grain(self) -> Grain:
        """What each of the logical dates covers."""
        return grain_of(self.first)

    @property
    def begins(self) -> datetime:
        """The first instant of the range."""
        return self.grain.begins(self.first)

    @property
    def ends(self) -> datetime:
        """The last microsecond of the range."""
        return self.grain.ends(self.last)

    def widened(self, back: int, ahead: int) -> DateRange:
        """Return the range with some more dates before and after it, as far as the calendar goes."""
        grain = self.grain
        before = min(back, grain.number(self.first) - grain.number(grain.first))
        after = min(ahead, grain.number(grain.last) - grain.number(self.last))
        return DateRange(grain.after(self.first, -before), grain.after(self.last, after))

    def without(self, days: Iterable[date]) -> list[DateRange]:
        """Return, as ranges in order, what is left of it without some of its logical dates."""
        grain, found = self.grain, list[DateRange]()
        begins, end = grain.number(self.first), grain.number(self.last) + 1
        for number in [*sorted({grain.number(day) for day in days if day in self}), end]:
            if begins < number:
                found.append(DateRange(grain.numbered(begins), grain.numbered(number - 1)))
            begins = number + 1
        return found

    def covering(self, grain: Grain) -> DateRange:
        """Return the logical dates of a grain that hold any of this range's time."""
        if grain == self.grain:
            return self
        return DateRange(grain.holding(self.begins), grain.holding(self.ends))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def date_spans(days: Iterable[date]) -> list[DateRange]:
    """Return logical dates of one grain as ranges without gaps, in order."""
    spans: list[DateRange] = []
    for day in sorted(days):
        if spans and are_neighbours(spans[-1].last, day):
            spans[-1] = DateRange(spans[-1].first, day)
        else:
            spans.append(DateRange(day, day))
    return spans


def parse_date(value: object, grain: Grain = DAY) -> date:
    """Return a logical date of a grain.

    Takes one, its text, or a `datetime`, whose UTC time counts. A `datetime` without an offset would mean
    whatever zone the machine is in, text of another grain is not one of its dates: both are refused with
    InvalidDateError.
    """
    if isinstance(value, datetime) and grain_of(value) == DAY:
        if value.tzinfo is None:
            raise InvalidDateError(value, "a datetime without a time zone is ambiguous", grain)
        return grain.holding(value)
    if isinstance(value, date):
        return _of_grain(value, grain)
    if isinstance(value, str):
        return _of_grain(parse_any_date(value, grain), grain)
    raise InvalidDateError(value, "not a logical date", grain)


def parse_any_date(text: str, usual: Grain | None = None) -> date:
    """Return a logical date from text, whose form says of which grain; raises InvalidDateError.

    Parameters:
        usual: the grain whose form to tell to whoever wrote something else; by default the likeliest.
    """
    try:
        return grain_of(text).parse(text)
    except ValueError as error:
        problem = "not a logical date" if "written as" in str(error) else f"no such date ({error})"
        raise InvalidDateError(text, problem, usual or _likeliest(text)) from None


def _likeliest(text: str) -> Grain:
    """Return the grain of which somebody may have meant to write a logical date."""
    if re.search(r"\dT", text, re.ASCII):
        return GRAINS["hour"]
    return GRAINS["month"] if re.fullmatch(r"\d{4}\D\d{1,2}", text, re.ASCII) else DAY


def open_range(start: object, end: object, grain: Grain | None = None) -> DateRange | None:
    """Return a range that may be open at either end; None for both. Raises InvalidDateError.

    Parameters:
        grain: None where it is not known, so that the form of a text says which one.
    """
    first, last = (None if day is None else _parsed(day, grain) for day in (start, end))
    if first is None and last is None:
        return None
    of = grain_of(first or last or date.min)
    return DateRange(first or of.first, last or of.last)


def check_grain(dates: DateRange, grain: Grain, what: str) -> None:
    """Raise InvalidDateError when dates are not of the grain of a table or job, which `what` names."""
    if dates.grain != grain:
        problem = f"{what} is {grain.adjective} ({_same_time(dates, grain)})"
        found = " to ".join(str(day) for day in (dates.first, dates.last) if not _is_open(day))
        raise InvalidDateError(str(dates) if dates.first == dates.last else found, problem, grain)


def _same_time(dates: DateRange, grain: Grain) -> str:
    """Say how to write the logical dates of a grain that cover some of another; an open end is left out."""
    same = dates.covering(grain)
    if len(same) == 1:
        return f"--date {same} holds the same time"
    ends = {"--from": (dates.first, same.first), "--to": (dates.last, same.last)}
    options = " ".join(f"{option} {day}" for option, (asked, day) in ends.items() if not _is_open(asked))
    return f"{options} holds the same time"


def _is_open(day: date) -> bool:
    """Return whether it is the first or the last logical date there is, at which an open range ends."""
    grain = grain_of(day)
    return day in (grain.first, grain.last)


def _of_grain(day: date, grain: Grain) -> date:
    if grain_of(day) != grain:
        same = _same_time(DateRange(day, day), grain)
        problem = f"{grain_of(day).described}, where {grain.described} is needed ({same})"
        raise InvalidDateError(str(day), problem, grain)
    return day


def logical_dates(
    date: object, start: object, end: object, context: Mapping[str, Any], grain: Grain | None = None
) -> DateRange:
    """Return the dates that a run was asked for.

    Parameters:
        date: one logical date, or None.
        start, end: the first and last logical date, both included, or None.
        context: Airflow's keyword context, which counts when nothing else was given: its `logical_date` or
            `ds`, else the `partition_date` of a run of a partition, else the `date` among its `params`.
        grain: of what runs; None where that is not known yet, so that the form of a text says which one.

    Raises InvalidDateError when that is too little, too much, or malformed.
    """
    if date is not None:
        if start is not None or end is not None:
            found = f"{date}, and {_range(start, end)}"
            raise InvalidDateError(found, "give one date or a range, not both", None)
        day = _parsed(date, grain)
        return DateRange(day, day)
    if start is not None or end is not None:
        if start is None or end is None:
            raise InvalidDateError(_range(start, end), "a range needs its first and its last date")
        return DateRange(_parsed(start, grain), _parsed(end, grain))
    day = _scheduled_date(context, grain or _written_grain(context))
    return DateRange(day, day)


def _range(start: object, end: object) -> str:
    return " to ".join("…" if bound is None else str(bound) for bound in (start, end))


def _parsed(value: object, grain: Grain | None) -> date:
    if grain is None:
        return parse_any_date(value) if isinstance(value, str) else parse_date(value)
    return parse_date(value, grain)


def _written_grain(context: Mapping[str, Any]) -> Grain:
    """Return the grain in which the params of a DAG run write their date, else that of days."""
    try:
        return grain_of(_param(context) or date.min)
    except ValueError:
        return DAY


def _scheduled_date(context: Mapping[str, Any], grain: Grain) -> date:
    """Return the logical date of a DAG run, or the one that whoever triggered it has asked for."""
    scheduled = context.get("logical_date") or context.get("ds") or _partition(context)
    asked = _param(context)
    if scheduled is None and asked is None:
        raise InvalidDateError(None, f"no logical date was given{_hint(context)}")
    if asked is None:
        return _of_schedule(scheduled, grain)
    day = _asked(asked, grain)
    if scheduled is not None and (planned := _of_schedule(scheduled, grain)) != day:
        raise InvalidDateError(
            asked, f"the DAG run's logical date is {planned}, and its params ask for another", grain
        )
    return day


def _of_schedule(value: object, grain: Grain) -> date:
    """Return the logical date of a DAG run: its `logical_date`, or a day, which tells its month, too."""
    if grain == GRAINS["month"] and isinstance(value, str):
        return DateRange(parse_date(value), parse_date(value)).covering(grain).first
    return parse_date(value, grain)


def _asked(value: object, grain: Grain) -> date:
    """Return the logical date among the params of a DAG run; raises InvalidDateError, which names them."""
    try:
        if isinstance(value, str) and _INSTANT.fullmatch(value):  # as Airflow's form gives a date-time
            return parse_date(datetime.fromisoformat(value.replace("Z", "+00:00")), grain)
        return parse_date(value, grain)
    except (InvalidDateError, ValueError):
        raise InvalidDateError(
            value,
            "the DAG run's params have a date that is not a logical date (correct the param, rename it, "
            "or give the task its own date)",
            grain,
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


def _param(context: Mapping[str, Any]) -> Any:
    return (context.get("params") or {}).get("date")


def _hint(context: Mapping[str, Any]) -> str:
    if "dag_run" not in context:
        return ""
    key = _of_run(context, "partition_key")
    partition = f"its partition_key is {key!r}, which is not a date; " if key else ""
    return f' ({partition}trigger the DAG run with one, or with {{"date": "2013-01-15"}})'
