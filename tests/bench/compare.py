"""What a comparison costs beside other tools, and beside a plain hash scan of both sides, the floor.

`nox -s bench` runs it after the benchmark of runs, on a Spark that the other tools support. Tables
are TPC-H's lineitem as Parquet, with the key (l_orderkey, l_linenumber).
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import datacompy
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.compare import compare, compare_stored, fingerprint
from lineitem import lineitem
from timing import measured, print_ratios, processor_time

HOME = Path(__file__).parents[2] / "build" / "bench"
KEY = ("l_orderkey", "l_linenumber")
FLOOR, DWH, PEER = "plain hash scan of both sides", "dwh", "pyspark-extension diff"
DETAILED, DATACOMPY = "pyspark-extension diff, by column, with samples", "datacompy"
OF_FLOOR = {"equal": 1.3}
FASTER_THAN_PEERS = {"equal": 3.0, "about 100 rows differ": 2.0, "half of the rows differ": 1.3}
SMALL = 0.02  # the scale for datacompy, which on two cores does not end within minutes beyond it


def main() -> None:
    """Compare lineitem with variants of itself by every tool, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H scale factor of lineitem")
    parser.add_argument("--cases", type=int, help="how many of the cases, from the first; all by default")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--once",
        action="store_true",
        help="one round alone, without the slowest tool: for a scale at which a JVM gains little by another",
    )
    arguments = parser.parse_args()
    scale, rounds = (SMALL, 1) if arguments.quick else (arguments.scale, arguments.rounds)
    rounds = 0 if arguments.once else rounds
    logging.disable(logging.WARNING)
    spark = start()
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}, {spark.sparkContext.master}")
    if arguments.once:
        beside_others(spark, SMALL, arguments.cases, 1)  # for the JVM to warm up
    left = beside_others(spark, scale, arguments.cases, rounds)
    from_ledger(left)
    if not arguments.quick and arguments.cases is None:  # it takes longer than all others
        beside_others(spark, SMALL, 2, 1, {DATACOMPY: partial(with_datacompy, spark)})
    spark.stop()


def beside_others(
    spark: SparkSession,
    scale: float,
    count: int | None,
    rounds: int,
    more: Mapping[str, Callable[[DataFrame, DataFrame], object]] | None = None,
) -> DataFrame:
    """Measure the first cases at a scale, and return the table."""
    left = spark.read.parquet(str(lineitem(HOME / "tpch", scale)))
    rows = left.count()
    print(f"\nlineitem of scale {scale:g}, {rows:,} rows")
    for name, change in list(cases(rows).items())[:count]:
        old, new = sides(left, scale, name, change)
        tools = {
            FLOOR: scan,
            DWH: with_dwh,
            PEER: diff,
            **({DETAILED: diff_in_detail} if rounds else {}),
            **(more or {}),
        }
        contenders = {tool: partial(work, old, new) for tool, work in tools.items()}
        seconds, processor = measured(contenders, rounds, time.perf_counter, processor_time)
        print_ratios(name, seconds, {DWH: OF_FLOOR[name]} if name in OF_FLOOR else None)
        print_speed("", name, seconds)
        print("  processor: " + ", ".join(f"{tool} {spent:.2f} s" for tool, spent in processor.items()))
        print_speed("processor: ", name, processor)
    return left


def print_speed(what: str, name: str, seconds: Mapping[str, float]) -> None:
    """Print how much faster dwh is than the faster of the other tools."""
    faster = min(seconds[tool] for tool in (PEER, DATACOMPY) if tool in seconds) / seconds[DWH]
    aim = FASTER_THAN_PEERS.get(name)
    verdict = "" if aim is None else f"   aim {aim:.2f}: {'met' if faster >= aim else 'missed'}"
    detailed = f"; {seconds[DETAILED] / seconds[DWH]:.2f} × as in detail" if DETAILED in seconds else ""
    print(f"  {what}{faster:.2f} × as fast as the faster peer{verdict}{detailed}", flush=True)


