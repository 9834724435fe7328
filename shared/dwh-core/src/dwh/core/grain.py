"""Grains: what one logical date covers, an hour, a day or a month of UTC, and how it is written.

A logical date of a daily table is a `date`. Those of the other grains are dates, too, as far as they are
ordered within their grain, counted, and written by `str`; they equal nothing of another grain.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

__all__ = [
    "DAY",
    "GRAINS",
    "HOUR",
    "MONTH",
    "Grain",
    "Hour",
    "Month",
    "are_neighbours",
    "date_after",
    "grain_of",
    "grain_of_contract",
]

_MICROSECOND = timedelta(microseconds=1)


class Hour(datetime):
    """An hour of UTC, as the instant at which it begins: `Hour.at(datetime(…, tzinfo=…))`."""

    @classmethod
    def at(cls, instant: datetime) -> Hour:
        """Return the hour that holds an instant, which has a time zone."""
        utc = instant.astimezone(timezone.utc)
        return cls(utc.year, utc.month, utc.day, utc.hour, tzinfo=timezone.utc)

    def isoformat(self, *_: Any, **__: Any) -> str:
        """Return the hour as it is written everywhere: `2013-01-15T07`."""
        return f"{self.year:04}-{self.month:02}-{self.day:02}T{self.hour:02}"

    __str__ = isoformat


class Month(date):
    """A calendar month, as its first day: `Month(2013, 1, 1)`."""

    @classmethod
    def at(cls, day: date) -> Month:
        """Return the month that holds a day."""
        return cls(day.year, day.month, 1)

    def isoformat(self) -> str:
        """Return the month as it is written everywhere: `2013-01`."""
        return f"{self.year:04}-{self.month:02}"

    __str__ = isoformat

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Month) and super().__eq__(other)

    def __ne__(self, other: object) -> bool:  # which `date` has of its own
        return not self == other

    def __hash__(self) -> int:
        return hash(self.isoformat())


class Grain(ABC):
    """What one logical date of a table covers. The kinds are `HOUR`, `DAY` and `MONTH`.

    Attributes:
        name: as a contract has it: `hour`.
        adjective: `hourly`.
        described: a logical date, for people: `an hour of UTC`.
        example: a logical date as it is written: as long as no other grain's, and not a number, which SQLite
            would keep as one.
        kind: the type of its logical dates, which is that of no other grain.
        first, last: the first and the last logical date there is.
    """

    name: str
    adjective: str
    described: str
    example: str
    kind: type[date]
    first: date
    last: date
    _form: str

    def parse(self, text: str) -> date:
        """Return a logical date from its text, which is written in one way only; raises ValueError."""
        if not re.fullmatch(self._form, text, re.ASCII):
            raise ValueError(f"not written as {self.example}")
        return self._parse(text)

    def after(self, day: date, count: int = 1) -> date:
        """Return the logical date so many after one, or before it.

        Raises OverflowError or ValueError beyond the calendar.
        """
        return self.numbered(self.number(day) + count)

    @abstractmethod
    def sql(self, day: str, hour: str) -> str:
        """Return the SQL of a logical date, as text, from that of its day, as text, and its hour's number."""

    @abstractmethod
    def _parse(self, text: str) -> date: ...

    @abstractmethod
    def holding(self, instant: datetime) -> date:
        """Return the logical date that holds an instant, which has a time zone."""

    @abstractmethod
    def number(self, day: date) -> int:
        """Return a logical date's place among all of its grain: neighbours differ by 1."""

    @abstractmethod
    def numbered(self, number: int) -> date:
        """Return the logical date at a place."""

    @abstractmethod
    def begins(self, day: date) -> datetime:
        """Return the first instant of a logical date."""

    @abstractmethod
    def ends(self, day: date) -> datetime:
        """Return the last microsecond of a logical date."""


