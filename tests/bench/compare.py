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
from collections.abc import Callable
from functools import partial
from pathlib import Path

import datacompy
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from dwh.migrate.compare import compare, compare_stored, fingerprint
from lineitem import lineitem
from timing import in_turns, print_ratios

HOME = Path(__file__).parents[2] / "build" / "bench"
KEY = ("l_orderkey", "l_linenumber")
DATACOMPY_ROWS = 1_000_000  # beyond, it did not end within minutes on two cores


def main() -> None:
    """Compare lineitem with five variants of itself by every tool, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H scale factor of lineitem")
    arguments = parser.parse_args()
    scale = 0.02 if arguments.quick else arguments.scale
    logging.disable(logging.WARNING)
    spark = start()
    left = spark.read.parquet(str(lineitem(HOME / "tpch", scale)))
    rows = left.count()
    cores = spark.sparkContext.defaultParallelism
    print(f"Python {sys.version.split()[0]}, Spark {spark.version}, {cores} cores, {rows:,} rows")
    for name, change in cases(rows).items():
        old, new = sides(spark, left, name, change)
        contenders = {
            "plain hash scan of both sides": partial(scan, old, new),
            "dwh": lambda old=old, new=new: compare(old, new, key=KEY),
            "pyspark-extension diff": partial(diff, old, new),
        }
        if rows <= DATACOMPY_ROWS and not arguments.quick:  # it takes longer than all others
            contenders["datacompy"] = partial(with_datacompy, spark, old, new)
        aims = {"dwh": 1.3} if name == "equal" else None
        print_ratios(name, in_turns(contenders, 1 if arguments.quick else 2), aims)
    from_ledger(left)
    spark.stop()


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
    spark: SparkSession, left: DataFrame, name: str, change: Callable[[DataFrame], DataFrame]
) -> tuple[DataFrame, DataFrame]:
    """Write both sides of a case as Parquet, in another order of rows on the right."""
    place = HOME / "compare" / name.replace(" ", "-").replace(",", "")
    shutil.rmtree(place, ignore_errors=True)
    old = wide(left) if change is wide else left
    old.write.parquet(str(place / "old"))
    change(left).repartition(4).write.parquet(str(place / "new"))
    return spark.read.parquet(str(place / "old")), spark.read.parquet(str(place / "new"))


def scan(old: DataFrame, new: DataFrame) -> None:
    """Hash every row of both sides, and add the hashes up."""
    for frame in (old, new):
        frame.select(F.sum(F.xxhash64(*frame.columns).cast("decimal(38,0)"))).collect()


def diff(old: DataFrame, new: DataFrame) -> None:
    """Compare with pyspark-extension, which refuses columns that only one side has."""
    import gresearch.spark.diff  # noqa: F401  # gives DataFrames their diff

    old.diff(new.select(*old.columns), *KEY).groupBy("diff").count().collect()


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
