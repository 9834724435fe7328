"""Catalogs of other kinds: a REST server, and Glue on moto."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from cataloging import Lake
from readers import by_duckdb, by_pyiceberg
from rest_server import TOKEN, rest_server
from sqlalchemy import create_engine, text
from stories import OLD, ONE, PUBLISHED, STORIES, amounts
from warehousing import Runs

from dwh.core.config import load_config
from dwh.core.testing.servers import postgresql_server
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
"glue.max-retries" = 5
"glue.skip-archive" = true
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
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30)  # all servers of a process are one
    properties = GLUE.format(address=f"http://{host}:{port}")
    (home / "dwh.toml").write_text(SETTINGS.format(type="glue", properties=properties))
    yield home
    server.stop()


def state(home: Path) -> dict[str, bytes]:
    """What a catalog must not touch: the ledger and every file of the warehouse, metadata included."""
    return {
        str(path): path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix != ".db"
    } | {str(path): path.read_bytes() for path in home.rglob("*ledger*.db")}


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


def test_a_token_that_expires_while_a_sync_goes_on_is_told_for_each_table(
    rest: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `dwh catalog sync --watch` may see it; with a new one, the next sync makes up for all of it."""
    lake = followed(runs, rest, DWH_CATALOGS=f'lake.properties.token = "{TOKEN}"')
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    assert lake.sync()[PUBLISHED] == "created"
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(2)})})
    monkeypatch.setattr("rest_server.TOKEN", "another")
    before = state(rest)
    problems = lake.problems()
    assert (len(problems), state(rest)) == (2, before)
    assert "[DWH971] catalog lake: reading table prod_shop.takings: " in problems[0]
    assert "export DWH_CATALOGS='lake.properties.token = \"…\"'" in problems[0]
    again = followed(runs, rest, DWH_CATALOGS='lake.properties.token = "another"')
    assert again.sync()[PUBLISHED] == "updated"


