"""Files that something else wrote, as outputs of a line."""

from __future__ import annotations

import json
import os
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from fabricate import begin, proved
from pyarrow.parquet import write_table

from dwh.core.errors import AuditError, LostFilesError, UsageError
from dwh.core.ledger.schema import runs
from dwh.core.storage.adopted import check_adopted
from dwh.core.testing.lines import TAKINGS
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.adoption import prepare_adoption
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.outputs import OutputOptions, from_ledger
from dwh.migrate.compare.subjects import subjects_of
from dwh.migrate.garbage import collect, dead_runs
from dwh.migrate.rollout import advance, pin, roll_back

pytestmark = pytest.mark.usefixtures("interpreted", "lines")

TABLE = "shop.takings"
FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


def written(path: Path, shops: list[str], **others: pa.Array) -> None:
    """Write a file as the job's contract has it, apart from the day and what is given."""
    count = len(shops)
    columns = {"shop": pa.array(shops), "orders": pa.array([1] * count, pa.int64()), "amount": [1.5] * count}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(pa.table({**columns, **others}), path)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A table of two days, in folders, that no job wrote."""
    folder = tmp_path / "old" / "takings"
    written(folder / f"day={FIRST}" / "part-0.parquet", ["north", "south"])
    written(folder / f"day={SECOND}" / "part-0.parquet", ["north"])
    (folder / "_SUCCESS").touch()
    return folder


@pytest.fixture
def warehouse(config, with_tables) -> Warehouse:
    """A warehouse in which nothing has been written."""
    with_tables(config.ledger)
    return Warehouse.create(config)


@pytest.fixture
def adopted(warehouse: Warehouse, old: Path) -> str:
    """The run of an adoption without an audit."""
    return prepare_adoption(warehouse, table=TABLE, line="7.1", place=str(old)).commit(audited=False)


def adopting(warehouse: Warehouse, place: Path, **options: str):
    return prepare_adoption(warehouse, table=TABLE, line="7.1", place=str(place), **options)


def test_adopted_files_are_published_where_they_lie(spark, config, old, typed_dwh, monkeypatch, tmp_path):
    """One command makes them outputs, checked and published; nothing is copied, changed or removed."""
    before = {path: path.stat().st_mtime_ns for path in old.rglob("*")}
    (tmp_path / "dwh.toml").write_text(
        f'warehouse = "{config.warehouse}"\nledger = "{config.ledger}"\n[sources]\n'
    )
    monkeypatch.chdir(tmp_path)
    words = ("adopt", TABLE, "--line", "7.1", "--from", "old/takings", "--env", "prod", "--publish", "--json")
    code, out, err = typed_dwh(*words)
    assert code == 0, err
    said = json.loads(out)
    assert (said["partitions"], said["files"], said["rows"]) == (2, 2, 3)
    warehouse = Warehouse.open(config)
    (output, _) = warehouse.published(table=TABLE, environment="prod")
    assert (output.storage, output.code_state, output.location) == ("adopted", "adopted", str(old))
    frame = read_table(spark, TABLE, environment="prod", warehouse=warehouse)
    assert frame.columns == ["day", "shop", "orders", "amount"]
    assert sorted(row[:2] for row in frame.collect()) == [
        (FIRST, "north"),
        (FIRST, "south"),
        (SECOND, "north"),
    ]
    code, _, err = typed_dwh("gc", "--older-than", "0")
    assert code == 0, err
    assert {path: path.stat().st_mtime_ns for path in old.rglob("*")} == before


@pytest.mark.breadth
def test_an_adopted_run_is_compared_with_a_job_of_another_environment(
    spark, warehouse, config, old, typed_dwh, monkeypatch, tmp_path
):
    """So a table that keeps a log can be what a port is proven against, too."""
    (tmp_path / "dwh.toml").write_text(f'warehouse = "{config.warehouse}"\nledger = "{config.ledger}"\n')
    monkeypatch.chdir(tmp_path)
    run = adopting(warehouse, old).commit(audited=False)
    port = Warehouse(warehouse.config.in_environment("port"), warehouse.ledger)
    written(tmp_path / "new" / f"day={FIRST}" / "part-0.parquet", ["south", "north"])
    written(tmp_path / "new" / f"day={SECOND}" / "part-0.parquet", ["east"])
    adopting(port, tmp_path / "new").commit(audited=False)
    code, out, _ = typed_dwh("compare", run, "takings@7.1", "--env", "port")
    assert (code, "2 of 4 rows equal" in out) == (1, True), out
    code, out, err = typed_dwh("compare", run, "takings@7.1", "--env", "port", "--date", str(FIRST))
    assert (code, "2 of 2 rows equal" in out) == (0, True), out + err


def test_the_record_says_what_was_not_checked(warehouse, adopted, old):
    """Without an audit it is recorded so, with who adopted from where, and each file's size and time."""
    (run,) = warehouse.ledger.find_runs(runs.c.id == adopted)
    assert (run.code["state"], run.status, run.location) == ("adopted, not audited", "committed", str(old))
    assert run.started_by
    (file,) = warehouse.ledger.files_of([adopted])[adopted, FIRST]
    path = old / file.path
    assert (file.path, file.size, file.rows) == (f"day={FIRST}/part-0.parquet", path.stat().st_size, 2)
    assert file.modified and file.modified.startswith("20")


