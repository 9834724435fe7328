"""What a job needs of a table: which dates, and of which line."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.dates import DateRange
from dwh.core.errors import DefinitionError

DAILY = Table("raw.flights", columns=(Column("day", "date"), Column("n", "int")), partition_by="day")
WHOLE = Table("raw.airlines", columns=(Column("carrier", "string"),))


@pytest.mark.parametrize(
    ("table", "parts", "problem"),
    [
        ("flights", {}, "Input takes a Table"),
        (DAILY, {"line": "0.1.1"}, "is not a line"),
        (DAILY, {"line": 0.1}, "is not a line"),
        (DAILY, {"back": -1}, "back=-1"),
        (DAILY, {"ahead": 1.5}, "ahead=1.5"),
        (DAILY, {"back": True}, "back=True"),
        (WHOLE, {"back": 6}, "need partition_by"),
    ],
)
def test_parts_that_do_not_fit(table, parts, problem):
    """An input whose parts do not fit is refused where it is written."""
    with pytest.raises(DefinitionError, match=problem):
        Input(table, **parts)


@given(st.dates(), st.integers(0, 400), st.integers(0, 400))
def test_the_dates_around(day, back, ahead):
    """A window adds that many logical dates on either side, as far as the calendar goes."""
    wide = Input(DAILY, back=back, ahead=ahead).dates(DateRange(day, day))
    assert (day - wide.first).days == min(back, (day - date.min).days)
    assert (wide.last - day).days == min(ahead, (date.max - day).days)


def test_a_table_alone_is_an_input():
    """An entry of `reads` that is a table is read for the run's dates, and recorded as it always was."""
    assert Input.of(DAILY) == Input(DAILY) and not Input(DAILY).has_window
    assert Input(DAILY).to_dict() == DAILY.to_dict()
    assert Input(DAILY, line="0.1", back=6).to_dict() == {**DAILY.to_dict(), "line": "0.1", "back": 6}
