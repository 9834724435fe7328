"""Delta tables that something else wrote, adopted at their current version."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from dwh.core.errors import AuditError, LostFilesError, UsageError
from dwh.core.ledger.schema import runs
from dwh.core.storage.adopted import check_adopted
from dwh.core.warehouse import Warehouse
from dwh.migrate.adoption import prepare_adoption
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.delta_tables import found_delta

pytestmark = pytest.mark.usefixtures("interpreted", "lines")

TABLE = "shop.takings"
FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


def rows(*days: date, shop: str | None = "north") -> pa.Table:
    """Return one row of each day."""
    fields = [("day", pa.date32()), ("shop", pa.string()), ("orders", pa.int64()), ("amount", pa.float64())]
    return pa.Table.from_pylist(
        [{"day": day, "shop": shop, "orders": 1, "amount": 1.5} for day in days], pa.schema(fields)
    )


def written(place: Path, table: pa.Table, **options) -> Path:
    """Write to a Delta table by its own library."""
    deltalake = pytest.importorskip("deltalake")
    deltalake.write_deltalake(str(place), table, **options)
    return place


@pytest.fixture
def warehouse(config, with_tables) -> Warehouse:
    """A warehouse in which nothing has been written."""
    with_tables(config.ledger)
    return Warehouse.create(config)


@pytest.fixture
def by_day(tmp_path: Path) -> Path:
    """Two days, of which the second was written again."""
    place = written(tmp_path / "takings", rows(FIRST, SECOND), partition_by=["day"])
    again = {"mode": "overwrite", "predicate": f"day = '{SECOND}'"}
    return written(place, rows(SECOND, shop="south"), **again)


def adopting(warehouse: Warehouse, place: Path):
    return prepare_adoption(warehouse, table=TABLE, line="7.1", place=str(place))


def test_its_log_drafts_a_contract(by_day: Path, typed_dwh) -> None:
    """By the files that count now, of which none is opened; what comes next is to adopt them."""
    code, printed, notes = typed_dwh("contract", str(by_day), "--table", TABLE)
    assert code == 0 and f"dwh adopt {TABLE} --line LINE --from {by_day}" in notes
    assert 'Column("shop", "string"),' in printed and 'partition_by="day",' in printed


def test_its_files_are_those_of_the_version(warehouse, by_day):
    """Replaced ones do not count, no file is opened, and the record names the version."""
    for path in by_day.rglob("day=*/*.parquet"):
        path.write_bytes(b"x" * path.stat().st_size)
    adoption = adopting(warehouse, by_day)
    assert [(day, [file.rows for file in files]) for day, files in adoption.files.items()] == [
        (FIRST, [1]),
        (SECOND, [1]),
    ]
    assert adoption.unsure == ()
    run = adoption.commit(audited=False)
    (record,) = warehouse.ledger.find_runs(runs.c.id == run)
    assert record.inputs == [{"name": str(by_day), "format": "delta", "path": str(by_day), "version": 1}]
    outputs = warehouse.outputs(table=TABLE, line="7.1")
    check_adopted(warehouse.ledger, outputs)
    (by_day / adoption.files[FIRST][0].path).unlink()
    with pytest.raises(LostFilesError, match="which was adopted, is gone") as lost:
        check_adopted(warehouse.ledger, outputs)
    assert f"--from {by_day} --env" in lost.value.hint
    with pytest.raises(FilesError, match="is gone, which the table's log lists"):
        adopting(warehouse, by_day)


def test_files_of_one_date_each(warehouse, tmp_path):
    """Without a partition the log's bounds say which date a file has."""
    place = written(tmp_path / "flat", rows(FIRST))
    written(place, rows(SECOND), mode="append")
    assert list(adopting(warehouse, place).files) == [FIRST, SECOND]
    written(place, rows(FIRST, SECOND), mode="append")
    with pytest.raises(FilesError, match="has rows of several dates"):
        adopting(warehouse, place)


def test_nulls_are_counted_by_the_log(warehouse, by_day):
    """A null in a required column is found without a row being read."""
    written(by_day, rows(FIRST, shop=None), mode="append")
    with pytest.raises(AuditError, match="required column shop is null in 1 row"):
        adopting(warehouse, by_day)


def test_values_that_folders_escape(tmp_path):
    """A path in the log is a URI, and a folder's name is escaped once more."""
    place = written(tmp_path / "takings", rows(FIRST, shop="north & east"), partition_by=["day", "shop"])
    (file,) = found_delta(str(place), TABLE, ()).files
    assert file.partition == {"day": str(FIRST), "shop": "north & east"}
    assert (place / file.written.path).is_file()


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        (
            {"delta.enableDeletionVectors": "true"},
            r"deletion vectors\); write them into its data files first",
        ),
        ({"delta.columnMapping.mode": "name"}, r"column mapping\); write it anew without"),
    ],
)
def test_what_files_by_themselves_do_not_say(warehouse, tmp_path, configuration, said):
    """Such features are refused, with the way out."""
    deltalake = pytest.importorskip("deltalake")
    place = written(tmp_path / "takings", rows(FIRST), partition_by=["day"])
    log = place / "_delta_log" / f"{1:020}.json"
    feature = "deletionVectors" if "Deletion" in str(configuration) else "columnMapping"
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7}
    features = {"readerFeatures": [feature], "writerFeatures": [feature]}
    log.write_text(json.dumps({"protocol": {**protocol, **features}}) + "\n")
    assert deltalake.DeltaTable(str(place)).version() == 1
    with pytest.raises(FilesError, match=said):
        adopting(warehouse, place)
    assert warehouse.ledger.find_runs() == []


def test_a_broken_log_and_a_missing_library(warehouse, tmp_path, monkeypatch):
    """Both are said, with what to type."""
    log = tmp_path / "takings" / "_delta_log"
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("{")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(UsageError, match=r"is a Delta table, .*; type: pip install deltalake"):
        adopting(warehouse, log.parent)
    monkeypatch.undo()
    pytest.importorskip("deltalake")
    with pytest.raises(FilesError, match="cannot be read as a Delta table"):
        adopting(warehouse, log.parent)
