"""Departures and arrivals of each airport, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_2_0._inputs import AIRPORTS, FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class AirportTraffic(Job):
    """Departures and arrivals of each airport, each day, among the flights that left New York."""

    reads = (FLIGHTS, AIRPORTS)
    writes = Table(
        "flights.airport_traffic",
        columns=(
            Column("flight_date", "date", "local date of the scheduled departure in New York"),
            Column("airport", "string", "FAA code"),
            Column("airport_name", "string", "null where the code is not among the airports", nullable=True),
            Column("departures", "bigint", "flights that departed from the airport"),
            Column("arrivals", "bigint", "flights that arrived at the airport as scheduled, not diverted"),
        ),
        key=("flight_date", "airport"),
        partition_by="flight_date",
        doc="one airport on one day on which a flight was scheduled from or to it",
    )

    def transform(self, flights: DataFrame, airports: DataFrame) -> DataFrame:
        """Take each flight as a departure at one end and an arrival at the other, and count both."""
        from pyspark.sql import functions as F

        departure = F.struct(
            F.col("origin").alias("airport"),
            F.col("dep_delay").alias("departure"),
            F.lit(None).alias("arrival"),
        )
        arrival = F.struct(
            F.col("dest").alias("airport"),
            F.lit(None).alias("departure"),
            F.col("arr_delay").alias("arrival"),
        )
        ends = flights.select("flight_date", F.inline(F.array(departure, arrival)))
        figures = ends.groupBy("flight_date", "airport").agg(
            F.count("departure").alias("departures"), F.count("arrival").alias("arrivals")
        )
        names = airports.select(F.col("faa").alias("airport"), F.col("name").alias("airport_name"))
        return figures.join(F.broadcast(names), "airport", "left")
