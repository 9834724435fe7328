"""SQL engines that read a table of a catalog by its metadata file, each in its own way."""

from __future__ import annotations

from functools import cache
from importlib.metadata import files
from typing import Any


@cache
def duckdb() -> Any:
    """Return DuckDB with its extensions, which come as packages: avro first, which iceberg needs."""
    import duckdb as library

    connection = library.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "iceberg"):
        found = [
            file for file in files(f"duckdb-extension-{name}") or () if file.suffix == ".duckdb_extension"
        ]
        connection.execute(f"LOAD '{found[0].locate()}'")
    return connection


def by_duckdb(metadata: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query over `{table}`."""
    return duckdb().execute(sql.format(table=f"iceberg_scan('{metadata}')")).fetchall()