class _Hours(Grain):
    name, adjective = "hour", "hourly"
    described, example, kind = "an hour of UTC", "2013-01-15T07", Hour
    first = Hour.at(datetime.min.replace(tzinfo=timezone.utc))
    last = Hour.at(datetime.max.replace(tzinfo=timezone.utc))
    _form = r"\d{4}-\d{2}-\d{2}T\d{2}"

    def sql(self, day: str, hour: str) -> str:
        return f"concat({day}, 'T', lpad(CAST({hour} AS string), 2, '0'))"

    def _parse(self, text: str) -> Hour:
        return Hour.at(datetime.fromisoformat(f"{text}:00:00+00:00"))

    def holding(self, instant: datetime) -> Hour:
        return Hour.at(instant)

    def number(self, day: date) -> int:
        return day.toordinal() * 24 + self.begins(day).hour

    def numbered(self, number: int) -> Hour:
        days, hour = divmod(number, 24)
        day = date.fromordinal(days)
        return Hour(day.year, day.month, day.day, hour, tzinfo=timezone.utc)

    def begins(self, day: date) -> datetime:
        hour = day.hour if isinstance(day, Hour) else 0
        return datetime(day.year, day.month, day.day, hour, tzinfo=timezone.utc)

    def ends(self, day: date) -> datetime:
        return self.begins(day) + (timedelta(hours=1) - _MICROSECOND)


class _Days(Grain):
    name, adjective = "day", "daily"
    described, example, kind = "a UTC calendar date", "2013-01-15", date
    first, last = date.min, date.max
    _form = r"\d{4}-\d{2}-\d{2}"

    def sql(self, day: str, hour: str) -> str:
        return day

    def _parse(self, text: str) -> date:
        return date.fromisoformat(text)

    def holding(self, instant: datetime) -> date:
        return instant.astimezone(timezone.utc).date()

    def number(self, day: date) -> int:
        return day.toordinal()

    def numbered(self, number: int) -> date:
        return date.fromordinal(number)

    def begins(self, day: date) -> datetime:
        return datetime.combine(day, time.min, timezone.utc)

    def ends(self, day: date) -> datetime:
        return datetime.combine(day, time.max, timezone.utc)


class _Months(Grain):
    name, adjective = "month", "monthly"
    described, example, kind = "a month of UTC", "2013-01", Month
    first, last = Month.at(date.min), Month.at(date.max)
    _form = r"\d{4}-\d{2}"

    def sql(self, day: str, hour: str) -> str:
        return f"substring({day}, 1, {len(self.example)})"

    def _parse(self, text: str) -> Month:
        return Month.at(date.fromisoformat(f"{text}-01"))

    def holding(self, instant: datetime) -> Month:
        return Month.at(instant.astimezone(timezone.utc))

    def number(self, day: date) -> int:
        return day.year * 12 + day.month - 1

    def numbered(self, number: int) -> Month:
        year, month = divmod(number, 12)
        if not date.min.year <= year <= date.max.year:
            raise OverflowError("month out of range")
        return Month(year, month + 1, 1)

    def begins(self, day: date) -> datetime:
        return datetime(day.year, day.month, 1, tzinfo=timezone.utc)

    def ends(self, day: date) -> datetime:
        last = date(day.year, day.month, monthrange(day.year, day.month)[1])
        return datetime.combine(last, time.max, timezone.utc)


HOUR: Grain = _Hours()
DAY: Grain = _Days()
MONTH: Grain = _Months()
GRAINS: Mapping[str, Grain] = {grain.name: grain for grain in (HOUR, DAY, MONTH)}
_BY_KIND = {grain.kind: grain for grain in GRAINS.values()}
_BY_LENGTH = {len(grain.example): grain for grain in GRAINS.values()}


def grain_of(day: date | str) -> Grain:
    """Return the grain of a logical date, or of its text, by how it is written; raises ValueError."""
    if isinstance(day, str):
        grain = _BY_LENGTH.get(len(day), DAY)
        grain.parse(day)
        return grain
    return _BY_KIND.get(type(day), DAY)


def date_after(day: date, count: int = 1) -> date:
    """Return the logical date so many after one, before it or, beyond the calendar, the last there is."""
    grain = grain_of(day)
    return grain.after(day, min(count, grain.number(grain.last) - grain.number(day)))


def are_neighbours(day: date, later: date) -> bool:
    """Tell whether a logical date is the one after another, of the same grain."""
    grain = grain_of(day)
    return grain_of(later) == grain and grain.number(later) - grain.number(day) == 1


def grain_of_contract(contract: Mapping[str, Any]) -> Grain:
    """Return the grain of a table from its contract, as `Table.to_dict` of any release gives it."""
    if contract.get("grain"):
        return GRAINS[contract["grain"]]
    types = {column["name"]: column["type"] for column in contract["columns"]}
    return HOUR if types.get(contract.get("partition_by")) == "timestamp" else DAY
