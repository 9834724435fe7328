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

TAKINGS = "lake.prod_shop.takings"
REPAIRED = (
    "DELETE FROM {}",
    "UPDATE {} SET shop = 'mine' WHERE shop IS NOT NULL",
    "CALL lake.system.rewrite_data_files(table => '{}', options => map('rewrite-all', 'true'))",
    "CALL lake.system.rewrite_manifests('{}')",
    "CREATE OR REPLACE TABLE {} (mine int) USING iceberg",
)
_OLDER = "older_than => TIMESTAMP '2020-01-01 00:00:00'"
REFUSED = (
    f"CALL lake.system.expire_snapshots(table => '{{}}', {_OLDER}, retain_last => 1)",
    f"CALL lake.system.remove_orphan_files(table => '{{}}', location => '{{}}/warehouse', {_OLDER})",
    "DROP TABLE {} PURGE",
)


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
    """Under the catalog's own name. What it writes there is put right by the next sync, and no maintenance of
    its own removes a file that is an output."""
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
        data = [path for path in home.rglob("*.parquet") if "_catalog" not in path.parts]
        rows = as_plain([tuple(row) for row in spark.sql(f"SELECT * FROM {TAKINGS}").collect()])
        for words in REPAIRED:
            spark.sql(words.format(TAKINGS))
            assert lake.sync()["prod_shop.takings"] == "repaired", words
            found = spark.sql(f"SELECT * FROM {TAKINGS}").collect()
            assert as_plain([tuple(row) for row in found]) == rows != [], words
        for words in REFUSED:
            with pytest.raises(Exception, match=r"GC is disabled|gc\.enabled"):
                spark.sql(words.format(TAKINGS, home)).collect()
        assert lake.standings()["prod_shop.takings"].is_current
        assert data and all(path.exists() for path in data)
