"""Files of outputs: recorded when they are audited, and missed when they are read."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import AuditError, LostFilesError
from dwh.core.ledger.schema import output_files
from dwh.core.storage.output_files import written_files
from dwh.core.storage.parquet import ParquetRuns
from dwh.core.warehouse import read_table

FIRST, SECOND = "2024-01-01", "2024-01-02"


@pytest.fixture
def folder(spark, warehouse, job):
    """The folder of an output of two files, one for each of its shops; a second date stands beside it."""
    body = 'return takings.repartitionByRange(2, "shop")'
    job(body=body).run(start=FIRST, end=SECOND, spark=spark, warehouse=warehouse)
    (run,) = warehouse.ledger.find_runs()
    return Path(ParquetRuns(warehouse.config.warehouse).place(run.location), f"day={FIRST}")


@pytest.fixture
def read(spark, warehouse):
    """Read the table, or a date of it."""

    def rows(day=None):
        return read_table(
            spark, "shop.takings", line="7.1", start=day, end=day, warehouse=warehouse
        ).collect()

    return rows


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def test_what_a_run_wrote_is_recorded(warehouse, folder, read):
    """The ledger knows each file of an output, with its size and rows."""
    (run,) = warehouse.ledger.find_runs()
    recorded = warehouse.ledger.files_of([run.id])
    known = [file for (_, day), found in sorted(recorded.items()) for file in found if str(day) == FIRST]
    assert [(file.path, file.size) for file in known] == [
        (f"day={FIRST}/{path.name}", path.stat().st_size) for path in files(folder)
    ]
    assert sum(file.rows for file in known) == 2 and len(recorded) == 2
    assert len(read()) == 4


def test_what_footers_say_is_recorded(warehouse, folder):
    """The ledger has the nulls and bounds of each column, so that nobody opens the files for these."""
    (run,) = warehouse.ledger.find_runs()
    for (_, day), described in warehouse.ledger.statistics_of([run.id]).items():
        assert [sorted(file.columns) for file in described] == [["amount", "orders", "shop"]] * len(described)
        shops = sorted((file.columns["shop"].lower, file.columns["shop"].upper) for file in described)
        assert shops[0][0] < shops[-1][1] and all(file.columns["shop"].nulls == 0 for file in described), day


def test_where_python_reads_no_footers(spark, warehouse, job, monkeypatch):
    """The engine tells files and rows, the run records no more, and is read as any other."""
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    run = job().run(start=FIRST, end=SECOND, spark=spark, warehouse=warehouse)["run"]
    files = warehouse.ledger.files_of([run])
    assert {str(day): sum(file.rows for file in found) for (_, day), found in files.items()} == {
        FIRST: 2,
        SECOND: 2,
    }
    assert warehouse.ledger.statistics_of([run]) == {}


def test_a_file_that_has_vanished(folder, read):
    """A file that is gone is said, with its run, date and rows; other dates are read."""
    files(folder)[0].unlink()
    for day in (None, FIRST):
        with pytest.raises(
            LostFilesError, match=rf"run \S+, {FIRST}: 1 of \d files? is gone, which held \d of 2"
        ):
            read(day)
    assert len(read(SECOND)) == 2


def test_a_folder_that_was_removed(folder, read):
    """A folder that is gone is said, with how many rows it held."""
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    with pytest.raises(
        LostFilesError, match=rf"{FIRST}: \d of \d files? (is|are) gone, which held 2 of 2 rows"
    ):
        read()


def test_a_file_that_was_cut(folder, read):
    """A file of another size is not what the run wrote; what to type names the job and the line."""
    file = files(folder)[0]
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(LostFilesError, match=r"has [\d,]+ bytes, but was written with") as lost:
        read()
    assert lost.value.hint.endswith(f"dwh run takings@7.1 --date {FIRST} --env dev")


def test_a_file_that_the_run_did_not_write(spark, folder, read):
    """A file that appeared later adds no rows: it is not read, or where whole folders are read, said."""
    from dwh.core.engine import is_sail

    (folder / "later.parquet").write_bytes(files(folder)[0].read_bytes())
    if is_sail(spark):
        with pytest.raises(LostFilesError, match="files that the run did not write"):
            read()
    else:
        assert len(read()) == 4


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("lost", "said"),
    [
        ("folder", "all its files are gone, which held 2 rows"),
        ("rows", "it has 4 rows, but was committed with 2"),
        ("bytes", "cannot be read"),
    ],
)
def test_outputs_of_older_releases(warehouse, folder, read, lost, said):
    """Where the files of an output are not known, its rows are counted."""
    with warehouse.ledger.writing() as connection:
        connection.execute(sa.delete(output_files))
    assert len(read()) == 4
    for file in files(folder):
        if lost == "folder":
            file.unlink()
        elif lost == "rows":
            file.with_name(f"again-{file.name}").write_bytes(file.read_bytes())
        else:
            file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(LostFilesError, match=said):
        read()


def test_a_date_that_no_run_can_be_asked_for(spark, tmp_path):
    """Rows of a year of five digits are not left out, but refused."""
    pa, parquet = map(pytest.importorskip, ("pyarrow", "pyarrow.parquet"))
    (tmp_path / "day=+10000-01-01").mkdir()
    parquet.write_table(pa.table({"n": [1]}), tmp_path / "day=+10000-01-01" / "a.parquet")
    table = Table("t", columns=(Column("day", "date"), Column("n", "int")), partition_by="day")
    with pytest.raises(AuditError, match=r"day holds dates that were not asked for: \+10000-01-01"):
        written_files(spark, table, str(tmp_path), DateRange(date(2024, 1, 1), date(2024, 1, 1)))
