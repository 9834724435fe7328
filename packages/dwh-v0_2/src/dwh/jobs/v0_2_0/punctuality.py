"""How punctual each carrier was in the seven days to each day: a window over another job's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core import Column, Input, Job, Table
from dwh.jobs.v0_2_0._inputs import DELAYS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DAYS = 7


class Punctuality(Job):
    """How punctual each carrier was in the seven days to each day."""

    reads = (Input(DELAYS, back=DAYS - 1),)
    writes = Table(
        "flights.punctuality",
        columns=(
            Column("flight_date", "date", "the last of the seven days"),
            Column("carrier", "string", "IATA code"),
            Column("flights", "bigint", "scheduled departures of the seven days, flown or not"),
            Column("on_time", "bigint", "those on time, as the published flights.carrier_delays counts them"),
            Column("on_time_share", "double", "on_time of flights, from 0 to 1"),
        ),
        key=("flight_date", "carrier"),
        partition_by="flight_date",
        doc="one carrier on one day on which it had flights scheduled",
    )

    def transform(self, carrier_delays: DataFrame) -> DataFrame:
        """Add up the seven days to each day of each carrier."""
        from pyspark.sql import Window
        from pyspark.sql import functions as F

        week = Window.partitionBy("carrier").orderBy(F.unix_date("flight_date")).rangeBetween(1 - DAYS, 0)
        figures = carrier_delays.select(
            "flight_date",
            "carrier",
            F.sum("flights").over(week).alias("flights"),
            F.sum("on_time").over(week).alias("on_time"),
        )
        return figures.withColumn("on_time_share", F.col("on_time") / F.col("flights"))
