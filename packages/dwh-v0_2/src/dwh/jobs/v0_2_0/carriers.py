"""The carriers and where they fly from, with their history: a whole table built on the one before (SCD2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Input, Job, Table
from dwh.jobs.v0_2_0._inputs import FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from dwh.core.dates import DateRange


class Carriers(Job):
    """The carriers and the origins that they have served so far, with the dates on which that was so."""

    reads = (FLIGHTS, Input.previous())
    writes = Table(
        "flights.carriers",
        columns=(
            Column("carrier", "string", "IATA code"),
            Column("origins", "array<string>", "FAA codes from which it has had flights scheduled, in order"),
            Column("valid_from", "date", "the first date on which it had these origins"),
            Column(
                "valid_to", "date", "the first date on which it had others; null until then", nullable=True
            ),
        ),
        key=("carrier", "valid_from"),
        doc="one carrier from when it began to serve its first or another origin, until the next such date",
    )

    def transform(self, flights: DataFrame, previous: DataFrame, *, dates: DateRange) -> DataFrame:
        """End the rows of carriers that serve another origin from this date on, and begin their next."""
        from pyspark.sql import functions as F

        today, is_current = F.lit(dates.first), F.col("valid_to").isNull()
        known = previous.where(is_current).select("carrier", F.col("origins").alias("known"))
        served = F.array_union(F.coalesce("known", F.array().cast("array<string>")), F.collect_set("origin"))
        changed = (
            flights.join(known, "carrier", "left")
            .groupBy("carrier", "known")
            .agg(F.array_sort(served).alias("origins"))
            .where(~F.col("origins").eqNullSafe(F.col("known")))
        )
        ended = previous.join(changed.select("carrier", today.alias("changed")), "carrier", "left")
        begun = changed.withColumn("valid_from", today).withColumn("valid_to", F.lit(None).cast("date"))
        return (
            ended.withColumn("valid_to", F.when(is_current, F.col("changed")).otherwise(F.col("valid_to")))
            .drop("changed")
            .unionByName(begun.drop("known"))
        )
