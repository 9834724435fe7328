"""The served catalog over HTTP: what it answers, whom, and what it refuses."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from serving import Served, served
from stories import NEW, OLD, ONE, TWO, amounts
from warehousing import Runs, table

from dwh.catalog.rest import is_loopback
from dwh.core.config import load_config
from dwh.core.warehouse import Warehouse


@pytest.fixture
def asked(runs: Runs) -> Iterator[Served]:
    """A server of a warehouse where one of two dates is published."""
    run = runs.commit(OLD, {ONE: amounts(1, 2), TWO: amounts(3)})
    runs.publish("shop.takings", {ONE: run})
    with served(runs.warehouse.config) as server:
        yield server


def test_environments_and_their_lines_are_namespaces(asked: Served, runs: Runs) -> None:
    Runs(runs.warehouse, "dev").commit(OLD, {ONE: amounts(1)}, "0.2")
    Runs(runs.warehouse, "comparisons_prod").commit(OLD, {ONE: amounts(1)}, "0.2")
    found = asked.ask("/v1/namespaces").json()["namespaces"]
    assert found == [["dev"], ["dev__v0_2"], ["prod"], ["prod__v0_1"]]
    assert asked.ask("/v1/namespaces?parent=prod").json() == {"namespaces": []}
    assert asked.ask("/v1/namespaces/prod").json() == {"namespace": ["prod"], "properties": {}}
    listed = {"identifiers": [{"namespace": ["prod"], "name": "shop_takings"}]}
    assert asked.ask("/v1/namespaces/prod/tables?pageToken=").json() == listed
    assert asked.ask("/v1/namespaces/dev/tables").json() == {"identifiers": []}
    assert asked.ask("/v1/namespaces/prod/views").json() == {"identifiers": []}


def test_a_table_is_read_at_the_ledgers_state(asked: Served, runs: Runs) -> None:
    assert sorted(row["amount"] for row in asked.rows("prod.shop_takings")) == [1, 2]
    assert sorted(row["amount"] for row in asked.rows("prod__v0_1.shop_takings")) == [1, 2, 3]
    again = runs.commit(OLD, {ONE: amounts(7)})
    assert sorted(row["amount"] for row in asked.rows("prod.shop_takings")) == [1, 2]
    runs.publish("shop.takings", {ONE: again})
    found = asked.catalog().load_table("prod.shop_takings")
    assert found.scan().to_arrow()["amount"].to_pylist() == [7]
    first = found.metadata.snapshots[0].snapshot_id
    assert sorted(found.scan(snapshot_id=first).to_arrow()["amount"].to_pylist()) == [1, 2]


def test_whether_a_table_is_there_is_told_without_making_it(asked: Served, runs: Runs) -> None:
    assert asked.catalog().table_exists("prod.shop_takings")
    assert not asked.catalog().table_exists("prod.shop_sales")
    assert asked.catalog().namespace_exists("prod")
    assert not asked.catalog().namespace_exists(("prod", "shop"))
    assert not Path(runs.warehouse.config.warehouse, "_catalog").exists()


def test_each_state_that_was_read_is_read_by_its_version_after_a_rollback(asked: Served, runs: Runs) -> None:
    old = runs.commit(OLD, {ONE: amounts(1, 2)})
    new = runs.commit(NEW, {ONE: [{"shop": "west", "revenue": 7}]}, "0.2")
    found = []
    for run in (old, new, old):
        runs.publish("shop.takings", {ONE: run})
        table = asked.catalog().load_table("prod.shop_takings")
        columns = tuple(table.schema().column_names)
        found.append((table.current_snapshot(), columns, table.scan().to_arrow().num_rows))
    table = asked.catalog().load_table("prod.shop_takings")
    assert [snapshot for snapshot, _, _ in found] == table.snapshots()[-3:]
    for snapshot, columns, count in found:
        rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()
        assert (tuple(rows.column_names), rows.num_rows) == (columns, count)


def test_what_is_missing_is_told_in_the_protocols_words(asked: Served) -> None:
    assert asked.error("/v1/namespaces/stage") == (
        *(404, "NoSuchNamespaceException"),
        "there is no namespace stage; there are: prod, prod__v0_1",
    )
    assert asked.error("/v1/namespaces/prod/tables/shop_taking") == (
        *(404, "NoSuchTableException"),
        "namespace prod has no table shop_taking; it has: shop_takings",
    )
    assert asked.ask("/v1/namespaces/prod/tables/shop_takings", "HEAD").status_code == 204
    assert asked.ask("/v1/namespaces/prod/tables/other", "HEAD").status_code == 404
    assert asked.ask("/v1/namespaces/stage", "HEAD").status_code == 404
    assert asked.ask("/v1/namespaces/prod", "HEAD").status_code == 204
    assert asked.ask("/v1/config", "HEAD").status_code == 200
    assert asked.error("/favicon.ico")[:2] == (404, "NotFoundException")


def test_a_path_from_outside_reaches_no_file(asked: Served, home: Path) -> None:
    before = sorted(home.rglob("*"))
    for path in (
        "/v1/namespaces/prod/tables/..%2f..%2fdwh.toml",
        "/v1/namespaces/%2e%2e/tables/ledger",
        "/v1/namespaces/prod%1Fshop/tables/takings",
        "/v1/namespaces/prod/tables/%00",
        "/v1/namespaces/prod/tables/shop.takings",
        "/v1/namespaces/prod/tables/shop'%22takings",
        "/v1/namespaces/%FF/tables",
        "/v1/namespaces?parent=%FF",
        "/v1/namespaces//tables",
        "/v1/namespaces/" + "a" * 5000,
        "/v1/namespaces/prod/tables/shop_takings/credentials",
        "/v1/namespaces/prod/views/shop_takings",
    ):
        assert asked.error(path)[0] == 404, path
    assert sorted(home.rglob("*")) == before


def test_nothing_is_ever_written(asked: Served) -> None:
    table = "/v1/namespaces/prod/tables/shop_takings"
    for method, path in [
        ("POST", "/v1/namespaces"),
        ("POST", table),
        ("POST", "/v1/transactions/commit"),
        ("POST", "/v1/oauth/tokens"),
        ("DELETE", table),
        ("PATCH", "/v1/config"),
        ("PUT", "/v1/namespaces/prod"),
        ("OPTIONS", "/v1/config"),
        ("TRACE", "/v1/config"),
        ("POST", f"{table}/metrics"),
        ("POST", "/nowhere"),
    ]:
        status, kind, message = asked.error(path, method)
        assert (status, kind) == (405, "UnsupportedOperationException")
        assert message.startswith("this catalog only reads")


def test_a_token_is_asked_for_on_every_path(runs: Runs) -> None:
    with served(runs.warehouse.config, token="let-me-in") as server:
        for bearer in ("", "Bearer", "Bearer let-me-i", "Bearer yesterdays", "Basic let-me-in", "Bearer é"):
            status, kind, message = server.error("/v1/config", Authorization=bearer.encode())  # type: ignore[arg-type]
            assert (status, kind) == (401, "NotAuthorizedException")
            assert "let-me-in" not in message
        assert server.ask("/v1/config").status_code == 200
        assert server.catalog().list_namespaces() == []


def test_a_page_that_calls_this_machine_by_another_name_is_refused(asked: Served) -> None:
    status, kind, _ = asked.error("/v1/config", Host="evil.example.org")
    assert (status, kind) == (403, "ForbiddenException")
    assert asked.ask("/v1/config", Host="localhost:8181").status_code == 200
    assert asked.ask("/v1/config", Host="[::1]:8181").status_code == 200
    assert [is_loopback(host) for host in ("127.0.0.2", "::1", "0.0.0.0", "example.org")] == [
        True,
        True,
        False,
        False,
    ]


def test_many_who_ask_at_once_get_one_state(asked: Served, runs: Runs) -> None:
    path = "/v1/namespaces/prod/tables/shop_takings"
    with ThreadPoolExecutor(8) as pool:
        found = {answer.text for answer in pool.map(asked.ask, [path] * 16)}
    assert len(found) == 1
    made = Path(runs.warehouse.config.warehouse, "_catalog/_served/prod/shop_takings/metadata")
    kinds = sorted(path.name.split("-")[0] for path in made.iterdir())
    assert kinds == ["dwh", "snap", "v1.metadata.json", "version"]


def test_what_goes_wrong_with_one_table_is_told_and_the_others_are_served(asked: Served, runs: Runs) -> None:
    odd = runs.record(table("shop.odd", "day date", "length interval day to second"), [ONE])
    runs.warehouse.ledger.start_run(odd)
    runs.warehouse.ledger.commit_run(odd, {ONE: 0}, {})
    for name in ("a.b_c", "a_b.c"):
        runs.commit(table(name, "day date", "n bigint"), {ONE: [{"n": 1}]})
    namespace = "/v1/namespaces/prod__v0_1"
    status, kind, message = asked.error(f"{namespace}/tables/shop_odd")
    assert (status, kind) == (422, "UnprocessableEntityException")
    assert "column length is of type interval day to second, which Iceberg does not have" in message
    status, _, message = asked.error(f"{namespace}/tables/a_b_c")
    assert (status, "a.b_c (prod, line 0.1) and a_b.c" in message) == (500, True)
    assert len(asked.ask(f"{namespace}/tables").json()["identifiers"]) == 3
    assert asked.ask(f"{namespace}/tables/shop_takings").status_code == 200


def test_a_ledger_that_is_gone_and_a_full_disk_are_errors_until_they_are_mended(
    asked: Served, runs: Runs, home: Path
) -> None:
    path, root = "/v1/namespaces/prod/tables/shop_takings", Path(runs.warehouse.config.warehouse)
    (root / "_catalog").write_text("in the way")
    status, _, message = asked.error(path)
    assert (status, "_catalog/_served can be" in message) == (500, True)
    (root / "_catalog").unlink()
    assert asked.ask(path).status_code == 200
    ledger = Path(runs.warehouse.config.ledger.removeprefix("sqlite:///"))
    kept = ledger.read_bytes()
    ledger.write_bytes(b"no database" * 1000)
    status, _, message = asked.error(path)
    assert (status, message.startswith("[DWH501]")) == (500, True)
    ledger.write_bytes(kept)
    assert asked.ask(path).status_code == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GARBAGE", 400),
        (b"GET /v1/config HTTP/1.1\r\nHost: evil.example.org", 403),
        (b"GET /v1/namespaces/prod/tables?pageSize=x&pageToken=y HTTP/1.1\r\nHost: localhost", 200),
        (b"GET /v1/config HTTP/1.0", 200),
    ],
)
def test_a_request_that_is_malformed_gets_an_answer(said: bytes, status: int, asked: Served) -> None:
    address = urlsplit(asked.address)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(said + b"\r\nConnection: close\r\n\r\n")
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()
    assert asked.ask("/v1/config").status_code == 200


@pytest.mark.breadth
def test_a_ledger_in_postgresql_that_goes_away_is_an_error_until_it_is_back(
    home: Path, postgresql_url: str, with_tables: Callable[[str], str]
) -> None:
    config = load_config(home, {"DWH_LEDGER": with_tables(postgresql_url)})
    runs = Runs(Warehouse.open(config))
    runs.warehouse.ledger.told = lambda names: None
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    path, name = "/v1/namespaces/prod/tables/shop_takings", sa.make_url(config.ledger).database
    server = sa.create_engine(
        sa.make_url(config.ledger).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with served(config) as asked, server.connect() as connection:

        def cut() -> None:
            cutting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(sa.text(cutting), {"name": name})

        assert asked.ask(path).status_code == 200
        cut()
        assert asked.ask(path).status_code == 200
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        cut()
        status, _, message = asked.error(path)
        assert (status, message.startswith("[DWH501]")) == (500, True)
        assert asked.ask("/v1/config").status_code == 200
        connection.execute(sa.text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        assert asked.ask(path).status_code == 200
    server.dispose()
