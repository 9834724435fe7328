"""The starter job: flights per day. Copy it to begin a job of your own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_1_0._inputs import FLIGHTS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class MyJob(Job):
    """Flights per day."""

    reads = (FLIGHTS,)
    writes = Table(
        "flights.flights_per_day",
        columns=(
            Column("flight_date", "date", "local date of the scheduled departure"),
            Column("flights", "bigint", "scheduled departures, flown or not"),
        ),
        key=("flight_date",),
        partition_by="flight_date",
        doc="one day",
    )

    def transform(self, flights: DataFrame) -> DataFrame:
        """Count the flights of each day."""
        return flights.groupBy("flight_date").count().withColumnRenamed("count", "flights")
