"""Contracts drafted from Parquet files that something else wrote."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from dwh.core.contract import Column, Table
from dwh.core.errors import InvalidNameError, UsageError
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.draft import python_source
from dwh.migrate.table_readers import draft_contract

DAYS = [date(2013, 1, 1), date(2013, 1, 2)]


def written(path: Path, /, **columns: Any) -> str:
    """Write a Parquet file, and return the folder of the table in which it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pa.table(columns), path)
    return str(path.parent)


def in_folders(root: Path, *folders: str) -> str:
    """Write a file into each of some folders below a root."""
    for folder in folders:
        written(root / folder / "part-0.parquet", flights=pa.array([1], pa.int64()))
    return str(root)


def test_a_draft_has_what_the_footers_say(tmp_path: Path) -> None:
    """Types as contracts spell them, nullable where a file has a null, the only date as logical date.

    What pandas and polars note beside it, categories and zones, changes no value.
    """
    path = written(
        tmp_path / "delays" / "part-0.parquet",
        flight_date=DAYS,
        carrier=pa.array(["AA", "UA"]).dictionary_encode(),
        mean_delay=[1.5, None],
        at=pa.array([datetime(2013, 1, 1, tzinfo=timezone.utc)] * 2, pa.timestamp("us", "Europe/Berlin")),
        price=pa.array([1, 2], pa.decimal128(12, 2)),
        legs=pa.array([["EWR"], None], pa.list_(pa.string())),
        origin=[{"code": "EWR"}, {"code": "JFK"}],
    )
    assert draft_contract(path, "flights.delays") == Table(
        "flights.delays",
        columns=(
            Column("flight_date", "date"),
            Column("carrier", "string"),
            Column("mean_delay", "double", nullable=True),
            Column("at", "timestamp"),
            Column("price", "decimal(12,2)"),
            Column("legs", "array<string>", nullable=True),
            Column("origin", "struct<code:string>"),
        ),
        partition_by="flight_date",
    )


def test_every_file_counts(tmp_path: Path) -> None:
    """A null in one file, or a column that one file lacks, makes the column nullable."""
    written(tmp_path / "t" / "a.parquet", x=[1], y=[1])
    path = written(tmp_path / "t" / "b.parquet", x=pa.array([None], pa.int64()), z=["z"])
    found = {column.name: (column.type, column.nullable) for column in draft_contract(path).columns}
    assert found == {"x": ("bigint", True), "y": ("bigint", True), "z": ("string", True)}


@pytest.mark.parametrize(
    ("folders", "columns", "partition_by", "grain"),
    [
        (["day=2013-01-01", "day=2013-01-02"], {"day": "date"}, "day", "day"),
        (["at=2013-01-01 07%3A00%3A00", "at=2013-01-01T08"], {"at": "timestamp"}, "at", "hour"),
        (["month=2013-01", "month=2013-02"], {"month": "date"}, "month", "month"),
        (["c=US/day=2013-01-01"], {"c": "string", "day": "date"}, ("day", "c"), "day"),
        (["day=2013-01-01/n=7", "day=2013-01-01/n=-12"], {"day": "date", "n": "int"}, ("day", "n"), "day"),
        (["n=5000000000", "n=1"], {"n": "bigint"}, None, "day"),
        (["zip=02134", "zip=12"], {"zip": "string"}, None, "day"),
        (["n=99999999999999999999"], {"n": "string"}, None, "day"),
        (["day=2013-01-01", "day=2013-01"], {"day": "string"}, None, "day"),
        (["day=2013-01-01", "day=2013-02-30"], {"day": "string"}, None, "day"),
    ],
)
def test_folders_give_columns(
    tmp_path: Path, folders: list[str], columns: Any, partition_by: Any, grain: str
) -> None:
    """Those whose names are dates hold the logical date; `02134` is no number."""
    draft = draft_contract(in_folders(tmp_path / "sales", *folders))
    assert draft.name == "sales" and draft.partition_by == partition_by and draft.logical_grain.name == grain
    assert {column.name: column.type for column in draft.columns} == {"flights": "bigint", **columns}


