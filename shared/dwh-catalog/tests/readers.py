"""Engines that read a table of a catalog, each in its own way: all by the table's newest metadata file."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime, timezone
from functools import cache
from importlib.metadata import files
from importlib.util import find_spec
from typing import Any

from stories import Read, Rows

Reader = Callable[[str, Read], Rows]

_OPERATORS = {"=": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt}


@cache
def duckdb() -> Any:
    """Return DuckDB with its extensions, which come as packages: first those that iceberg needs."""
    import duckdb as library

    connection = library.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute("SET TimeZone = 'UTC'")
    for name in ("avro", "httpfs", "iceberg"):
        found = [
            file for file in files(f"duckdb-extension-{name}") or () if file.suffix == ".duckdb_extension"
        ]
        connection.execute(f"LOAD '{found[0].locate()}'")
    return connection


def by_duckdb(metadata: str, read: Read) -> Rows:
    return list(duckdb().execute(_sql(f"iceberg_scan('{metadata}')", read)).fetchall())


def by_pyiceberg(metadata: str, read: Read) -> Rows:
    from pyiceberg.table import StaticTable

    where = {"row_filter": _expression(*read.where)} if read.where else {}
    found = StaticTable.from_metadata(metadata).scan(selected_fields=read.columns, **where).to_arrow()
    return [tuple(row[name] for name in read.columns) for row in found.to_pylist()]


def by_polars(metadata: str, read: Read) -> Rows:
    import polars

    frame = polars.scan_iceberg(metadata)
    if read.where:
        column, sign, value = read.where
        frame = frame.filter(_OPERATORS[sign](polars.col(column), value))
    return list(frame.select(read.columns).collect().rows())


def by_chdb(metadata: str, read: Read) -> Rows:
    import chdb

    folder, _, name = metadata.rpartition("/metadata/")
    settings = f"SETTINGS iceberg_metadata_file_path = 'metadata/{name}'"
    sql = _sql(f"icebergLocal('{folder}', 'Parquet', {settings})", read)
    found = chdb.query(
        f"{sql} SETTINGS session_timezone = 'UTC', output_format_arrow_string_as_string = 0", "ArrowTable"
    )
    return [tuple(row[column] for column in read.columns) for row in found.to_pylist()]


@cache
def _spark() -> Any:
    from pyspark.sql import SparkSession

    settings = {"spark.master": "local[1]", "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC"}
    builder = SparkSession.builder
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def by_spark(metadata: str, read: Read) -> Rows:
    frame = _spark().read.format("iceberg").load(metadata)
    if read.where:
        frame = frame.where(_condition(*read.where))
    return [tuple(row) for row in frame.select(*read.columns).collect()]


@cache
def _sail() -> Any:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start()
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return server, session


def session() -> Any:
    """Return the session of the Spark, or of the Sail, that is installed here: never both are."""
    return _sail()[1] if find_spec("pysail") else _spark()


def by_sail(metadata: str, read: Read) -> Rows:
    """Sail knows a table by its folder alone, of which it takes the newest metadata."""
    frame = _sail()[1].read.format("iceberg").load(metadata.partition("/metadata/")[0])
    if read.where:
        frame = frame.where(_condition(*read.where))
    return [tuple(row) for row in frame.select(*read.columns).collect()]


def _sql(table: str, read: Read) -> str:
    where = f" WHERE {_condition(*read.where)}" if read.where else ""
    return f"SELECT {', '.join(read.columns)} FROM {table}{where}"


def _condition(column: str, sign: str, value: Any) -> str:
    """Return a condition as SQL has it."""
    if isinstance(value, datetime):
        return f"{column} {sign} TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}+00:00'"
    return f"{column} {sign} " + (f"DATE '{value}'" if isinstance(value, date) else repr(value))


def _expression(column: str, sign: str, value: Any) -> Any:
    from pyiceberg.expressions import EqualTo, GreaterThan, GreaterThanOrEqual, LessThan

    kinds = {"=": EqualTo, ">": GreaterThan, ">=": GreaterThanOrEqual, "<": LessThan}
    return kinds[sign](column, value.isoformat() if isinstance(value, datetime) else value)


def as_plain(rows: Rows) -> Rows:
    """Return rows sorted, with instants in UTC, as they are compared."""
    return sorted((tuple(map(_as_plain, row)) for row in rows), key=repr)


def _as_plain(value: Any) -> Any:
    if isinstance(value, str):  # ClickHouse knows no text but bytes
        return value.encode()
    if isinstance(value, bytearray):  # as Spark gives bytes
        return bytes(value)
    if isinstance(value, dict):
        return {name: _as_plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(_as_plain, value))
    if hasattr(value, "asDict"):  # a row within a row of Spark
        return _as_plain(value.asDict())
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    return value


READERS: dict[str, Reader] = {
    "pyiceberg": by_pyiceberg,
    "DuckDB": by_duckdb,
    "polars": by_polars,
    "chdb": by_chdb,
    "Spark": by_spark,
    "Sail": by_sail,
}
