"""What jobs that read each other's tables cost beside plain scripts, and reading a table of many outputs.

`nox -s bench` runs it after the benchmark of runs. `--quick` takes fewer rounds and outputs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from sqlalchemy import Engine, event

from dwh.core import Table, find_job
from dwh.core.config import load_config
from dwh.core.dates import DateRange
from dwh.core.session import spark_session
from dwh.core.storage.footers import read_footers
from dwh.core.testing.lines import install_line
from dwh.core.testing.runs import started_run
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.rollout import pin
from timing import in_turns, measured, print_ratios, processor_time

HOME = Path(__file__).parents[2] / "build" / "bench" / "chained"
LINE, FIRST, DAYS, ROWS = "9.1", date(2013, 1, 1), 365, 1_000_000
OUTPUTS, FIRST_OUTPUT, ROWS_AN_OUTPUT = 5_000, date(2005, 1, 1), 20
HEAD = "from dwh.core import Column, Input, Job, Table\n"
SALES = """
SALES = Table(
    "bench.{0}",
    columns=(Column("day", "date"), Column("shop", "int"), Column("amount", "double")),
    partition_by="day",
)
"""
CHAIN = {
    "sales": HEAD + SALES.format("raw") + '''

class Sales(Job):
    """What was sold, passed through."""

    reads = (SALES,)
    writes = Table("bench.sales", columns=SALES.columns, partition_by="day")

    def transform(self, raw):
        return raw
''',
    "takings": HEAD + SALES.format("sales") + '''

class Takings(Job):
    """What each shop took, each day."""

    reads = (Input(SALES, line="9.1"),)
    writes = Table("bench.takings", columns=SALES.columns, key=("day", "shop"), partition_by="day")

    def transform(self, sales):
        from pyspark.sql import functions as F

        return sales.groupBy("day", "shop").agg(F.sum("amount").alias("amount"))
''',
    "rolling": HEAD + SALES.format("takings") + '''

class Rolling(Job):
    """The mean of what each shop took in a week."""

    reads = (Input(SALES, line="9.1", back=6, may_lack=True),)
    writes = Table("bench.rolling", columns=SALES.columns, key=("day", "shop"), partition_by="day")

    def transform(self, takings):
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        week = Window.partitionBy("shop").orderBy(F.unix_date("day")).rangeBetween(-6, 0)
        return takings.withColumn("amount", F.avg("amount").over(week))
''',
    "many": HEAD + SALES.format("raw") + '''

class Many(Job):
    """A table of many outputs."""

    reads = (SALES,)
    writes = Table("bench.many", columns=SALES.columns, partition_by="day")

    def transform(self, raw):
        return raw
''',
}  # fmt: skip


def main() -> None:
    """Run both benchmarks and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, help="for the other benchmarks; not used here")
    arguments = parser.parse_args()
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    sys.path.insert(0, str(HOME / "site"))
    install_line(HOME / "site", LINE, CHAIN)
    (HOME / "dwh.toml").write_text('[sources."bench.raw"]\nformat = "parquet"\npath = "raw"\n')
    warehouse = Warehouse.create(load_config(HOME, {}))
    spark = spark_session(warehouse.config.spark)
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}")
    chain(spark, warehouse, 1 if arguments.quick else 3)
    event.listen(Engine, "connect", without_waiting)
    many_outputs(spark, Warehouse.create(warehouse.config), OUTPUTS, 1 if arguments.quick else 3)


def chain(spark: SparkSession, warehouse: Warehouse, rounds: int) -> None:
    """Three jobs over a year, each of which reads the one before."""
    write(sold(spark, ROWS, FIRST, DAYS).repartition("day"), "raw")
    last = FIRST + timedelta(DAYS - 1)

    def plain() -> None:
        place = HOME / "raw"
        for name in ("sales", "takings", "rolling"):
            frame = find_job(f"{name}@{LINE}")().transform(spark.read.parquet(str(place)))
            place = write(frame, f"plain-{name}")

    def dwh() -> None:
        for name in ("sales", "takings", "rolling"):
            find_job(f"{name}@{LINE}")().run(start=FIRST, end=last, spark=spark, warehouse=warehouse)

    seconds = in_turns({"plain scripts": plain, "dwh": dwh}, rounds)
    print_ratios(f"a chain of three jobs, {DAYS} dates, {ROWS:,} rows", seconds, {"dwh": 1.15})


def many_outputs(spark: SparkSession, warehouse: Warehouse, outputs: int, rounds: int) -> None:
    """A published table of as many runs as it has outputs, beside the same files as Spark reads them."""
    pin(warehouse, job="many", line=LINE, environment=warehouse.config.environment, reason="the benchmark")
    contract = find_job(f"many@{LINE}").writes
    folders = [one_output(warehouse, contract, FIRST_OUTPUT + timedelta(n)) for n in range(outputs)]
    base = str(Path(folders[0]).parents[1])

    def plain() -> None:
        total(spark.read.option("basePath", base).parquet(*folders))

    def dwh() -> None:
        total(read_table(spark, "bench.many", warehouse=warehouse))

    title = f"reading a published table of {outputs:,} outputs"
    for clock, seconds in zip(
        ("clock", "processor"),
        measured({"plain read": plain, "dwh": dwh}, rounds, time.perf_counter, processor_time),
        strict=True,
    ):
        print_ratios(f"{title}, by the {clock}", seconds)
        allowed = 1.1 * seconds["plain read"] + 0.3
        met = "met" if seconds["dwh"] <= allowed else "missed"
        print(f"  aim 1.1 × the plain read and 0.3 s, {allowed:.2f} s: {met}", flush=True)


def one_output(warehouse: Warehouse, contract: Table, day: date) -> str:
    """Commit a run of one date, whose file is written here and not by Spark; return the date's folder."""
    environment, dates = warehouse.config.environment, DateRange(day, day)
    run = started_run(contract, line=LINE, dates=dates, environment=environment)
    place = Path(warehouse.config.warehouse, run.location)
    folder = place / f"day={day}"
    folder.mkdir(parents=True)
    sales = {"shop": pa.array(range(ROWS_AN_OUTPUT), pa.int32()), "amount": [1.5] * ROWS_AN_OUTPUT}
    pq.write_table(pa.table(sales), folder / "part-00000.snappy.parquet")
    warehouse.ledger.start_run(run, [])
    warehouse.ledger.commit_run(run, {day: ROWS_AN_OUTPUT}, {day: read_footers(str(place))})
    return str(folder)


def without_waiting(connection: Any, _record: object) -> None:
    """Let the ledger, which is in SQLite, commit thousands of runs without waiting for the disk each time."""
    connection.execute("PRAGMA synchronous=OFF")


def total(frame: DataFrame) -> None:
    """Look at all rows."""
    frame.agg(F.sum("amount"), F.max("day")).collect()


def sold(spark: SparkSession, rows: int, first: date, days: int) -> DataFrame:
    """Return sales of 500 shops, spread over some days."""
    day = F.date_add(F.lit(first), F.pmod("id", F.lit(days)).cast("int"))
    shop = F.pmod(F.xxhash64("id"), F.lit(500)).cast("int")
    amount = F.pmod(F.xxhash64("id", F.lit(1)), F.lit(10_000)) / 100
    return spark.range(rows).select(day.alias("day"), shop.alias("shop"), amount.alias("amount"))


def write(frame: DataFrame, name: str) -> Path:
    """Write a table as a plain script does; return its place."""
    frame.write.mode("overwrite").partitionBy("day").parquet(str(HOME / name))
    return HOME / name


if __name__ == "__main__":
    main()
