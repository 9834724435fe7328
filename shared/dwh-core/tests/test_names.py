"""Names that may go into paths, SQL and HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dwh.core.errors import InvalidNameError
from dwh.core.names import valid_column, valid_environment, valid_job, valid_table

# Each would mean something else in a path, in SQL, in a reference or to a human eye.
TRICKS = [
    "",
    " ",
    "a b",
    "../up",
    "a/b",
    "a\\b",
    "a\0",
    "a\n",
    "a'b",
    'a"b',
    "a;b",
    "a`b",
    "a-b",
    "a@b",
    "1a",
    "cаrrier",
    "carrier\u200b",  # a space of no width
    "\u202eseirrac",  # written from the right
    "ﬁle",
    "naïve",
    "a²",
    "a\u0660",  # a digit of another script
    "a" * 200,
    None,
    7,
]


@pytest.mark.parametrize("valid", [valid_job, valid_environment, valid_table, valid_column])
@pytest.mark.parametrize("name", TRICKS)
def test_tricks_are_refused(valid, name):
    """A name that could mean something else in a path, in SQL or to the eye is refused."""
    with pytest.raises(InvalidNameError) as caught:
        valid(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize("name", [".", "..", ".a", "a.", "a..b", "a.b.c.d", "A.b", "a.B"])
def test_tables_have_one_to_three_words(name):
    """A table's dots separate lower-case words, of which there are one to three."""
    with pytest.raises(InvalidNameError):
        valid_table(name)


def test_good_names_come_back():
    """A good name is returned as it is."""
    assert valid_job("carrier_delays") == "carrier_delays"
    assert valid_environment("prod") == "prod"
    assert valid_table("flights.carrier_delays") == "flights.carrier_delays"
    assert valid_column("Mean_Delay_2") == "Mean_Delay_2"


@given(st.text())
def test_whatever_is_accepted_is_safe(text):
    """Whatever text is tried, an accepted table name is a safe folder name."""
    try:
        valid_table(text)
    except InvalidNameError:
        return
    assert re.fullmatch(r"[a-z0-9_.]+", text, re.ASCII)
    assert ".." not in text and not text.startswith(".")
