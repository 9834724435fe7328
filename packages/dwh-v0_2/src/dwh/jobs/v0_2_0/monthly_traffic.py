"""Flights and destinations of each origin, each month: a monthly table of a daily input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_2_0._inputs import FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class MonthlyTraffic(Job):
    """Flights and destinations of each origin, each month."""

    reads = (FLIGHTS,)
    writes = Table(
        "flights.monthly_traffic",
        columns=(
            Column(
                "month", "date", "first day of the month of the scheduled departures, local to the origin"
            ),
            Column("origin", "string", "FAA code"),
            Column("flights", "bigint", "scheduled departures, flown or not"),
            Column("cancelled", "bigint", "flights that never departed"),
            Column("destinations", "bigint", "airports to which flights were scheduled, flown or not"),
        ),
        key=("month", "origin"),
        partition_by="month",
        grain="month",
        doc="one origin in one month in which a flight was scheduled from it",
    )

    def transform(self, flights: DataFrame) -> DataFrame:
        """Count the flights of each origin and month, and the airports that they went to."""
        from pyspark.sql import functions as F

        return flights.groupBy(F.trunc("flight_date", "month").alias("month"), "origin").agg(
            F.count("*").alias("flights"),
            F.count(F.when(F.col("dep_delay").isNull(), 1)).alias("cancelled"),
            F.count_distinct("dest").alias("destinations"),
        )