def test_a_key_that_repeats_is_refused(spark, warehouse, old):
    """The rows are audited as a run's are, and what fails leaves nothing in the ledger."""
    written(old / f"day={FIRST}" / "part-1.parquet", ["south"])
    adoption = adopting(warehouse, old)
    assert adoption.needs_rows
    with pytest.raises(AuditError, match="is not unique: day=2024-01-01, shop=south"):
        adoption.audit(spark)
    assert warehouse.ledger.find_runs() == []


def test_files_that_change_later_are_noticed(spark, warehouse, adopted, old):
    """By size or time, when they are read, and when the ledger alone could answer a comparison."""
    adopting(warehouse, old).commit(audited=False)
    file = old / f"day={SECOND}" / "part-0.parquet"
    os.utime(file, (1, 1))
    with pytest.raises(LostFilesError, match=rf"{SECOND}/part-0.parquet has .*was adopted with") as lost:
        read_table(spark, TABLE, line="7.1", warehouse=warehouse)
    assert lost.value.hint.endswith(f"dwh adopt {TABLE} --line 7.1 --from {old} --env dev")
    with pytest.raises(LostFilesError, match="was adopted with"):
        from_ledger(warehouse, *subjects_of(warehouse, "takings@7.1", "takings@7.1", None), OutputOptions())
    file.unlink()
    with pytest.raises(LostFilesError, match="which was adopted, is gone"):
        read_table(spark, TABLE, line="7.1", warehouse=warehouse)


def test_of_several_adoptions_the_one_whose_files_are_lost_is_named(warehouse, adopted, old, tmp_path):
    """With its own place, quoted where a shell would take it apart."""
    other = tmp_path / "the other"
    written(other / f"day={SECOND}" / "part-0.parquet", ["west"])
    adopting(warehouse, other).commit(audited=False)
    (other / f"day={SECOND}" / "part-0.parquet").unlink()
    with pytest.raises(LostFilesError) as lost:
        check_adopted(warehouse.ledger, warehouse.outputs(table=TABLE, line="7.1"))
    assert f"--from '{other}' --env dev" in lost.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"orders": pa.array([1], pa.int32())}, r"column orders is .* in .*part"),
        ({"tips": pa.array([1])}, "column tips is not in the contract"),
        ({"shop": pa.array([None], pa.string())}, "required column shop is null in 1 row"),
    ],
)
def test_what_footers_say_against_the_contract(warehouse, old, change, said):
    """Columns, types and nulls are checked without reading a row."""
    written(old / f"day={SECOND}" / "part-1.parquet", ["west"], **change)
    with pytest.raises((AuditError, FilesError), match=said):
        adopting(warehouse, old)


