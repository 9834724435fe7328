"""Delay figures of each carrier, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_1_0._inputs import AIRLINES, FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# A flight counts as on time when it is less than 15 minutes late, as the US Department of
# Transportation counts (14 CFR 234.2).
LATE_MINUTES = 15


class CarrierDelays(Job):
    """Delay figures of each carrier, each day."""

    reads = (FLIGHTS, AIRLINES)
    writes = Table(
        "flights.carrier_delays",
        columns=(
            Column("flight_date", "date", "local date of the scheduled departure"),
            Column("carrier", "string", "IATA code"),
            Column("carrier_name", "string", "null where the code is not among the airlines", nullable=True),
            Column("flights", "bigint", "scheduled departures, flown or not"),
            Column("cancelled", "bigint", "flights that never departed"),
            Column("on_time", "bigint", "flights that departed less than 15 minutes late"),
            Column(
                "mean_delay",
                "double",
                "mean departure delay in minutes of the flights that departed, early ones negative; "
                "null where none departed",
                nullable=True,
            ),
        ),
        key=("flight_date", "carrier"),
        partition_by="flight_date",
        doc="one carrier on one day on which it had flights scheduled",
    )

    def transform(self, flights: DataFrame, airlines: DataFrame) -> DataFrame:
        """Aggregate the flights of each carrier and day, and name the carriers."""
        from pyspark.sql import functions as F

        departed = F.col("dep_delay").isNotNull()
        figures = flights.groupBy("flight_date", "carrier").agg(
            F.count("*").alias("flights"),
            F.count(F.when(~departed, 1)).alias("cancelled"),
            F.count(F.when(departed & (F.col("dep_delay") < LATE_MINUTES), 1)).alias("on_time"),
            F.avg("dep_delay").alias("mean_delay"),
        )
        names = airlines.withColumnRenamed("name", "carrier_name")
        return figures.join(F.broadcast(names), "carrier", "left")