def test_a_namespace_that_may_not_be_made_is_told_and_nothing_is_written(
    home: Path, runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there is no question of rights; where none is, all stays as it was."""
    run = runs.commit(OLD, {ONE: amounts(1)})
    runs.publish("shop.takings", {ONE: run})
    monkeypatch.setenv("DWH_CATALOGS", f'lake.properties.token = "{TOKEN}"')
    with rest_server(home, namespaces=()) as address:
        (home / "dwh.toml").write_text(SETTINGS.format(type="rest", properties=f'uri = "{address}"'))
        before = state(home)
        code, _, said = typed_dwh("catalog", "sync")
        assert (code, state(home)) == (1, before)
    assert "[DWH971] catalog lake: making namespace prod_shop: ForbiddenError: ForbiddenException: " in said
    assert "ask somebody who may to create it, or let catalogs.lake.published in dwh.toml" in said
    assert TOKEN not in said
    with rest_server(home, namespaces=("prod_shop",)) as address:
        (home / "dwh.toml").write_text(SETTINGS.format(type="rest", properties=f'uri = "{address}"'))
        assert typed_dwh("catalog", "sync")[0] == 0
        assert typed_dwh("catalog", "status")[0] == 0


@pytest.fixture
def guarded() -> Iterator[str]:
    """The URL of a database that wants a password of the role `guarded`, as `{password}`."""
    with postgresql_server({"fsync": "off"}) as server:
        psql = create_engine(server.replace("://", "+psycopg://"), isolation_level="AUTOCOMMIT")
        with psql.connect() as connection:
            connection.execute(text("CREATE ROLE guarded LOGIN PASSWORD 'the right one'"))
            rules = Path(connection.execute(text("SHOW hba_file")).scalar_one())
            rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
            connection.execute(text("GRANT ALL ON SCHEMA public TO guarded"))
            connection.execute(text("SELECT pg_reload_conf()"))
        psql.dispose()
        yield server.replace("://postgres:@", "+psycopg://guarded:{password}@")


def test_a_wrong_password_of_a_database_is_an_error_with_what_to_set(
    guarded: str, home: Path, runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    (home / "dwh.toml").write_text(SETTINGS.format(type="sql", properties=""))
    uri = 'lake.properties.uri = "{}"'
    monkeypatch.setenv("DWH_CATALOGS", uri.format(guarded.format(password="mistyped")))
    before = state(home)
    code, _, said = typed_dwh("catalog", "sync")
    assert (code, state(home)) == (1, before)
    assert "password authentication failed" in said and "mistyped" not in said
    assert "export DWH_CATALOGS='lake.properties.uri = \"…\"'" in said
    monkeypatch.setenv("DWH_CATALOGS", uri.format(guarded.format(password="the right one")))
    assert typed_dwh("catalog", "sync")[0] == 0


def test_a_glue_catalog_is_read(glue: Path, runs: Runs, two_lines: None) -> None:
    is_read(followed(runs, glue), runs)


@pytest.mark.parametrize(
    "parameters", [None, {"classification": "parquet"}, {"table_type": "DELTA"}], ids=str
)
def test_a_table_of_glue_that_is_none_of_icebergs_is_left_alone(
    parameters: dict[str, str] | None, glue: Path, runs: Runs, typed_dwh: Typed
) -> None:
    """As a crawler or Hive has made it under that name."""
    lake = followed(runs, glue)
    client = lake.connected._catalog.glue
    client.create_database(DatabaseInput={"Name": "prod_shop"})
    said_of_it = {} if parameters is None else {"Parameters": parameters}
    client.create_table(DatabaseName="prod_shop", TableInput={"Name": "takings", **said_of_it})
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    code, _, said = typed_dwh("catalog", "sync")
    assert (code, "[DWH972] catalog lake has a table prod_shop.takings already" in said) == (1, True), said
    assert "which is not an Iceberg table; nothing was changed" in said
    found = client.get_table(DatabaseName="prod_shop", Name="takings")["Table"]
    assert found.get("Parameters") == parameters


@pytest.fixture
def guarding(home: Path) -> Iterator[Callable[..., None]]:
    """What names a Glue catalog in dwh.toml for a user who may do some actions there, and no other."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    requests.post(f"{address}/moto-api/reset", timeout=30)  # all servers of a process are one
    key = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    iam = boto3.client("iam", endpoint_url=address, region_name="eu-central-1", **key)

    def let(*actions: str, secret: str | None = None) -> None:
        requests.post(f"{address}/moto-api/reset-auth", data=b"1000", timeout=30)
        user = f"user{secrets.token_hex(4)}"
        iam.create_user(UserName=user)
        rights = {"Effect": "Allow", "Action": [f"glue:{each}" for each in actions], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
        iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=policy)
        made = iam.create_access_key(UserName=user)["AccessKey"]
        properties = GLUE.format(address=address).replace(
            'key-id" = "testing', f'key-id" = "{made["AccessKeyId"]}'
        )
        properties = properties.replace(
            'access-key" = "testing', f'access-key" = "{secret or made["SecretAccessKey"]}'
        )
        (home / "dwh.toml").write_text(SETTINGS.format(type="glue", properties=properties))
        requests.post(f"{address}/moto-api/reset-auth", data=b"0", timeout=30)  # from here on rights count

    yield let
    requests.post(f"{address}/moto-api/reset-auth", data=b"inf", timeout=30)
    server.stop()


def test_what_glue_does_not_allow_is_told_with_who_can_help(
    guarding: Callable[..., None], home: Path, runs: Runs, typed_dwh: Typed
) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})

    def told(*actions: str, secret: str | None = None) -> str:
        guarding(*actions, secret=secret)
        before = state(home)
        code, _, said = typed_dwh("catalog", "sync")
        assert code == 1
        assert before.keys() <= state(home).keys()
        return said

    wrong = told("*", secret="mistyped")
    assert "reading table prod_shop.takings: ClientError: " in wrong and "mistyped" not in wrong
    assert """export DWH_CATALOGS='lake.properties."glue.secret-access-key" = "…"'""" in wrong
    assert "not authorized to perform: glue:GetTable" in (said := told("GetDatabase"))
    assert "; ask somebody who may to allow it; the next dwh catalog sync makes up for it" in said
    said = told("GetTable", "GetDatabase")
    assert "making namespace prod_shop: ClientError: " in said and "glue:CreateDatabase" in said
    assert "ask somebody who may to create it, or let catalogs.lake.published in dwh.toml name one" in said
    said = told("GetTable", "GetDatabase", "CreateDatabase")
    assert "committing to table prod_shop.takings: ClientError: " in said and "glue:CreateTable" in said
    guarding("*")
    assert typed_dwh("catalog", "sync")[0] == 0
    assert typed_dwh("catalog", "status")[0] == 0


class Throttling(BaseHTTPRequestHandler):
    """What AWS answers to those who ask too often."""

    def do_POST(self) -> None:
        content = b'{"__type": "ThrottlingException", "message": "Rate exceeded"}'
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_catalog_that_is_asked_too_often_is_told_as_such(
    home: Path, runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))  # it tries ten times
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Throttling)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    (home / "dwh.toml").write_text(SETTINGS.format(type="glue", properties=GLUE.format(address=address)))
    code, _, said = typed_dwh("catalog", "sync")
    server.shutdown()
    server.server_close()
    assert code == 1
    assert "Rate exceeded; it is being asked too often right now; the next dwh catalog sync" in said
