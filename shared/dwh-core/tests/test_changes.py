"""Declared changes between lines."""

from __future__ import annotations

import pytest

from dwh.core.changes import Added, Expected, Removed, Renamed
from dwh.core.errors import DefinitionError, InvalidNameError


@pytest.mark.parametrize(
    "declare",
    [
        lambda reason: Renamed("a", "b", reason=reason),
        lambda reason: Added("a", reason=reason),
        lambda reason: Removed("a", reason=reason),
        lambda reason: Expected("a", kind="value", reason=reason),
    ],
)
def test_every_change_has_a_reason(declare):
    """A change without a reason is refused; with one it is accepted."""
    assert declare("because").reason == "because"
    with pytest.raises(DefinitionError, match="say why"):
        declare(" ")


@pytest.mark.parametrize(
    ("column", "kind", "where"),
    [("a", "values", "true"), (None, "value", "true"), ("a", "row_added", "true"), ("a", "value", " ")],
)
def test_differences_that_cannot_be_meant(column, kind, where):
    """An expected difference of no known kind, without its column, or over no row is refused."""
    with pytest.raises(DefinitionError):
        Expected(column, kind=kind, where=where, reason="because")


def test_columns_are_names():
    """A change names columns, not expressions."""
    with pytest.raises(InvalidNameError):
        Renamed("a", "b + 1", reason="because")
