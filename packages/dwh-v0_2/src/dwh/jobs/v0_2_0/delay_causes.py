"""Departure delays by the weather at the origin, each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Job, Table
from dwh.jobs.v0_2_0._inputs import FLIGHT_HOURS, WEATHER

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Instrument flight rules begin below three miles of visibility (14 CFR 91.155); a fresh breeze,
# from which crosswinds slow departures, at 19 miles per hour (Beaufort 5).
LOW_VISIBILITY_MILES = 3.0
WINDY_MILES_PER_HOUR = 19.0


class DelayCauses(Job):
    """Departure delays by the weather at the origin in the hour of the scheduled departure."""

    reads = (FLIGHT_HOURS, WEATHER)
    writes = Table(
        "flights.delay_causes",
        columns=(
            Column("flight_date", "date", "local date of the scheduled departure"),
            Column("origin", "string", "FAA code"),
            Column(
                "weather",
                "string",
                "the first that holds: unknown (not observed), low visibility (under 3 miles), "
                "precipitation, wind (19 miles per hour or more), fair",
            ),
            Column("flights", "bigint", "scheduled departures, flown or not"),
            Column("cancelled", "bigint", "flights that never departed"),
            Column(
                "mean_departure_delay_min",
                "double",
                "mean departure delay in minutes of the flights that departed, early ones negative; "
                "null where none departed",
                nullable=True,
            ),
        ),
        key=("flight_date", "origin", "weather"),
        partition_by="flight_date",
        doc="one kind of weather at one origin on one day, where flights were scheduled in it",
    )

    def transform(self, flights: DataFrame, weather: DataFrame) -> DataFrame:
        """Join each flight with the weather of its hour, and aggregate by kind of weather."""
        from pyspark.sql import functions as F

        kind = (
            F.when(F.col("visib").isNull(), "unknown")
            .when(F.col("visib") < LOW_VISIBILITY_MILES, "low visibility")
            .when(F.col("precip") > 0, "precipitation")
            .when(F.col("wind_speed") >= WINDY_MILES_PER_HOUR, "wind")
            .otherwise("fair")
        )
        # An hour that was observed twice must not count its flights twice: its worst counts.
        observed = weather.groupBy("origin", "time_hour").agg(
            F.min("visib").alias("visib"),
            F.max("precip").alias("precip"),
            F.max("wind_speed").alias("wind_speed"),
        )
        return (
            flights.join(observed, ["origin", "time_hour"], "left")
            .groupBy("flight_date", "origin", kind.alias("weather"))
            .agg(
                F.count("*").alias("flights"),
                F.count(F.when(F.col("dep_delay").isNull(), 1)).alias("cancelled"),
                F.avg("dep_delay").alias("mean_departure_delay_min"),
            )
        )
