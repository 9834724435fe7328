"""Inputs in Spark's catalogs: found by name, held against what the job needs, at one snapshot."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dwh.core import Column, Input, Table
from dwh.core.config import SourcePlace
from dwh.core.dates import DateRange
from dwh.core.errors import SourceError
from dwh.core.lines import find_job
from dwh.core.run import prepare_run
from dwh.core.sources.catalog import CatalogSource
from dwh.core.testing import frame_of_rows
from dwh.core.warehouse import Warehouse, read_table

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)
DAY = DateRange(FIRST, FIRST)
NEED = Input(Table("orders", columns=(Column("day", "date"), Column("shop", "string")), partition_by="day"))
ROWS = [(FIRST, "north", 1.0), (FIRST, "south", 2.0), (SECOND, "north", 4.0)]
SCHEMA = "day date, shop string, amount double"


def place(table):
    """Return the place of a table."""
    return SourcePlace("catalog", None, table=table)


@pytest.fixture(scope="module")
def orders(spark, tmp_path_factory):
    """The name of a table in Spark's own catalog."""
    folder = tmp_path_factory.mktemp("tables") / "orders"
    rows = frame_of_rows(spark, ROWS, SCHEMA)
    rows.write.partitionBy("day").option("path", str(folder)).saveAsTable("orders", format="parquet")
    yield "spark_catalog.default.orders"
    spark.sql("DROP TABLE orders")


def test_a_run_reads_a_table_of_a_catalog(spark, orders, warehouse, installed_line, takings):
    """Its rows are those of the run's dates, and the ledger keeps which table it was."""
    config = replace(warehouse.config, sources={"orders": place(orders)})
    warehouse = Warehouse(config, warehouse.ledger)
    installed_line("7.1", {"takings": takings()})
    find_job("takings@7.1")().run(date=FIRST, spark=spark, warehouse=warehouse)
    written = read_table(spark, "shop.takings", line="7.1", warehouse=warehouse)
    assert sorted((row["shop"], row["orders"]) for row in written.collect()) == [("north", 1), ("south", 1)]
    (record,) = warehouse.ledger.find_runs()[-1].inputs
    assert (record["table"], record["format"], "snapshot" in record) == (orders, "parquet", False)


@pytest.mark.parametrize(
    ("table", "column", "problem"),
    [
        ("spark_catalog.default.nothing", Column("shop", "string"), "nothing"),
        ("nowhere.crm.orders", Column("shop", "string"), "nowhere"),
        (None, Column("place", "string"), "there is no column place"),
        (None, Column("shop", "int"), "column shop is string, the job needs int"),
    ],
)
def test_what_a_catalog_has_not(spark, orders, table, column, problem):
    """The source, the table and what is wrong are named."""
    need = Input(Table("orders", columns=(column,)))
    source = CatalogSource(place(table or orders))
    with pytest.raises(SourceError, match=re.escape(problem)) as caught:
        source.settled(spark, need).read(spark, need, DAY)
    assert "[sources.orders]" in str(caught.value) and (table or orders) in str(caught.value)


class _Lake:
    """An Iceberg table that grows, and the warehouse of a job that reads it."""

    table = "lake.crm.`orders-raw`"

    def __init__(self, spark, warehouse):
        self.spark = spark
        sources = {"orders": place(self.table.replace("`", ""))}
        self.warehouse = Warehouse(replace(warehouse.config, sources=sources), warehouse.ledger)

    def add(self, *shops):
        rows = [(FIRST, shop, 1.0) for shop in shops]
        self.spark.createDataFrame(rows, SCHEMA).writeTo(self.table).append()

    def expire(self):
        """Let all snapshots expire but the current one."""
        self.spark.sql(
            "CALL lake.system.expire_snapshots(table => 'crm.`orders-raw`', "
            "older_than => TIMESTAMP '2999-01-01 00:00:00', retain_last => 1)"
        )

    def set_back_the_last_commit(self, *, seconds):
        """Let the last snapshot be older than the one before, as if a machine with a slow clock made it."""
        from pyspark.sql import functions as F

        log = self.spark.table(f"{self.table}.metadata_log_entries").orderBy(F.desc("timestamp"))
        path = Path(log.select("file").first()[0].removeprefix("file:"))
        metadata = json.loads(path.read_text())
        for made in (metadata["snapshots"][-1], metadata["snapshot-log"][-1]):
            made["timestamp-ms"] -= seconds * 1000
        path.with_name(f".{path.name}.crc").unlink()
        path.write_text(json.dumps(metadata))
        self.spark.sql(f"REFRESH TABLE {self.table}")

    def run(self, like=()):
        prepared = prepare_run(find_job("takings@7.1")(), DAY, warehouse=self.warehouse, like=like)
        return prepared.execute(self.spark)["run"]

    def orders(self, run):
        outputs = self.warehouse.ledger.outputs(environment="dev", table="shop.takings")
        (found,) = [output for output in outputs if output.run_id == run]
        return sum(row["orders"] for row in self.warehouse.read(self.spark, [found]).collect())

    def snapshot(self, run):
        (record,) = [r.inputs[0] for r in self.warehouse.ledger.find_runs() if r.id == run]
        return record["format"], record["snapshot"]


