"""Line 0.1 of the flight jobs: one job a module. It gets fixes only; features go to the main line."""

from datetime import date

from dwh.core import Line

LINE = Line(
    status="maintenance",
    ends=date(2027, 12, 31),
    # Written for Spark 3.5, which did not know ANSI mode as a default.
    settings={"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "UTC"},
)
