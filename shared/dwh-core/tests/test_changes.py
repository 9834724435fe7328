"""Declared changes between lines."""

from __future__ import annotations

import pytest

from dwh.core.changes import Added, Expected, Removed, Renamed, Retyped
from dwh.core.errors import DefinitionError, InvalidNameError


@pytest.mark.parametrize(
    "declare",
    [
        lambda reason: Renamed("a", "b", reason=reason),
        lambda reason: Retyped("a", "int", "bigint", reason=reason),
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


def test_columns_have_any_name_but_none():
    """DataFrames and files have names that no contract may have; an empty one is a mistake."""
    assert Renamed("first name", "a.`b`é", reason="because").new == "a.`b`é"
    for name in ("", " ", None):
        with pytest.raises(InvalidNameError):
            Renamed("a", name, reason="because")
        with pytest.raises(InvalidNameError):
            Retyped(name, "int", "bigint", reason="because")


def test_a_change_of_type_names_two_types():
    """Each in any spelling; no type, or the same twice, is refused."""
    change = Retyped("a", "INTEGER", "decimal( 10 , 2 )", reason="because")
    assert (change.old, change.new) == ("int", "decimal(10,2)")
    for old, new in (("int", "integer"), ("int", "moment")):
        with pytest.raises(DefinitionError):
            Retyped("a", old, new, reason="because")
