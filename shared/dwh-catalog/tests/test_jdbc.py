"""Spark's own JDBC catalog over the tables of an SQL catalog that dwh keeps in PostgreSQL."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import readers
import sqlalchemy as sa
from cataloging import Lake
from readers import as_plain
from stories import STORIES
from warehousing import Runs

from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse

pytestmark = pytest.mark.catalog

SETTINGS = """
environment = "prod"

[catalogs.lake]
type = "sql"
environments = ["prod"]
properties = {{ uri = "{uri}" }}
"""


@contextmanager
def by_tcp(path: str) -> Iterator[int]:
    """Give a port of loopback that leads to a socket of this machine: drivers for Java know no other way."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), closing(source), closing(target):
            while content := source.recv(65536):
                target.sendall(content)

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):  # when it is closed
            while True:
                here, _ = listening.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(path)
                for ends in ((here, there), (there, here)):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=accept, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def test_spark_reads_an_sql_catalog_by_jdbc(
    postgresql_url: str, home: Path, runs: Runs, two_lines: None
) -> None:
    """Under the catalog's own name, and what it writes there is put right by the next sync."""
    (home / "dwh.toml").write_text(SETTINGS.format(uri=postgresql_url))
    lake = Lake.of(Warehouse(load_config(home, {}), runs.warehouse.ledger))
    url, spark = sa.make_url(postgresql_url), readers._spark()
    with by_tcp(f"{url.query['host']}/.s.PGSQL.5432") as port:
        settings = {
            "": "org.apache.iceberg.spark.SparkCatalog",
            ".type": "jdbc",
            ".uri": f"jdbc:postgresql://127.0.0.1:{port}/{url.database}",
            ".jdbc.user": "postgres",
            ".warehouse": lake.settings.metadata,
            ".cache-enabled": "false",
        }
        for key, value in settings.items():
            spark.conf.set(f"spark.sql.catalog.lake{key}", value)
        for step in STORIES["cutover and rollback"](runs):
            lake.sync()
            for read in step:
                rows = spark.sql(readers._sql(f"lake.{read.table}", read)).collect()
                assert as_plain([tuple(row) for row in rows]) == as_plain(read.rows)
        spark.sql("DELETE FROM lake.prod_shop.takings")
        assert lake.sync()["prod_shop.takings"] == "repaired"
        count = spark.sql("SELECT count(*) FROM lake.prod_shop.takings").collect()[0][0]
        assert count == len(lake.rows("prod_shop.takings")) > 0
