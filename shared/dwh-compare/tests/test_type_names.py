"""Two spellings of a type."""

from __future__ import annotations

import pytest

from dwh.compare.type_names import same_type


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("LONG", "bigint"),
        ("dec", "decimal(10,0)"),
        ("numeric( 5 )", "decimal(5,0)"),
        ("array< Integer >", "array<int>"),
        ("struct<Name: STRING, n:long>", "struct<Name:string,n:bigint>"),
        ("struct<`user-agent`:string>", "struct<user-agent:string>"),
        ("map<string, dec(12, 2)>", "map<string,decimal(12,2)>"),
        ("interval DAY to SECOND", "interval day to second"),
    ],
)
def test_spellings_of_one_type(one, other):
    """Case, spaces, aliases and backticks do not count."""
    assert same_type(one, other) and same_type(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int", "bigint"),
        ("decimal(12,2)", "decimal(12,3)"),
        ("struct<a:int>", "struct<A:int>"),
        ("struct<`long`:int>", "struct<`bigint`:int>"),
        ("struct<long:int>", "struct<bigint:int>"),
        ("array<int>", "int"),
    ],
)
def test_other_types(one, other):
    """What a field is called is part of a type, to the letter."""
    assert not same_type(one, other)
