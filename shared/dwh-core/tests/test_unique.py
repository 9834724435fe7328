"""Whether keys are unique, as Python finds in the files of a run."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from dwh.core.contract import Column, Table
from dwh.core.ledger.records import WrittenFile
from dwh.core.storage.unique import surely_unique

pa = pytest.importorskip("pyarrow")
from pyarrow.parquet import write_table  # noqa: E402 -- after the check that it is there

DAY, SHOP, N = Column("day", "date"), Column("shop", "string"), Column("n", "int")
FIRST, SECOND = "day=2024-01-01/a.parquet", "day=2024-01-02/a.parquet"


def table(*key, partition_by=("day",), columns=(DAY, SHOP, N)):
    """Return a contract with a key."""
    return Table("t", columns=columns, key=key, partition_by=partition_by)


@pytest.fixture
def is_unique(tmp_path):
    """Say whether the key of a table is unique in files, each of which has columns of values."""

    def said(contract: Table, files: dict[str, dict]) -> bool:
        written = []
        for path, columns in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            content = pa.table(columns)
            write_table(content, tmp_path / path)
            written.append(WrittenFile(path, 1, content.num_rows, {}))
        return surely_unique(str(tmp_path), contract, written)

    return said


def test_keys_that_differ(is_unique):
    """Keys are told apart by all their columns."""
    assert is_unique(table("day", "shop", "n"), {FIRST: {"shop": ["a", "a", "b"], "n": [1, 2, 1]}})
    assert not is_unique(table("day", "shop", "n"), {FIRST: {"shop": ["a", "a", "b"], "n": [1, 1, 1]}})


def test_a_key_with_the_date(is_unique):
    """The same values of two dates are two keys; in two files of one date they are one."""
    assert is_unique(table("day", "n"), {FIRST: {"n": [1]}, SECOND: {"n": [1]}})
    assert not is_unique(table("day", "n"), {FIRST: {"n": [1]}, "day=2024-01-01/b.parquet": {"n": [1]}})


def test_a_key_without_the_date(is_unique):
    """Then the same values of two dates are one key."""
    assert is_unique(table("n"), {FIRST: {"n": [1]}, SECOND: {"n": [2]}})
    assert not is_unique(table("n"), {FIRST: {"n": [1]}, SECOND: {"n": [1]}})


def test_a_key_in_the_names_of_folders_alone(is_unique):
    """Then each folder holds one key."""
    assert is_unique(table("day"), {FIRST: {"n": [1]}, SECOND: {"n": [1]}})
    assert not is_unique(table("day"), {FIRST: {"n": [1, 2]}})


@pytest.mark.parametrize(("key", "unique"), [(("day", "n"), False), (("day", "shop", "n"), True)])
def test_further_folders(is_unique, key, unique):
    """Folders of further columns part keys where the key has these columns."""
    files = {f"day=2024-01-01/shop={shop}/a.parquet": {"n": [1]} for shop in "ab"}
    assert is_unique(table(*key, partition_by=("day", "shop")), files) is unique


def test_hours(is_unique):
    """The column of hours is in the files, and named by folders, too."""
    hourly = table("at", "n", partition_by="at", columns=(Column("at", "timestamp"), N))
    files = {
        f"_hour=2024-01-01T0{hour}/a.parquet": {"at": [datetime(2024, 1, 1, hour)] * 2, "n": [1, 2]}
        for hour in (1, 2)
    }
    assert is_unique(hourly, files)
    files["_hour=2024-01-01T01/b.parquet"] = {"at": [datetime(2024, 1, 1, 1)], "n": [2]}
    assert not is_unique(hourly, files)


def test_what_only_the_engine_can_say(is_unique, monkeypatch):
    """Values equal to an engine alone, files without the column, and too many rows are not judged."""
    inexact = table("day", "x", columns=(DAY, Column("x", "double")))
    assert not is_unique(inexact, {FIRST: {"x": [0.0, -0.0]}})
    assert not is_unique(table("day", "n"), {FIRST: {"shop": ["a", "b"]}})
    monkeypatch.setattr("dwh.core.storage.unique._ROWS", 1)
    assert not is_unique(table("day", "n"), {FIRST: {"n": [1, 2]}})


def test_no_files(is_unique):
    """Where there are no rows, no key repeats; nor where there is no key."""
    assert is_unique(table("day", "n"), {})
    assert is_unique(table(), {FIRST: {"n": [1, 1]}})
    assert is_unique(table("n", columns=(DAY, Column("n", "date"))), {FIRST: {"n": [date(2024, 1, 1)]}})
