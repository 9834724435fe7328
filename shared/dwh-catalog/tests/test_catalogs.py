"""Catalogs of other kinds: a REST server, and Glue on moto."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cataloging import Lake
from readers import by_duckdb, by_pyiceberg
from rest_server import TOKEN, rest_server
from stories import STORIES
from warehousing import Runs

from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse
from dwh.migrate.testing import Typed

pytestmark = pytest.mark.catalog

SETTINGS = """
environment = "prod"

[catalogs.lake]
type = "{type}"
environments = ["prod"]

[catalogs.lake.properties]
{properties}
"""
GLUE = """
"glue.endpoint" = "{address}"
"glue.region" = "eu-central-1"
"glue.access-key-id" = "testing"
"glue.secret-access-key" = "testing"
"""


@pytest.fixture
def rest(home: Path) -> Iterator[Path]:
    """The working directory, with a REST catalog in dwh.toml, but for its token."""
    with rest_server(home) as address:
        (home / "dwh.toml").write_text(SETTINGS.format(type="rest", properties=f'uri = "{address}"'))
        yield home


@pytest.fixture
def glue(home: Path) -> Iterator[Path]:
    """The working directory, with a Glue catalog in dwh.toml, which moto answers for."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    properties = GLUE.format(address=f"http://{host}:{port}")
    (home / "dwh.toml").write_text(SETTINGS.format(type="glue", properties=properties))
    yield home
    server.stop()


def followed(runs: Runs, home: Path, **variables: str) -> Lake:
    return Lake.of(Warehouse(load_config(home, variables), runs.warehouse.ledger))


def is_read(lake: Lake, runs: Runs) -> None:
    for step in STORIES["cutover and rollback"](runs):
        lake.sync()
        assert all(one.is_current for one in lake.standings().values())
        for read in step:
            metadata = lake.metadata(read.table)
            assert len(by_duckdb(metadata, read)) == len(by_pyiceberg(metadata, read)) == len(read.rows)


def test_a_rest_catalog_is_read(rest: Path, runs: Runs, two_lines: None) -> None:
    is_read(followed(runs, rest, DWH_CATALOGS=f'lake.properties.token = "{TOKEN}"'), runs)


def test_a_token_that_has_expired_is_an_error_with_what_to_set(
    rest: Path, runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_CATALOGS", 'lake.properties.token = "yesterdays"')
    code, _, said = typed_dwh("catalog", "status")
    assert code == 1
    assert "[DWH971] catalog lake: connecting: " in said and "DWH_CATALOGS='lake.properties." in said
    assert "yesterdays" not in said


def test_a_glue_catalog_is_read(glue: Path, runs: Runs, two_lines: None) -> None:
    is_read(followed(runs, glue), runs)
