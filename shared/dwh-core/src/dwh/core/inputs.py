"""What a job needs of a table: its columns, how much of it, and whose output where other jobs write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.errors import DefinitionError

__all__ = ["Input", "Previous"]

_LINE = re.compile(r"\d+\.\d+", re.ASCII)


@dataclass(frozen=True)
class Input:
    """An input of a job. A `Table` alone in `reads` stands for `Input(table)`.

    Parameters:
        table: the columns that the job needs. With a `partition_by`, only the logical dates of the run are
            read, and those that `back` and `ahead` add; without, all of it. Where its grain is another than
            the job's, these are the dates that cover the run's: the 24 hours of a day, the day of an hour.
        line: of a table that other jobs write, the line whose output is read, such as `0.1`; None reads what
            the run's environment publishes. It says nothing where the configuration says where the input is.
        back, ahead: how many of its own logical dates before those that hold the run's first, and after
            those that hold its last, are read, too: hours of an hourly table, whatever the job's grain.
        may_lack: whether a run goes on where a table that other jobs write lacks some of these dates. Of a
            whole table, the newest before the run's date is then read where that date is not there.
        own: whether it is what the job itself has written: see `previous`.

    Raises DefinitionError when the parts do not fit together.
    """

    table: Table
    line: str | None = None
    back: int = 0
    ahead: int = 0
    may_lack: bool = False
    own: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.table, Table):
            raise DefinitionError("an input", f"Input takes a Table(…), found {self.table!r}")
        where = f"input {self.table.name}"
        if self.line is not None and not (isinstance(self.line, str) and _LINE.fullmatch(self.line)):
            raise DefinitionError(where, f'line={self.line!r} is not a line; write line="0.1"')
        for name, days in (("back", self.back), ("ahead", self.ahead)):
            if not isinstance(days, int) or isinstance(days, bool) or days < 0:
                raise DefinitionError(where, f"{name}={days!r}: write a number of logical dates, 0 or more")
        if self.has_window and self.table.date_column is None:
            raise DefinitionError(where, "back and ahead need partition_by in its table")

    @staticmethod
    def previous(*, may_lack: bool = False) -> Previous:
        """Return, for `reads`, the job's own output of the logical date before, called `previous`.

        It is what the job's line has written in the run's environment, whatever is published. For the first
        date it is empty. Its columns are those of `writes`; where they are newer than that output, and may
        be null, they are null. A range of dates is computed date by date, in one process.

        Parameters:
            may_lack: whether logical dates may be left out: then it is the newest output before the date.
        """
        return Previous(may_lack)

    @classmethod
    def of(cls, need: Table | Input) -> Input:
        """Return an entry of a job's `reads` as an Input."""
        return need if isinstance(need, Input) else cls(need)

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def short_name(self) -> str:
        """What the input is called in `transform`."""
        return "previous" if self.own else self.table.short_name

    @property
    def has_window(self) -> bool:
        """Whether more than the run's dates are read."""
        return self.back > 0 or self.ahead > 0

    def dates(self, dates: DateRange) -> DateRange:
        """Return the logical dates that a run for some dates needs of it, in its own grain."""
        return dates.covering(self.table.logical_grain).widened(self.back, self.ahead)

    def to_dict(self) -> dict[str, Any]:
        """Return the input as JSON-able data: its table, and what it says beyond that."""
        beyond = {
            "line": self.line,
            "back": self.back,
            "ahead": self.ahead,
            "may_lack": self.may_lack,
            "own": self.own,
        }
        return {**self.table.to_dict(), **{name: value for name, value in beyond.items() if value}}


@dataclass(frozen=True)
class Previous:
    """What `Input.previous` puts into a job's `reads`, until the job is defined and has a table."""

    may_lack: bool = False

    def of(self, writes: Table) -> Input:
        """Return the input of the job that writes a table."""
        return Input(writes, may_lack=self.may_lack, own=True)
