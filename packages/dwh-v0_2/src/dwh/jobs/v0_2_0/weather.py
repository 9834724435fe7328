"""The weather at each origin, each hour: an hourly table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Input, Job, Table
from dwh.jobs.v0_2_0._inputs import WEATHER

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

KILOMETRES_PER_MILE = 1.609344
MILLIMETRES_PER_INCH = 25.4


class Weather(Job):
    """The weather at each origin, each hour, in metric units."""

    # The feed is by local date. The first hours of a date of UTC are still the evening before in New York.
    reads = (Input(WEATHER, back=1),)
    writes = Table(
        "flights.weather",
        columns=(
            Column("hour", "timestamp", "when the hour of the observation begins"),
            Column("origin", "string", "FAA code"),
            Column("wind_kmh", "double", "kilometres per hour; null where not measured", nullable=True),
            Column("precipitation_mm", "double", "in the hour; null where not measured", nullable=True),
            Column("visibility_km", "double", "null where not measured", nullable=True),
        ),
        key=("hour", "origin"),
        partition_by="hour",
        doc="one hour at one origin, where it was observed; of two observations the worse of each value",
        may_be_empty=True,  # some hours were observed nowhere
    )

    def transform(self, weather: DataFrame) -> DataFrame:
        """Take the worst that was observed in each hour, in metric units."""
        from pyspark.sql import functions as F

        return weather.groupBy(F.date_trunc("hour", "time_hour").alias("hour"), "origin").agg(
            (F.max("wind_speed") * KILOMETRES_PER_MILE).alias("wind_kmh"),
            (F.max("precip") * MILLIMETRES_PER_INCH).alias("precipitation_mm"),
            (F.min("visib") * KILOMETRES_PER_MILE).alias("visibility_km"),
        )
