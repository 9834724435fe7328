"""Iceberg tables that something else wrote, adopted at their current snapshot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import readers
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import (
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
    YearTransform,
)
from pyiceberg.typedef import Record
from pyiceberg.types import DateType, DoubleType, LongType, NestedField, StringType, TimestamptzType
from warehousing import Runs

from dwh.catalog.iceberg_tables import found_iceberg
from dwh.core.contract import Column
from dwh.core.contract import Table as ContractTable
from dwh.core.errors import AuditError, LostFilesError
from dwh.core.ledger import ColumnStatistics
from dwh.core.ledger.schema import runs as recorded
from dwh.core.storage.adopted import check_adopted
from dwh.core.testing.lines import TAKINGS
from dwh.migrate.adoption import Adoption, prepare_adoption
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.table_readers import draft_contract

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
SCHEMA = Schema(
    NestedField(1, "day", DateType(), required=True),
    NestedField(2, "shop", StringType()),
    NestedField(3, "orders", LongType()),
    NestedField(4, "amount", DoubleType()),
)
BY_DAY = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "day"))


@pytest.fixture
def foreign(tmp_path: Path) -> SqlCatalog:
    """A catalog that is not ours, with its tables' files below `foreign`."""
    catalog = SqlCatalog("other", uri="sqlite:///:memory:", warehouse=f"file://{tmp_path}/foreign")
    catalog.create_namespace("shop")
    return catalog


def rows(*days: date, shop: str | None = "north") -> pa.Table:
    """Return one row of each day."""
    fields = [pa.field("day", pa.date32(), nullable=False), ("shop", pa.string())]
    schema = pa.schema([*fields, ("orders", pa.int64()), ("amount", pa.float64())])
    found = [{"day": day, "shop": shop, "orders": 1, "amount": 1.5} for day in days]
    return pa.Table.from_pylist(found, schema)


@pytest.fixture
def by_day(foreign: SqlCatalog) -> Table:
    """Two days, in files of one day each."""
    table = foreign.create_table("shop.takings", SCHEMA, partition_spec=BY_DAY)
    table.append(rows(FIRST, SECOND))
    return table


def folder_of(table: Table) -> str:
    return table.location().removeprefix("file://")


def test_its_metadata_drafts_a_contract(by_day: Table) -> None:
    """With the column that it is partitioned by as its date, and nulls as its manifests count them."""
    columns = (
        Column("day", "date"),
        Column("shop", "string"),
        Column("orders", "bigint"),
        Column("amount", "double"),
    )
    drafted = draft_contract(folder_of(by_day), "shop.takings")
    assert drafted == ContractTable("shop.takings", columns, partition_by="day")
    by_day.append(rows(SECOND, shop=None))
    assert draft_contract(folder_of(by_day)).column("shop").nullable


@pytest.fixture
def adopting(runs: Runs, installed_line: Callable[..., Path]) -> Callable[[str], Adoption]:
    """What looks at a table for line 7.1, which holds the job takings."""
    installed_line("7.1")
    return lambda place: prepare_adoption(runs.warehouse, table="shop.takings", line="7.1", place=place)


def test_its_files_are_those_of_the_snapshot(
    runs: Runs, by_day: Table, adopting: Callable[[str], Adoption]
) -> None:
    """Removed and replaced ones do not count, no file is opened, and the record names the snapshot."""
    by_day.overwrite(rows(SECOND, shop="south"), overwrite_filter=f"day = '{SECOND}'")
    for path in Path(folder_of(by_day), "data").rglob("*.parquet"):
        path.write_bytes(b"x" * path.stat().st_size)
    adoption = adopting(folder_of(by_day))
    assert {day: [file.rows for file in files] for day, files in adoption.files.items()} == {
        FIRST: [1],
        SECOND: [1],
    }
    assert adoption.unsure == ()
    adoption.commit(audited=False)
    (run,) = runs.warehouse.ledger.find_runs(recorded.c.line == "7.1")
    (origin,) = run.inputs
    snapshot = by_day.current_snapshot()
    assert snapshot is not None
    assert (origin["format"], origin["snapshot"]) == ("iceberg", str(snapshot.snapshot_id))
    assert origin["table"] == folder_of(by_day)


def test_files_that_change_later_are_noticed(
    runs: Runs, by_day: Table, adopting: Callable[[str], Adoption]
) -> None:
    """A compaction that removes files is an error where they are read."""
    run = adopting(folder_of(by_day)).commit(audited=False)
    outputs = runs.warehouse.outputs(table="shop.takings", line="7.1")
    check_adopted(runs.warehouse.ledger, outputs)
    (file,) = runs.warehouse.ledger.files_of([run])[run, FIRST]
    Path(outputs[0].location, file.path).unlink()
    with pytest.raises(LostFilesError, match="which was adopted, is gone") as lost:
        check_adopted(runs.warehouse.ledger, outputs)
    assert lost.value.hint.endswith(
        f"dwh adopt shop.takings --line 7.1 --from {folder_of(by_day)} --env prod"
    )
    with pytest.raises(FilesError, match="is gone, which the table's log lists"):
        adopting(folder_of(by_day))


