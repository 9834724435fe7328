"""What a reader gets: one run for each date, the newest or that of an instant."""

from __future__ import annotations

import threading
from datetime import date, datetime, timezone

import pytest

from dwh.core.errors import InvalidDateError, InvalidNameError, LedgerError, NoOutputError, UnknownTableError
from dwh.core.lines import find_job
from dwh.core.warehouse import Warehouse, read_table

FIRST, LAST = "2024-01-01", "2024-01-03"


@pytest.fixture
def read(spark, warehouse):
    """Return the rows that a reader gets, sorted."""

    def rows(line="7.1", **parts):
        frame = read_table(spark, "shop.takings", line=line, warehouse=warehouse, **parts)
        return sorted(tuple(row) for row in frame.collect())

    return rows


@pytest.mark.breadth
def test_a_table_of_many_runs_is_read_at_once(spark, warehouse, job, read):
    """Dates that different runs wrote come in one read, with the contract's columns and types."""
    made = job()
    for day in (LAST, FIRST, "2024-01-02", FIRST):
        made.run(date=day, spark=spark, warehouse=warehouse)
    assert [row[:2] for row in read()] == [
        (date(2024, 1, 1), "north"),
        (date(2024, 1, 1), "south"),
        (date(2024, 1, 2), "north"),
        (date(2024, 1, 2), "south"),
        (date(2024, 1, 3), "east"),
    ]
    frame = read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    assert frame.dtypes == [("day", "date"), ("shop", "string"), ("orders", "bigint"), ("amount", "double")]
    assert len({file.partition("_run=")[2][:24] for file in frame.inputFiles()}) == 3


def test_a_reader_asks_for_dates(spark, warehouse, job, read):
    """A reader gets the dates that it asks for, as dates or as text."""
    job().run(start=FIRST, end=LAST, spark=spark, warehouse=warehouse)
    assert {row[0].day for row in read(start="2024-01-02")} == {2, 3}
    assert {row[0].day for row in read(end=date(2024, 1, 2))} == {1, 2}
    assert {row[0].day for row in read(start="2024-01-02", end="2024-01-02")} == {2}
    with pytest.raises(NoOutputError, match="no output for 2025-01-01"):
        read(start="2025-01-01", end="2025-01-01")
    with pytest.raises(InvalidDateError, match="ends before it begins"):
        read(start=LAST, end=FIRST)
    with pytest.raises(InvalidDateError):
        read(start="tomorrow")


def test_a_reader_asks_for_the_past(spark, warehouse, job, read, landing):
    """As of an instant, a reader gets what was visible then."""
    made = job()
    made.run(date=FIRST, spark=spark, warehouse=warehouse)
    then = datetime.now(timezone.utc)
    before = read()
    (landing / "orders" / f"day={FIRST}" / "part.csv").write_text("shop,amount,note\nwest,5,\n")
    made.run(start=FIRST, end=LAST, spark=spark, warehouse=warehouse)
    assert read(as_of=then) == before != read()
    with pytest.raises(NoOutputError):
        read(as_of=datetime(2000, 1, 1, tzinfo=timezone.utc))
    for wrong in (datetime(2024, 1, 1), date(2024, 1, 1)):
        with pytest.raises(InvalidDateError, match="a datetime with a time zone"):
            read(as_of=wrong)


def test_a_contract_that_gained_a_column(spark, warehouse, installed_line, takings, read):
    """Rows that an older release wrote have null in a column that a newer release added."""
    installed_line("7.1", release="7.1.0")
    find_job("takings@7.1")().run(start=FIRST, end=LAST, spark=spark, warehouse=warehouse)
    last = 'Column("amount", "double", nullable=True),\n        ),\n'
    more = last.replace("        ),", '            Column("note", "string", nullable=True),\n        ),')
    gained = takings(**{last: more, "body": 'return takings.withColumn("note", F.lit("new"))'})
    installed_line("7.2", {"takings": gained})
    newer = find_job("takings@7.2")()
    newer.run(date=FIRST, spark=spark, warehouse=warehouse)
    rename_line(warehouse, "7.2", "7.1")
    assert {(row[0].day, row[4]) for row in read()} == {(1, "new"), (2, None), (3, None)}


def rename_line(warehouse, old, new):
    """Make a line's runs another line's, as if a newer release of that line had written them."""
    from pathlib import Path

    import sqlalchemy as sa

    root = Path(warehouse.config.warehouse) / "shop.takings"
    for folder in (root / old).iterdir():
        folder.rename(root / new / folder.name)
    with warehouse.ledger._engine.begin() as connection:
        for table in ("runs", "receipts"):
            connection.execute(sa.text(f"UPDATE {table} SET line = '{new}' WHERE line = '{old}'"))
        connection.execute(sa.text(f"UPDATE runs SET location = replace(location, '/{old}/', '/{new}/')"))