def test_files_of_one_folder(spark, warehouse, tmp_path):
    """Each with rows of one day is an output's; one with rows of several belongs to none."""
    folder = tmp_path / "flat"
    for day in (FIRST, SECOND):
        written(folder / f"{day}.parquet", ["north"], day=pa.array([day]))
    adopting(warehouse, folder).commit(audited=False)
    for day in (FIRST, SECOND):
        frame = read_table(spark, TABLE, line="7.1", start=day, end=day, warehouse=warehouse)
        assert [row["day"] for row in frame.collect()] == [day]
    written(folder / "both.parquet", ["west", "east"], day=pa.array([FIRST, SECOND]))
    with pytest.raises(FilesError, match=f"both.parquet has rows of several dates, {FIRST} to {SECOND}"):
        adopting(warehouse, folder)


def test_a_whole_table(spark, warehouse, tmp_path, installed_line):
    """It is of the logical date that is given, since its files do not say."""
    by_day, whole = '        partition_by="day",\n    )\n\n    def', "    )\n\n    def"
    installed_line("7.9", {"takings": TAKINGS.replace(by_day, whole)})
    written(tmp_path / "whole" / "part-0.parquet", ["north", "west"], day=pa.array([FIRST, SECOND]))
    options = {"table": TABLE, "line": "7.9", "place": str(tmp_path / "whole")}
    with pytest.raises(UsageError, match="say of which with --date"):
        prepare_adoption(warehouse, **options)
    adoption = prepare_adoption(warehouse, **options, day="2024-01-05")
    adoption.audit(spark)
    adoption.commit(audited=True)
    assert read_table(spark, TABLE, line="7.9", warehouse=warehouse).count() == 2


HOURLY = TAKINGS.replace(
    'Column("day", "date"),\n            Column("shop"',
    'Column("day", "timestamp"),\n            Column("shop"',
)
MONTHLY = TAKINGS.replace(
    'partition_by="day",\n    )\n\n    def', 'partition_by="day",\n        grain="month",\n    )\n\n    def'
)
FURTHER = TAKINGS.replace(
    'partition_by="day",\n    )\n\n    def', 'partition_by=("day", "shop"),\n    )\n\n    def'
)


def test_hours_and_months(spark, warehouse, tmp_path, installed_line):
    """Folders of hours are read in UTC, whatever the session's zone is; those of months in both spellings."""
    installed_line("7.9", {"takings": HOURLY}, settings={"spark.sql.session.timeZone": "Asia/Kolkata"})
    written(tmp_path / "hours" / "day=2024-01-01 07%3A00%3A00" / "a.parquet", ["north"])
    written(tmp_path / "hours" / "day=2024-01-01 08%3A30%3A00.5" / "a.parquet", ["south"])
    adoption = prepare_adoption(warehouse, table=TABLE, line="7.9", place=str(tmp_path / "hours"))
    assert list(map(str, adoption.files)) == ["2024-01-01T07", "2024-01-01T08"]
    adoption.audit(spark)
    adoption.commit(audited=True)
    rows = read_table(spark, TABLE, line="7.9", start="2024-01-01T08", warehouse=warehouse)
    assert rows.selectExpr("unix_micros(day)").collect() == [(1_704_097_800_500_000,)]
    installed_line("7.8", {"takings": MONTHLY})
    written(tmp_path / "months" / "day=2024-01" / "a.parquet", ["north"])
    written(tmp_path / "months" / "day=2024-02-01" / "a.parquet", ["north"])
    monthly = prepare_adoption(warehouse, table=TABLE, line="7.8", place=str(tmp_path / "months"))
    assert list(map(str, monthly.files)) == ["2024-01", "2024-02"]
    monthly.commit(audited=False)
    rows = read_table(spark, TABLE, line="7.8", warehouse=warehouse).select("day").collect()
    assert sorted(row["day"] for row in rows) == [date(2024, 1, 1), date(2024, 2, 1)]


def test_further_partition_columns(spark, warehouse, tmp_path, installed_line):
    """Their values come from the folders, which may name the logical date on any level."""
    installed_line("7.9", {"takings": FURTHER})
    file = tmp_path / "old" / "shop=north%2Feast" / "day=2024-01-01" / "a.parquet"
    file.parent.mkdir(parents=True)
    write_table(pa.table({"orders": pa.array([1], pa.int64()), "amount": [1.5]}), file)
    prepare_adoption(warehouse, table=TABLE, line="7.9", place=str(tmp_path / "old")).commit(audited=False)
    (row,) = read_table(spark, TABLE, line="7.9", warehouse=warehouse).collect()
    assert row[:2] == (FIRST, "north/east")