def start() -> SparkSession:
    """Start Spark with the jar that pyspark-extension brings."""
    import gresearch

    os.environ["PYSPARK_PYTHON"] = sys.executable
    jars = ",".join(map(str, Path(gresearch.__path__[0]).rglob("*.jar")))
    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": "6g",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "8",
        "spark.jars": jars,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def cases(rows: int) -> dict[str, Callable[[DataFrame], DataFrame]]:
    """Return how each variant is made from the table."""
    hashed = F.pmod(F.xxhash64(*KEY), F.lit(rows))
    price = F.col("l_extendedprice")

    def changed(condition: F.Column) -> Callable[[DataFrame], DataFrame]:
        more = F.when(condition, price + 1).otherwise(price).cast("decimal(15,2)")
        return lambda frame: frame.withColumn("l_extendedprice", more)

    return {
        "equal": lambda frame: frame,
        "about 100 rows differ": changed(hashed < 100),
        "half of the rows differ": changed(hashed < rows // 2),
        "an extra column": lambda frame: frame.withColumn("l_extra", F.lit(1)),
        "200 columns, equal": wide,
    }


def wide(frame: DataFrame) -> DataFrame:
    """Return a fifth of the rows with 200 columns."""
    few = frame.where(F.pmod(F.xxhash64(*KEY), F.lit(5)) == 0).select(
        *KEY, "l_quantity", "l_shipdate", "l_comment"
    )
    return few.select("*", *(F.xxhash64(*KEY, F.lit(n)).alias(f"extra_{n}") for n in range(195)))


def sides(
    left: DataFrame, scale: float, name: str, change: Callable[[DataFrame], DataFrame]
) -> tuple[DataFrame, DataFrame]:
    """Return both sides of a case as Parquet, made unless they are there, the right in another order."""
    place = HOME / "compare" / f"scale-{scale:g}" / name.replace(" ", "-").replace(",", "")
    if not place.exists():
        unfinished = place.with_name("unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        if change is wide:
            wide(left).write.parquet(str(unfinished / "old"))
        change(left).repartition(4).write.parquet(str(unfinished / "new"))
        unfinished.rename(place)
    read = left.sparkSession.read
    return read.parquet(str(place / "old")) if change is wide else left, read.parquet(str(place / "new"))


def scan(old: DataFrame, new: DataFrame) -> None:
    """Hash every row of both sides, and add the hashes up."""
    for frame in (old, new):
        frame.select(F.sum(F.xxhash64(*frame.columns).cast("decimal(38,0)"))).collect()


def with_dwh(old: DataFrame, new: DataFrame) -> None:
    """Compare with everything that a report shows."""
    compare(old, new, key=KEY)


def diff(old: DataFrame, new: DataFrame) -> None:
    """Compare with pyspark-extension, which refuses columns that only one side has: counts of rows alone."""
    import gresearch.spark.diff  # noqa: F401  # gives DataFrames their diff

    old.diff(new.select(*old.columns), *KEY).groupBy("diff").count().collect()


def diff_in_detail(old: DataFrame, new: DataFrame) -> None:
    """The same with counts by column and sample rows: nearer to what a report shows."""
    from gresearch.spark.diff import Differ, DiffOptions

    differ = Differ(DiffOptions().with_change_column("changes"))
    found = differ.diff(old, new.select(*old.columns), *KEY).where("diff <> 'N'").persist()
    found.groupBy("diff").count().collect()
    found.select(F.explode("changes").alias("column")).groupBy("column").count().collect()
    found.orderBy(*KEY).limit(20).collect()
    found.unpersist()


def with_datacompy(spark: SparkSession, old: DataFrame, new: DataFrame) -> None:
    """Compare with datacompy, report included; dates as text, which it cannot take otherwise."""
    dates = {name: F.col(name).cast("string") for name, type_ in old.dtypes if type_ == "date"}
    sides = [frame.withColumns(dates) for frame in (old, new)]
    datacompy.SparkSQLCompare(spark, *sides, join_columns=list(KEY)).report()


def from_ledger(left: DataFrame) -> None:
    """Compare two stored fingerprints, which is what happens when the ledger holds them."""
    stored = fingerprint(left, KEY, by="l_shipdate", unique=True)
    started = time.perf_counter()
    result = compare_stored(stored, stored)
    spent = time.perf_counter() - started
    print(f"\nfrom stored fingerprints of {len(stored['parts']):,} partitions")
    aim = "met" if spent <= 0.2 else "missed"
    print(f"  {spent:.3f} s, {result.verdict if result else 'unknown'}   aim 0.2 s: {aim}")


if __name__ == "__main__":
    main()
