"""Changes that are declared for a comparison."""

from __future__ import annotations

import pytest

from dwh.compare.changes import Added, Expected, Renamed, is_change
from dwh.compare.errors import ComparisonError


def test_what_only_has_the_name_is_none():
    """A class of somebody else's that is called like one is not a change."""
    assert not is_change(type("Added", (), {"column": "tips"})())
    assert not is_change("Added")


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        (Added, {"column": " ", "reason": "x"}, "a column's name is text"),
        (Renamed, {"old": "a", "new": "b", "reason": " "}, "say why in reason="),
        (Expected, {"column": "a", "kind": "row_added", "reason": "x"}, "name a column, except"),
        (Expected, {"column": None, "kind": "value", "reason": "x"}, "name a column, except"),
        (Expected, {"column": "a", "kind": "gone", "reason": "x"}, "kind is value, to_null"),
        (Expected, {"column": "a", "kind": "value", "reason": "x", "where": ""}, "where= is empty"),
    ],
)
def test_a_change_that_says_nothing_is_refused(kind, facts, said):
    """When it is made, rather than when it is used."""
    with pytest.raises(ComparisonError, match=said):
        kind(**facts)
