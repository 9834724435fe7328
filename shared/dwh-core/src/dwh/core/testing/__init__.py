"""What tests of jobs share: a small session, rows as DataFrames, a job that is run on them.

    from dwh.core.testing import frame_of, local_session, output_of

    def test_flights_are_counted_by_day():
        with local_session() as spark:
            flights = frame_of(spark, FLIGHTS, {"flight_date": date(2013, 1, 1)})
            assert output_of(MyJob(), flights=flights).count() == 1

`jobs` holds these. For tests of whole warehouses, `fixtures` has what pytest injects: ledgers on SQLite and
PostgreSQL, a landing zone, lines that `lines` installs as pip would; `servers` starts real servers of Spark,
`cutting` cuts a ledger off.

Importing this package imports neither pyspark nor pytest.
"""

from dwh.core.testing.jobs import frame_of, frame_of_rows, local_session, output_of

__all__ = ["frame_of", "frame_of_rows", "local_session", "output_of"]