def test_a_folder_of_null_is_no_partition(tmp_path: Path) -> None:
    """Its column is nullable, and a contract lays nothing out by that."""
    folders = ("day=2013-01-01/c=US", "day=2013-01-01/c=__HIVE_DEFAULT_PARTITION__")
    draft = draft_contract(in_folders(tmp_path / "sales", *folders))
    assert draft.partition_by == "day" and draft.columns[-1] == Column("c", "string", nullable=True)


def test_several_dates_leave_the_choice_to_the_author(tmp_path: Path) -> None:
    """Which of two columns is the logical date, no file says."""
    path = written(tmp_path / "t" / "a.parquet", ordered=DAYS, sent=DAYS)
    assert draft_contract(path).partition_by is None


def test_the_draft_is_python_that_makes_the_contract(tmp_path: Path) -> None:
    """What is printed can be pasted as it is."""
    root = in_folders(tmp_path / "sales", "month=2013-01/country=US")
    draft, found = draft_contract(root, "shop.sales"), {}
    exec(python_source(draft), found)
    assert found["SALES"] == draft and draft.partition_by == ("month", "country")


def test_what_no_contract_can_hold_is_named(tmp_path: Path) -> None:
    """A type that Spark has not, one name with two types, a name that is none, a table without a name."""
    time = written(tmp_path / "t" / "a.parquet", x=pa.array([1], pa.time64("us")))
    with pytest.raises(FilesError, match=r"a\.parquet: column x is time64\[us\], which no contract can hold"):
        draft_contract(time)
    written(tmp_path / "two" / "a.parquet", x=[1])
    two = written(tmp_path / "two" / "b.parquet", x=["a"])
    with pytest.raises(FilesError, match=r"column x is bigint in .*a\.parquet, string in .*b\.parquet"):
        draft_contract(two)
    with pytest.raises(InvalidNameError, match="'a b' is not a valid column"):
        draft_contract(written(tmp_path / "blank" / "a.parquet", **{"a b": [1]}))
    with pytest.raises(UsageError, match="'Old' cannot be a table's name; give it one, such as --table"):
        draft_contract(written(tmp_path / "Old" / "a.parquet", x=[1]))
    twice = pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])
    write_table(twice, tmp_path / "Old" / "a.parquet")
    with pytest.raises(FilesError, match=r"a\.parquet has two columns of one name \(x, x\); write it with"):
        draft_contract(str(tmp_path / "Old"), "old")
    with pytest.raises(FilesError, match="the path is empty; name a file or a folder"):
        draft_contract("", "old")
    (tmp_path / "Old" / "a.parquet").write_text("x,y\n")
    with pytest.raises(FilesError, match="cannot be read as Parquet"):
        draft_contract(str(tmp_path / "Old"), "old")


def test_the_command_prints_the_draft(tmp_path: Path, typed_dwh: Any) -> None:
    """Python on standard output, what is left to do on standard error; JSON for a script."""
    path = in_folders(tmp_path / "sales", "day=2013-01-01")
    code, printed, notes = typed_dwh("contract", path, "--table", "shop.sales")
    assert code == 0 and "add the key" in notes
    assert printed == (
        "from dwh.core import Column, Table\n\n"
        "SALES = Table(\n"
        '    "shop.sales",\n'
        "    columns=(\n"
        '        Column("flights", "bigint"),\n'
        '        Column("day", "date"),\n'
        "    ),\n"
        "    key=(),  # the columns whose values identify a row\n"
        '    partition_by="day",  # None where each date holds the whole table\n'
        '    doc="",  # what one row is\n'
        ")\n"
    )
    assert '"partition_by": "day"' in typed_dwh("contract", path, "--json")[1]
