"""Do with Spark, in small, what jobs and comparisons do, so that the JVM loads the classes that they need.

`nox -s classes` archives these classes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from dwh.core.session import spark_session


def main() -> None:
    """Read text, join, aggregate, write Parquet and read it again, by compiled plans and from Python."""
    spark = spark_session({"spark.master": "local[2]", "spark.sql.shuffle.partitions": "2"}, "spark")
    with tempfile.TemporaryDirectory() as folder:
        landed = land(spark, Path(folder) / "landing")
        landed.write.partitionBy("day").parquet(f"{folder}/table")
        table = spark.read.option("basePath", f"{folder}/table").parquet(f"{folder}/table")
        table.where("amount > 1").orderBy("shop").collect()
        hashed = table.groupBy(F.pmod(F.xxhash64("shop", "amount"), F.lit(8)).alias("bucket"))
        hashed.agg(F.count("*"), F.expr("try_sum(amount)"), F.max("day")).collect()
        table.join(landed, ["shop", "day"], "full_outer").exceptAll(
            table.join(landed, ["shop", "day"])
        ).collect()
    spark.stop()


def land(spark: SparkSession, folder: Path) -> DataFrame:
    """Write a file of text, and return what a job would make of it."""
    folder.mkdir()
    (folder / "part.csv").write_text("shop,amount,at\nn,1.5,2024-01-01T10:00:00Z\ns,2.5,\n", "utf-8")
    schema = "shop string, amount decimal(10,2), at timestamp"
    rows = spark.read.schema(schema).option("header", True).csv(str(folder))
    ranked = F.row_number().over(Window.partitionBy("shop").orderBy("at"))
    upper = F.udf(str.upper)("shop")
    frame = rows.withColumns({"rank": ranked, "day": F.to_date("at"), "upper": upper})
    return frame.join(F.broadcast(rows.groupBy("shop").agg(F.avg("amount").alias("mean"))), "shop")


if __name__ == "__main__":
    main()