@pytest.fixture
def lake(spark, warehouse, installed_line, takings):
    """A new table in an Iceberg catalog, with two rows."""
    installed_line("7.1", {"takings": takings()})
    spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.crm")
    spark.sql(f"CREATE TABLE {_Lake.table} ({SCHEMA}) USING iceberg PARTITIONED BY (day)")
    lake = _Lake(spark, warehouse)
    lake.add("north", "south")
    yield lake
    spark.sql(f"DROP TABLE {_Lake.table}")


@pytest.mark.iceberg
def test_a_snapshot_is_read_again(lake):
    """What came in between is not in a run that reads like another; a run of its own reads it."""
    first = lake.run()
    lake.add("east")
    like, later = lake.run(like=(first,)), lake.run()
    assert [lake.orders(run) for run in (first, like, later)] == [2, 2, 3]
    assert lake.snapshot(first) == lake.snapshot(like) != lake.snapshot(later)
    assert lake.snapshot(first)[0] == "iceberg" and lake.snapshot(first)[1].isdigit()


@pytest.mark.iceberg
def test_a_snapshot_has_the_columns_of_its_time(lake):
    """A column that went since is still there for a run that reads like another."""
    first = lake.run()
    lake.spark.sql(f"ALTER TABLE {lake.table} DROP COLUMN amount")
    assert lake.orders(lake.run(like=(first,))) == 2


@pytest.mark.iceberg
def test_a_table_that_was_rolled_back(lake):
    """The current snapshot is not always the one that was made last."""
    first = lake.run()
    lake.add("east")
    _, snapshot = lake.snapshot(first)
    lake.spark.sql(f"CALL lake.system.rollback_to_snapshot('crm.`orders-raw`', {snapshot})")
    again = lake.run()
    assert (lake.orders(again), lake.snapshot(again)[1]) == (2, snapshot)


@pytest.mark.iceberg
def test_what_another_branch_holds_is_not_read(lake):
    """The current snapshot is that of the branch `main`, whatever was written to others, or how."""
    lake.spark.sql(f"ALTER TABLE {lake.table} CREATE BRANCH trial")
    lake.spark.sql(f"INSERT INTO {lake.table}.branch_trial VALUES (DATE '2024-01-01', 'east', 1.0)")
    assert lake.orders(lake.run()) == 2


@pytest.mark.iceberg
def test_clocks_that_differ_do_not_choose_the_snapshot(lake):
    """What a machine with a slow clock committed last is read, though another snapshot claims to be newer."""
    lake.add("east")
    lake.set_back_the_last_commit(seconds=30)
    assert lake.orders(lake.run()) == 3


@pytest.mark.iceberg
def test_a_snapshot_that_has_expired(lake):
    """It is named, with what to do; nothing is recorded, and a run of its own goes on."""
    first = lake.run()
    lake.add("east")
    lake.expire()
    before = len(lake.warehouse.ledger.find_runs())
    with pytest.raises(SourceError) as caught:
        lake.run(like=(first,))
    message = str(caught.value)
    assert f"snapshot {lake.snapshot(first)[1]}, which run {first} has read, has expired" in message
    assert "run the dates of that run again" in message
    assert len(lake.warehouse.ledger.find_runs()) == before
    assert lake.orders(lake.run()) == 3


@pytest.mark.iceberg
def test_a_snapshot_that_expires_while_a_run_is_under_way(lake):
    """The run that looked it up names it, and has no rows of another one."""
    need = Input(Table("orders", columns=(Column("shop", "string"),)))
    source = CatalogSource(lake.warehouse.config.sources["orders"]).settled(lake.spark, need)
    lake.add("east")
    lake.expire()
    with pytest.raises(SourceError, match=f"snapshot {source.snapshot} has expired since .*; run it again"):
        source.read(lake.spark, need, DAY)


@pytest.mark.iceberg
def test_a_table_without_a_snapshot(lake):
    """One that nobody has written to has no rows, and no version to record."""
    lake.spark.sql(f"DROP TABLE {lake.table}")
    lake.spark.sql(f"CREATE TABLE {lake.table} ({SCHEMA}) USING iceberg")
    need = Input(Table("orders", columns=(Column("shop", "string"),)))
    source = CatalogSource(lake.warehouse.config.sources["orders"]).settled(lake.spark, need)
    assert (source.snapshot, source.read(lake.spark, need, DAY).count()) == (None, 0)
