"""Delay figures of each carrier, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Added, Column, Expected, Job, Renamed, Table
from dwh.jobs.v0_2_0._inputs import AIRLINES, FLIGHTS

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
            Column("on_time", "bigint", "flights that arrived less than 15 minutes late, not diverted"),
            Column(
                "mean_departure_delay_min",
                "double",
                "mean departure delay in minutes of the flights that departed, early ones negative; "
                "null where none departed",
                nullable=True,
            ),
            Column(
                "mean_arrival_delay_min",
                "double",
                "mean arrival delay in minutes of the flights that arrived as scheduled, early ones "
                "negative; null where none did",
                nullable=True,
            ),
        ),
        key=("flight_date", "carrier"),
        partition_by="flight_date",
        doc="one carrier on one day on which it had flights scheduled",
    )
    changes = (
        Renamed("mean_delay", "mean_departure_delay_min", reason="names what is measured, and its unit"),
        Added("mean_arrival_delay_min", reason="passengers care when they arrive"),
        Expected(
            "on_time",
            kind="value",
            where="new.on_time <= new.flights - new.cancelled",
            reason="counts arrivals instead of departures, as the Department of Transportation does",
        ),
    )

    def transform(self, flights: DataFrame, airlines: DataFrame) -> DataFrame:
        """Aggregate the flights of each carrier and day, and name the carriers."""
        from pyspark.sql import functions as F

        figures = flights.groupBy("flight_date", "carrier").agg(
            F.count("*").alias("flights"),
            F.count(F.when(F.col("dep_delay").isNull(), 1)).alias("cancelled"),
            F.count(F.when(F.col("arr_delay") < LATE_MINUTES, 1)).alias("on_time"),
            F.avg("dep_delay").alias("mean_departure_delay_min"),
            F.avg("arr_delay").alias("mean_arrival_delay_min"),
        )
        names = airlines.withColumnRenamed("name", "carrier_name")
        return figures.join(F.broadcast(names), "carrier", "left")
