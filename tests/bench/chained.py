"""What jobs that read each other's tables cost beside plain scripts, and reading a table of many outputs.

`nox -s bench` runs it after the benchmark of runs. `--quick` takes fewer rounds and outputs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.core import find_job
from dwh.core.config import load_config
from dwh.core.session import spark_session
from dwh.core.testing.lines import install_line
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.rollout import pin
from timing import in_turns, print_ratios

HOME = Path(__file__).parents[2] / "build" / "bench" / "chained"
LINE, FIRST, DAYS, ROWS = "9.1", date(2013, 1, 1), 365, 1_000_000
OUTPUTS, FIRST_OUTPUT, DATES_A_RUN = 5_000, date(2005, 1, 1), 500
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
    "many": HEAD + SALES.format("few") + '''

class Many(Job):
    """A table of many outputs."""

    reads = (SALES,)
    writes = Table("bench.many", columns=SALES.columns, partition_by="day")

    def transform(self, few):
        return few
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
    places = (f'["sources"."bench.{name}"]\nformat = "parquet"\npath = "{name}"\n' for name in ("raw", "few"))
    (HOME / "dwh.toml").write_text("".join(places))
    warehouse = Warehouse.create(load_config(HOME, {}))
    spark = spark_session(warehouse.config.spark)
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}")
    chain(spark, warehouse, 1 if arguments.quick else 3)
    many_outputs(spark, warehouse, OUTPUTS // 10 if arguments.quick else OUTPUTS, 3)


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
    """A published table, read beside the same files as Spark reads them."""
    write(sold(spark, outputs * 20, FIRST_OUTPUT, outputs).repartition("day"), "few")
    environment = warehouse.config.environment
    pin(warehouse, job="many", line=LINE, environment=environment, reason="the benchmark")
    for first in range(0, outputs, DATES_A_RUN):
        span = [FIRST_OUTPUT + timedelta(n) for n in (first, min(first + DATES_A_RUN, outputs) - 1)]
        find_job(f"many@{LINE}")().run(start=span[0], end=span[1], spark=spark, warehouse=warehouse)
    found = warehouse.published(table="bench.many")
    root = Path(warehouse.config.warehouse)
    folders = [str(root / one.location / f"day={one.partition_date}") for one in found]
    base = str(root / found[0].location.partition("/_run=")[0])
    assert len(folders) == outputs

    def plain() -> None:
        total(spark.read.option("basePath", base).parquet(*folders))

    def dwh() -> None:
        total(read_table(spark, "bench.many", warehouse=warehouse))

    seconds = in_turns({"plain read": plain, "dwh": dwh}, rounds)
    print_ratios(f"reading a published table of {outputs:,} outputs", seconds)
    allowed = 1.1 * seconds["plain read"] + 0.3
    met = "met" if seconds["dwh"] <= allowed else "missed"
    print(f"  aim 1.1 × the plain read and 0.3 s, {allowed:.2f} s: {met}", flush=True)


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