@pytest.mark.parametrize(
    ("source", "folder", "said"),
    [
        (HOURLY, "day=2024-01-01", r"a folder's day is '2024-01-01'; rename it to .*07:00:00, in UTC"),
        (HOURLY, "day=2024-01-01 07%3A00%3A00+05%3A30", "rename it to a value such as"),
        (HOURLY, "day=2999-01-01 07%3A00%3A00", "not an hour of UTC that has begun"),
        (MONTHLY, "day=2024-1", "rename it to a value such as 2013-01-15 or 2013-01"),
        (TAKINGS, "day=2024-01", "rename it to a value such as 2013-01-15$"),
        (MONTHLY, "day=__HIVE_DEFAULT_PARTITION__", "a folder's day is null"),
        (FURTHER.replace('"shop", "string"', '"shop", "int"'), "day=2024-01-01/shop=x", "'x', .* says int"),
    ],
)
def test_folders_of_another_grain_or_type(warehouse, tmp_path, installed_line, source, folder, said):
    """A value that is none of the column's is said as it is written, with what would be one."""
    installed_line("7.9", {"takings": source})
    file = tmp_path / "old" / folder / "a.parquet"
    file.parent.mkdir(parents=True)
    shop = {} if "shop=" in folder else {"shop": ["north"]}
    write_table(pa.table({**shop, "orders": pa.array([1], pa.int64()), "amount": [1.5]}), file)
    with pytest.raises((AuditError, FilesError, UsageError), match=said):
        prepare_adoption(warehouse, table=TABLE, line="7.9", place=str(tmp_path / "old"))
    assert warehouse.ledger.find_runs() == []


def test_what_cannot_be_adopted(warehouse, old, tmp_path):
    """What is mistyped, or lies otherwise than the line's outputs do, is said with what to do."""
    with pytest.raises(UsageError, match=r"no job of line 7.1 writes shop.tips; its jobs write: shop.tak"):
        prepare_adoption(warehouse, table="shop.tips", line="7.1", place=str(old))
    with pytest.raises(UsageError, match="leave out --date"):
        adopting(warehouse, old, day="2024-01-01")
    written(tmp_path / "by_shop" / "shop=north" / "part-0.parquet", ["north"], day=pa.array([FIRST]))
    with pytest.raises(FilesError, match=r"its folders name shop, and those of shop.takings name day"):
        adopting(warehouse, tmp_path / "by_shop")
    with pytest.raises(FilesError, match="is a file; name the folder"):
        adopting(warehouse, old / f"day={FIRST}" / "part-0.parquet")


def test_files_that_hold_another_value_than_their_folder_says(warehouse, tmp_path, installed_line):
    """Spark would read what the folder says, an engine that a catalog leads there what the file holds."""
    written(tmp_path / "old" / f"day={FIRST}" / "a.parquet", ["north"], day=pa.array([FIRST]))
    assert list(adopting(warehouse, tmp_path / "old").files) == [FIRST]
    written(tmp_path / "old" / f"day={FIRST}" / "b.parquet", ["north"], day=pa.array([SECOND]))
    with pytest.raises(AuditError, match=rf"b.parquet holds '{SECOND}' as day, which is not what its folder"):
        adopting(warehouse, tmp_path / "old")
    installed_line("7.9", {"takings": HOURLY})
    instant = pa.array([datetime(2024, 1, 1, 7, 30)], pa.timestamp("us", "UTC"))
    written(tmp_path / "hours" / "day=2024-01-01 07%3A30%3A00" / "a.parquet", ["north"], day=instant)
    place = str(tmp_path / "hours")
    assert len(prepare_adoption(warehouse, table=TABLE, line="7.9", place=place).files) == 1
    written(tmp_path / "hours" / "day=2024-01-01 07%3A00%3A00" / "a.parquet", ["north"], day=instant)
    with pytest.raises(AuditError, match="holds '2024-01-01T07:30:00"):
        prepare_adoption(warehouse, table=TABLE, line="7.9", place=place)