def test_what_was_adopted_by_a_metadata_file_is_adopted_again_by_its_folder(
    runs: Runs, by_day: Table, adopting: Callable[[str], Adoption]
) -> None:
    """The file that was named then would give the state of then, whose files are gone."""
    adopting(by_day.metadata_location.removeprefix("file://")).commit(audited=False)
    outputs = runs.warehouse.outputs(table="shop.takings", line="7.1")
    next(Path(outputs[0].location).rglob("*.parquet")).unlink()
    with pytest.raises(LostFilesError) as lost:
        check_adopted(runs.warehouse.ledger, outputs)
    assert f"--from {folder_of(by_day)} --env" in lost.value.hint


def test_files_of_one_date_each_are_enough(foreign: SqlCatalog, adopting: Callable[[str], Adoption]) -> None:
    """Without a partition the bounds say which date a file has; the metadata file may be named itself."""
    table = foreign.create_table("shop.flat", SCHEMA)
    table.append(rows(FIRST))
    table.append(rows(SECOND))
    assert list(adopting(table.metadata_location).files) == [FIRST, SECOND]
    table.append(rows(FIRST, SECOND))
    with pytest.raises(FilesError, match=f"has rows of several dates, {FIRST} to {SECOND}"):
        adopting(folder_of(table))


def append_without_bounds(table: Table, *parts: int) -> None:
    """Add a file of one row for each value of the partition, whose entry says nothing else of it."""
    with table.transaction() as changes, changes.update_snapshot().fast_append() as added:
        for part in parts:
            path = Path(folder_of(table), "data", f"{part}.parquet")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x" * 100)
            found = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"file://{path}",
                file_format=FileFormat.PARQUET,
                partition=Record(*([part] if table.spec().fields else [])),
                record_count=1,
                file_size_in_bytes=100,
            )
            found.spec_id = table.spec().spec_id
            added.append_data_file(found)


def test_without_bounds_a_partition_by_days_says_which_date_a_file_has(
    foreign: SqlCatalog, adopting: Callable[[str], Adoption]
) -> None:
    """A month alone does not, nor does nothing."""
    first = (FIRST - date(1970, 1, 1)).days
    by_days = PartitionSpec(PartitionField(1, 1000, DayTransform(), "day_day"))
    table = foreign.create_table("shop.takings", SCHEMA, partition_spec=by_days)
    append_without_bounds(table, first, first + 1)
    assert list(adopting(folder_of(table)).files) == [FIRST, SECOND]
    by_months = PartitionSpec(PartitionField(1, 1000, MonthTransform(), "day_month"))
    table = foreign.create_table("shop.monthly", SCHEMA, partition_spec=by_months)
    append_without_bounds(table, 54 * 12)
    with pytest.raises(FilesError, match="has rows of several dates, 2024-01-01 to 2024-01-31; write one"):
        adopting(folder_of(table))
    table = foreign.create_table("shop.flat", SCHEMA)
    append_without_bounds(table, 1)
    with pytest.raises(FilesError, match=r"the table's log does not say which day the rows of .* have; "):
        adopting(folder_of(table))


@pytest.mark.parametrize(
    ("transform", "part", "lower", "upper"),
    [
        (HourTransform(), 474_679, "2024-02-25T07:00:00.000000+00:00", "2024-02-25T07:59:59.999999+00:00"),
        (DayTransform(), -1, "1969-12-31T00:00:00.000000+00:00", "1969-12-31T23:59:59.999999+00:00"),
        (MonthTransform(), 649, "2024-02-01T00:00:00.000000+00:00", "2024-02-29T23:59:59.999999+00:00"),
        (YearTransform(), 54, "2024-01-01T00:00:00.000000+00:00", "2024-12-31T23:59:59.999999+00:00"),
    ],
)
def test_without_bounds_a_partition_says_between_which_instants_values_are(
    transform: Transform[Any, Any], part: int, lower: str, upper: str, foreign: SqlCatalog
) -> None:
    schema = Schema(NestedField(1, "at", TimestamptzType()), NestedField(2, "n", LongType()))
    spec = PartitionSpec(PartitionField(1, 1000, transform, "part"))
    table = foreign.create_table("shop.clicks", schema, partition_spec=spec)
    append_without_bounds(table, part)
    (file,) = found_iceberg(folder_of(table), "shop.clicks", ()).files
    assert file.written.columns == {"at": ColumnStatistics(0, lower, upper), "n": ColumnStatistics()}
    (file,) = found_iceberg(folder_of(table), "shop.clicks", ("at",)).files
    assert file.written.columns == {"at": ColumnStatistics(0), "n": ColumnStatistics()}


def test_a_renamed_column_is_refused(by_day: Table, adopting: Callable[[str], Adoption]) -> None:
    """Old files have it under another name, and would be read as null."""
    with by_day.update_schema() as update:
        update.rename_column("orders", "sold")
    with pytest.raises(
        FilesError, match="column sold was orders long in an earlier schema; adopt it as a new"
    ):
        adopting(folder_of(by_day))


