"""Departures and arrivals of each airport, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_1_0._inputs import AIRPORTS, FLIGHTS

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
        """Count departures by origin and arrivals by destination, and put the two together."""
        from pyspark.sql import functions as F

        departures = flights.groupBy("flight_date", F.col("origin").alias("airport")).agg(
            F.count("dep_delay").alias("departures")
        )
        arrivals = flights.groupBy("flight_date", F.col("dest").alias("airport")).agg(
            F.count("arr_delay").alias("arrivals")
        )
        both = departures.join(arrivals, ["flight_date", "airport"], "full").fillna(
            0, ["departures", "arrivals"]
        )
        names = airports.select(F.col("faa").alias("airport"), F.col("name").alias("airport_name"))
        return both.join(F.broadcast(names), "airport", "left")