def test_outputs_of_two_lines_are_read_together(spark, warehouse, job):
    """Outputs of several lines come as one table, in the columns of the one that committed last."""
    job("7.1").run(start=FIRST, end=LAST, spark=spark, warehouse=warehouse)
    job("7.2").run(date=LAST, spark=spark, warehouse=warehouse)
    chosen = warehouse.outputs(table="shop.takings", line="7.1")[:2] + warehouse.outputs(
        table="shop.takings", line="7.2"
    )
    frame = warehouse.read(spark, chosen)
    assert frame.columns == ["day", "shop", "orders", "amount"]
    assert frame.count() == 5


def test_two_runs_of_the_same_date_at_once(spark, either_warehouse, installed_line, takings):
    """Two runs of the same dates at once both complete; readers see one of them for each date."""
    slow = 'import time; time.sleep(1.0)\n        return takings.withColumn("amount", F.lit({}))'
    for line, figure in (("7.1", "1.0"), ("7.2", "2.0")):
        installed_line(line, {"takings": takings(body=slow.format(figure))})
    jobs = [find_job("takings@7.1")(), find_job("takings@7.1")(), find_job("takings@7.2")()]
    receipts, failures = [], []

    def run(job):
        try:
            receipts.append(job.run(start=FIRST, end=LAST, spark=spark, warehouse=either_warehouse))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [] and len(receipts) == 3
    newest = either_warehouse.outputs(table="shop.takings", line="7.1")
    everything = either_warehouse.ledger.outputs(environment="dev", table="shop.takings", line="7.1")
    assert len(everything) == 6 and len(newest) == 3
    assert {output.run_id for output in newest} == {everything[-1].run_id}
    frame = read_table(spark, "shop.takings", line="7.1", warehouse=either_warehouse)
    assert frame.count() == 5
    assert {row.amount for row in frame.collect()} == {1.0}


def test_an_unknown_table(spark, warehouse, job):
    """A table that no run has written is refused, with those that are there."""
    with pytest.raises(UnknownTableError, match="written so far: none"):
        read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    job().run(date=FIRST, spark=spark, warehouse=warehouse)
    with pytest.raises(UnknownTableError, match=r"written so far: shop\.takings"):
        read_table(spark, "shop.taking", line="7.1", warehouse=warehouse)


@pytest.mark.parametrize("name", ["../x", "shop/takings", "'; --", "täkings", ""])
def test_a_name_that_is_none(spark, warehouse, name):
    """What is no name of a table is refused as that."""
    with pytest.raises(InvalidNameError):
        read_table(spark, name, line="7.1", warehouse=warehouse)


def test_an_empty_environment_is_not_the_configured_one(spark, warehouse):
    """A variable that is not set must not lead a reader to another environment's table."""
    for line in (None, "7.1"):
        with pytest.raises(InvalidNameError, match="'' is not a valid environment"):
            read_table(spark, "shop.takings", line=line, environment="", warehouse=warehouse)


def test_a_warehouse_that_is_not_there(spark, config, tmp_path, monkeypatch):
    """Reading from a warehouse that is not there says so, and makes nothing."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LedgerError, match="there is no ledger yet"):
        read_table(spark, "shop.takings", line="7.1")
    assert not (tmp_path / "warehouse").exists()


def test_the_configured_warehouse(spark, config, job, tmp_path, monkeypatch):
    """Without a warehouse, a run writes to and a reader reads from the configured one."""
    monkeypatch.chdir(tmp_path)
    job().run(date=FIRST, spark=spark)
    assert read_table(spark, "shop.takings", line="7.1").count() == 2
    assert Warehouse.open(config).ledger.table_names() == ["shop.takings"]


def test_odd_folders(spark, tmp_path, landing, job):
    """A warehouse may lie in a folder with spaces, quotes, percent signs or Unicode in its name."""
    from dwh.core.config import load_config

    odd = tmp_path / "it's ünï 100% a=b #1"
    odd.mkdir()
    (odd / "dwh.toml").write_text(
        f'[sources.orders]\nformat = "csv"\npath = "{landing}/orders"\noptions = {{ header = true }}\n',
        "utf-8",
    )
    warehouse = Warehouse.create(load_config(odd, {}))
    job().run(start=FIRST, end=LAST, spark=spark, warehouse=warehouse)
    assert read_table(spark, "shop.takings", line="7.1", warehouse=warehouse).count() == 5
