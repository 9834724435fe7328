"""Line 0.2 of the flight jobs: one job a module. The main line."""

from dwh.core import Line

LINE = Line(
    status="main",
    settings={"spark.sql.ansi.enabled": "true", "spark.sql.session.timeZone": "UTC"},
)
