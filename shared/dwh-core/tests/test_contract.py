"""Tables and columns: what fits together, and what does not."""

from __future__ import annotations

import json

import pytest

from dwh.core.contract import Column, Table
from dwh.core.errors import DefinitionError, InvalidNameError

DAY, NAME, NOTE = Column("day", "date"), Column("name", "string"), Column("note", "string", nullable=True)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("BIGINT", "bigint"),
        ("long", "bigint"),
        ("array<LONG>", "array<bigint>"),
        ("decimal", "decimal(10,0)"),
        ("struct<user-agent:string>", "struct<`user-agent`:string>"),
        ("integer", "int"),
        (" decimal( 12 , 2 ) ", "decimal(12,2)"),
        ("array< string >", "array<string>"),
        ("struct<a: int, b: array<double>>", "struct<a:int,b:array<double>>"),
    ],
)
def test_types_have_one_spelling(written, canonical):
    """A type is kept as Spark spells it, however it is written."""
    assert Column("a", written).type == canonical


@pytest.mark.parametrize(
    "written",
    ["", "text", "decimal(40,2)", "array<strng>", "varchar(3)", "array", "int; drop", "array<>", None],
)
def test_no_such_type(written):
    """What Spark has no type for is refused, with the types there are."""
    with pytest.raises(DefinitionError, match="write one of bigint"):
        Column("a", written)


def test_column_names_are_checked():
    """A column whose name SQL would have to quote is refused."""
    with pytest.raises(InvalidNameError):
        Column("mean delay", "double")


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"columns": ()}, "no columns"),
        ({"columns": (DAY, Column("DAY", "date"))}, "the same name"),
        ({"key": ("nme",)}, "is not a column"),
        ({"key": ("note",)}, "must not be nullable"),
        ({"key": ("name", "name")}, "twice"),
        (
            {"columns": (Column("m", "map<int,int>"),), "key": ("m",)},
            "no rows are told apart by a map<int,int>",
        ),
        ({"partition_by": "month"}, "is not a column"),
        ({"partition_by": "name"}, "must be a column of type date"),
        ({"columns": (Column("day", "date", nullable=True),), "partition_by": "day"}, "must not be nullable"),
    ],
)
def test_parts_that_do_not_fit(parts, problem):
    """A table whose key or partition does not fit its columns is refused."""
    with pytest.raises(DefinitionError, match=problem):
        Table("t", **{"columns": (DAY, NAME, NOTE), **parts})


def test_a_tables_name_is_checked():
    """A table's name becomes a folder, so it is checked."""
    with pytest.raises(InvalidNameError):
        Table("../t", columns=(DAY,))


def test_a_contract_is_json():
    """A contract is plain data: it survives JSON."""
    table = Table("a.b", columns=(DAY, NOTE), key=("day",), partition_by="day", doc="one day")
    data = table.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["columns"][1] == {"name": "note", "type": "string", "nullable": True, "doc": ""}


def test_what_is_not_sensitive_is_recorded_as_before():
    """A contract says which columns are sensitive, and nothing of the others: records stay as they are."""
    assert Column("a", "int").to_dict() == {"name": "a", "type": "int", "nullable": False, "doc": ""}
    assert Column("a", "int", sensitive=True).to_dict()["sensitive"] is True


def test_a_contract_is_rebuilt_from_its_data():
    """What a record keeps is the whole contract; a record of an older release has what it knew."""
    table = Table("a.b", (DAY, NOTE), ("day",), "day", doc="one day", may_be_empty=True)
    data = table.to_dict()
    assert Table.from_dict(json.loads(json.dumps(data))) == table
    del data["may_be_empty"], data["doc"]
    assert Table.from_dict(data) == Table("a.b", (DAY, NOTE), ("day",), "day")


def test_an_input_goes_by_its_last_word():
    """What `transform` calls an input is the last word of its name."""
    assert Table("raw.flights", columns=(DAY,)).short_name == "flights"


def test_columns_are_found_by_name():
    """A column is found by its name, and only by it."""
    table = Table("t", columns=(DAY, NAME))
    assert table.column("name") is NAME
    with pytest.raises(KeyError):
        table.column("Name")
