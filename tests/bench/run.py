"""What a run costs beside a plain PySpark script that reads, transforms and writes the same data.

`nox -s bench` runs it. `--quick` takes fewer rounds and dates, and leaves the comparison out.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from dwh.core import find_job
from dwh.core.config import load_config
from dwh.core.session import spark_session
from dwh.core.warehouse import Warehouse
from landing import land  # from docs/demo, which the session puts on the path
from lineitem import install_line, lineitem
from timing import in_turns, print_ratios

HOME = Path(__file__).parents[2] / "build" / "bench"
YEAR = {"start": "2013-01-01", "end": "2013-12-31"}
MONTHS = {"start": "1992-01-01", "end": "1998-12-31"}


def main() -> None:
    """Run every benchmark and print its ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H scale factor of lineitem")
    arguments = parser.parse_args()
    rounds = 1 if arguments.quick else 2
    HOME.mkdir(parents=True, exist_ok=True)
    land(HOME)
    shutil.rmtree(HOME / "warehouse", ignore_errors=True)
    source = lineitem(HOME / "tpch", 0.05 if arguments.quick else arguments.scale)
    install_line(HOME / "site", source, HOME / "dwh.toml")
    warehouse = Warehouse.create(load_config(HOME))
    spark = spark_session(warehouse.config.spark)
    cores = spark.sparkContext.defaultParallelism
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}, {cores} cores")

    carrier_delays(spark, warehouse, rounds)
    through_a_job(spark, warehouse, source, rounds)
    fixed_cost(spark, warehouse, rounds)
    jobs_command()
    daily_runs(spark, warehouse, 10 if arguments.quick else 365)


def carrier_delays(spark: SparkSession, warehouse: Warehouse, rounds: int) -> None:
    """A whole year of carrier_delays, the unique key checked."""
    from dwh.jobs.v0_1_0.carrier_delays import CarrierDelays

    def plain() -> None:
        flights = csv(spark, "flights").where(F.col("flight_date").between("2013-01-01", "2013-12-31"))
        delays = flights.withColumn("dep_delay", F.col("dep_delay").cast("double"))
        frame = CarrierDelays().transform(delays, csv(spark, "airlines.csv"))
        frame.write.mode("overwrite").partitionBy("flight_date").parquet(str(HOME / "plain" / "delays"))

    dwh = partial(run, warehouse, spark, "carrier_delays@0.1", **YEAR)
    seconds = in_turns({"plain script": plain, "dwh, key checked": dwh}, rounds)
    print_ratios("carrier_delays, all of 2013", seconds, {"dwh, key checked": 1.25})


def through_a_job(spark: SparkSession, warehouse: Warehouse, source: Path, rounds: int) -> None:
    """TPC-H lineitem passed through a job, a partition for each month of shipping."""

    def plain() -> None:
        frame = spark.read.parquet(str(source)).withColumn("ship_month", F.trunc("l_shipdate", "month"))
        frame.write.mode("overwrite").partitionBy("ship_month").parquet(str(HOME / "plain" / "lineitem"))

    seconds = in_turns(
        {
            "plain script": plain,
            "dwh, schema, nulls and row counts": lambda: run(warehouse, spark, "lineitem@9.0", **MONTHS),
            "dwh, unique key, too": lambda: run(warehouse, spark, "lineitem_keyed@9.0", **MONTHS),
        },
        rounds,
    )
    aims = {"dwh, schema, nulls and row counts": 1.1, "dwh, unique key, too": 1.25}
    rows = spark.read.parquet(str(source)).count()
    print_ratios(f"lineitem passed through, {rows:,} rows of 16 columns", seconds, aims)


def fixed_cost(spark: SparkSession, warehouse: Warehouse, rounds: int) -> None:
    """One date of the smallest job, Spark being started: what does not grow with the data."""

    def plain() -> None:
        flights = csv(spark, "flights").where(F.col("flight_date") == F.lit(date(2013, 1, 15)))
        counted = flights.groupBy("flight_date").count()
        counted.write.mode("overwrite").partitionBy("flight_date").parquet(str(HOME / "plain" / "day"))

    day = {"date": "2013-01-15"}
    seconds = in_turns(
        {"plain script": plain, "dwh": lambda: run(warehouse, spark, "my_job@0.1", **day)}, rounds + 2
    )
    print_ratios("my_job, one date", seconds)
    fixed = seconds["dwh"] - seconds["plain script"]
    print(f"  fixed cost {fixed:.2f} s   aim 1.00 s: {'met' if fixed <= 1 else 'missed'}")


def daily_runs(spark: SparkSession, warehouse: Warehouse, days: int) -> None:
    """A run for each date in one process, beside one run over the range."""
    dates = [date.fromordinal(date(2013, 1, 1).toordinal() + n) for n in range(days)]
    started = time.perf_counter()
    run(warehouse, spark, "my_job@0.2", start=dates[0], end=dates[-1])
    ranged = time.perf_counter()
    for day in dates:
        run(warehouse, spark, "my_job@0.2", date=day)
    daily = time.perf_counter()
    seconds = {"one run over the range": ranged - started, "a run a date": daily - ranged}
    print_ratios(f"my_job, {days} dates", seconds)
    print(f"  {(daily - ranged) / days:.2f} s a date")


def jobs_command() -> None:
    """`dwh jobs` as a process, beside a Python that does nothing."""
    seconds = in_turns(
        {
            "python -c pass": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
            "dwh jobs": lambda: subprocess.run(
                [str(shutil.which("dwh")), "jobs"], check=True, stdout=subprocess.DEVNULL
            ),
        },
        5,
    )
    print_ratios("dwh jobs, as a process", seconds)
    print(f"  aim 0.30 s: {'met' if seconds['dwh jobs'] <= 0.3 else 'missed'}")


def run(warehouse: Warehouse, spark: SparkSession, reference: str, **dates: object) -> None:
    """Run a job, as a DAG would."""
    find_job(reference)().run(spark=spark, warehouse=warehouse, **dates)


def csv(spark: SparkSession, name: str):
    """Read a CSV of the landing zone as a plain script would."""
    return spark.read.option("header", True).option("nullValue", "NA").csv(str(HOME / "landing" / name))


if __name__ == "__main__":
    main()
