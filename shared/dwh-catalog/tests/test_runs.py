"""Real runs on Spark: a catalog has what `read_table` reads, as soon as a command has ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from cataloging import Lake
from conftest import SETTINGS
from readers import by_duckdb
from stories import Read

from dwh.core.config import load_config
from dwh.core.session import spark_session
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.testing import Typed

pytestmark = pytest.mark.catalog

SOURCES = """
[sources.orders]
format = "csv"
path = "landing/orders"
options = { header = true }

[spark]
"spark.master" = "local[1]"
"spark.ui.enabled" = false
"""


@pytest.fixture
def here(landing: Path, home: Path, installed_line: Callable[..., Path], takings: Callable[..., str]) -> Path:
    """A folder with orders, and a line whose job sums them up."""
    (home / "dwh.toml").write_text(SETTINGS + SOURCES)
    installed_line("7.1", {"takings": takings()})
    return home


def test_the_catalog_has_what_read_table_reads_after_each_command(here: Path, typed_dwh: Typed) -> None:
    commands = [
        ("run", "takings@7.1", "--from", "2024-01-01", "--to", "2024-01-02"),
        ("pin", "takings", "7.1", "--env", "prod", "--publish", "--reason", "first"),
        ("run", "takings", "--date", "2024-01-03"),
        ("run", "takings", "--date", "2024-01-01"),
    ]
    for command in commands:
        code, _, said = typed_dwh(*command)
        assert (code, "DWH971" in said) == (0, False), said
    assert typed_dwh("catalog", "status")[0] == 0
    warehouse = Warehouse.open(load_config(here, {}))
    lake, columns = Lake.of(warehouse), ("day", "shop", "orders", "amount")
    frame = read_table(spark_session(warehouse.config.spark), "shop.takings", warehouse=warehouse)
    expected = sorted(tuple(row[name] for name in columns) for row in frame.collect())
    found = sorted(by_duckdb(lake.metadata("prod_shop.takings"), Read("", columns, [])))
    assert found == expected
    assert {row[0] for row in found} == {date(2024, 1, day) for day in (1, 2, 3)}