def test_a_value_that_its_folder_spells_differently_is_refused(
    foreign: SqlCatalog, runs: Runs, installed_line: Callable[..., Path]
) -> None:
    """Iceberg writes a blank as `+`, which Spark would take for a plus."""
    source = TAKINGS.replace(
        'partition_by="day",\n    )\n\n    def', 'partition_by=("day", "shop"),\n    )\n\n    def'
    )
    installed_line("7.9", {"takings": source})
    by_shop = PartitionSpec(*BY_DAY.fields, PartitionField(2, 1001, IdentityTransform(), "shop"))
    table = foreign.create_table("shop.takings", SCHEMA, partition_spec=by_shop)
    adopting = partial(prepare_adoption, runs.warehouse, table="shop.takings", line="7.9")
    table.append(rows(FIRST, shop="north/east"))
    assert list(adopting(place=folder_of(table)).files) == [FIRST]
    table.append(rows(FIRST, shop="New York"))
    with pytest.raises(
        FilesError, match=r"has shop 'New York' in a folder that says 'New\+York', such as .*"
    ):
        adopting(place=folder_of(table))


def test_nulls_are_counted_by_the_manifests(by_day: Table, adopting: Callable[[str], Adoption]) -> None:
    """A null in a required column is found without a row being read."""
    by_day.append(rows(FIRST, shop=None))
    with pytest.raises(AuditError, match=r"required column shop is null in 1 row$"):
        adopting(folder_of(by_day))


def test_an_empty_table_and_broken_metadata(
    foreign: SqlCatalog, adopting: Callable[[str], Adoption], tmp_path: Path
) -> None:
    """Both are said of the place that was named."""
    table = foreign.create_table("shop.empty", SCHEMA)
    with pytest.raises(FilesError, match="has no rows in its current snapshot; there is nothing to adopt"):
        adopting(folder_of(table))
    broken = tmp_path / "broken" / "metadata" / "v1.metadata.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(FilesError, match="broken cannot be read as an Iceberg table"):
        adopting(str(tmp_path / "broken"))
    broken.with_name("00001-a.metadata.json").write_text("{")
    with pytest.raises(FilesError, match=r"several newest metadata files .*; name the one that counts"):
        adopting(str(tmp_path / "broken"))


def test_deleted_rows_in_files_of_their_own_are_refused(
    by_day: Table, adopting: Callable[[str], Adoption], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by themselves, data files would bring these rows back."""
    from pyiceberg.manifest import ManifestContent, ManifestFile

    monkeypatch.setattr(ManifestFile, "content", property(lambda self: ManifestContent.DELETES))
    with pytest.raises(FilesError, match=r"merge-on-read\); write them into its data files first"):
        adopting(folder_of(by_day))


SPARK = "foreign"
ROWS = (
    "SELECT DATE'2024-01-0{day}' AS day, concat('s', id) AS shop, id AS orders, 1.5D AS amount FROM range(3)"
)


@pytest.mark.catalog
def test_what_is_told_to_rewrite_a_table_lets_it_be_adopted(
    adopting: Callable[[str], Adoption], tmp_path: Path
) -> None:
    """By Spark: rows deleted by merge-on-read, another format, and other folders, all in one table."""
    spark, name, place = readers._spark(), f"{SPARK}.shop.takings", f"{tmp_path}/ice/shop/takings"
    for key, value in (("type", "hadoop"), ("warehouse", f"{tmp_path}/ice"), ("cache-enabled", "false")):
        spark.conf.set(f"spark.sql.catalog.{SPARK}.{key}", value)
    spark.conf.set(f"spark.sql.catalog.{SPARK}", "org.apache.iceberg.spark.SparkCatalog")
    columns = "day date NOT NULL, shop string NOT NULL, orders bigint NOT NULL, amount double"
    later = "'format-version' = '2', 'write.delete.mode' = 'merge-on-read', 'write.format.default' = 'orc'"
    spark.sql(f"CREATE TABLE {name} ({columns}) USING iceberg TBLPROPERTIES ({later})")
    spark.sql(f"INSERT INTO {name} {ROWS.format(day=1)}")
    spark.sql(f"ALTER TABLE {name} ADD PARTITION FIELD day")
    spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('write.format.default' = 'parquet')")
    spark.sql(f"INSERT INTO {name} {ROWS.format(day=2)}")
    spark.sql(f"DELETE FROM {name} WHERE shop = 's1'")
    with pytest.raises(
        FilesError, match=r"has files of ORC; set its .* CALL |keeps deleted rows .* CALL "
    ) as no:
        adopting(place)
    call = str(no.value)[str(no.value).index("CALL ") :].replace("CALL system", f"CALL {SPARK}.system")
    spark.sql(call.replace("'…'", f"'{name}'"))
    rows = {day: sum(file.rows for file in found) for day, found in adopting(place).files.items()}
    assert rows == {FIRST: 2, SECOND: 2}