def test_what_runs_have_written_is_not_adopted(warehouse, config):
    """The files are the runs', and gc may remove them."""
    run = Path(config.warehouse) / TABLE / "7.1" / "_run=20240101-000000-abc"
    written(run / f"day={FIRST}" / "a.parquet", ["north"])
    with pytest.raises(FilesError, match=r"what runs of this warehouse have written, .* by: dwh promote"):
        adopting(warehouse, run)


def test_what_runs_have_written_is_not_adopted_through_a_link_either(warehouse, config, tmp_path):
    """Be it a link to the folder, to a file in it, or to the whole warehouse."""
    run = Path(config.warehouse) / TABLE / "7.1" / "_run=20240101-000000-abc"
    written(run / f"day={FIRST}" / "a.parquet", ["north"])
    (tmp_path / "run").symlink_to(run)
    (tmp_path / "all").symlink_to(config.warehouse)
    (tmp_path / "files" / f"day={FIRST}").mkdir(parents=True)
    (tmp_path / "files" / f"day={FIRST}" / "a.parquet").symlink_to(run / f"day={FIRST}" / "a.parquet")
    for place in (tmp_path / "run", tmp_path / "files", tmp_path / "all" / run.relative_to(config.warehouse)):
        with pytest.raises(FilesError, match="what runs of this warehouse have written"):
            adopting(warehouse, place)


def test_categories_are_texts(warehouse, tmp_path):
    """As pandas and polars note that they had some, beside plain values."""
    shops = pa.array(["north", "south"]).dictionary_encode()
    written(tmp_path / "old" / f"day={FIRST}" / "a.parquet", ["", ""], shop=shops)
    ((file,),) = adopting(warehouse, tmp_path / "old").files.values()
    assert (file.rows, file.columns["shop"].nulls) == (2, 0)


def test_an_environment_that_uses_another_line(warehouse, old, typed_dwh, config, monkeypatch, tmp_path):
    """What it publishes is moved by a rollout, not by an adoption."""
    pin(warehouse, job="takings", line="7.2", environment="prod", reason="where we start")
    (tmp_path / "dwh.toml").write_text(f'warehouse = "{config.warehouse}"\nledger = "{config.ledger}"\n')
    monkeypatch.chdir(tmp_path)
    code, _, err = typed_dwh(
        "adopt", TABLE, "--line", "7.1", "--from", str(old), "--env", "prod", "--publish"
    )
    assert code == 2 and "dwh rollout plan takings 7.2 7.1 --env prod" in err
    assert warehouse.ledger.find_runs() == []


def test_a_cutover_and_a_rollback_between_adopted_tables(warehouse, old, renamed, tmp_path):
    """Move what is published as they do between runs, and neither gc nor a rollback touches a file."""
    new = tmp_path / "new" / "takings"
    for day, shops in ((FIRST, ["north", "south"]), (SECOND, ["north"])):
        rows = pa.table({"shop": shops, "orders": [1] * len(shops), "total": [1.5] * len(shops)})
        (new / f"day={day}").mkdir(parents=True)
        write_table(rows, new / f"day={day}" / "part-0.parquet")
    prod = Warehouse(warehouse.config.in_environment("prod"), warehouse.ledger)
    left = prepare_adoption(prod, table=TABLE, line="8.1", place=str(old)).commit(audited=False)
    pin(prod, job="takings", line="8.1", environment="prod", reason="adopted", publish=True)
    right = prepare_adoption(prod, table=TABLE, line="8.2", place=str(new)).commit(audited=False)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}

    def published() -> dict[date, str]:
        shown = prod.published(table=TABLE, environment="prod")
        return {each.partition_date: each.location for each in shown}

    proved(prod, dict.fromkeys((FIRST, SECOND), (left, right)))
    begin(prod, "8.2", ["shadow:0", "cutover"])
    assert published() == dict.fromkeys((FIRST, SECOND), str(old))
    advance(prod, job="takings", environment="prod")
    assert published() == dict.fromkeys((FIRST, SECOND), str(new))
    roll_back(prod, job="takings", environment="prod", reason="not yet")
    assert published() == dict.fromkeys((FIRST, SECOND), str(old))
    assert collect(prod, dead_runs(prod, 0)) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before
