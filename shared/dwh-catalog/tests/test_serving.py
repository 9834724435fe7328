"""`dwh catalog serve` as a process of its own, and what keeps it from starting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from stories import OLD, ONE, amounts
from warehousing import Runs

from dwh.catalog.serving import TOKEN, attaching, listening
from dwh.migrate.testing import Typed


def test_other_machines_are_let_in_with_a_token_alone(
    runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for token in (None, ""):
        monkeypatch.delenv(TOKEN, raising=False)
        if token is not None:
            monkeypatch.setenv(TOKEN, token)
        code, _, said = typed_dwh("catalog", "serve", "--host", "0.0.0.0")
        assert code == 2
        assert "[DWH976] cannot serve a catalog at 0.0.0.0, port 8181: every machine that reaches" in said
        assert "export DWH_CATALOG_TOKEN=$(openssl rand -hex 24)" in said


def test_a_port_or_a_host_that_cannot_be_used_is_told_with_what_to_type(
    runs: Runs, typed_dwh: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, said = typed_dwh("catalog", "serve", "--port", str(port))
    assert code == 2
    assert f"port {port}: Address already in use; type: dwh catalog serve --port {port + 1}" in said
    code, _, said = typed_dwh("catalog", "serve", "--host", "203.0.113.1", "--port", "0")
    assert (code, "DWH_CATALOG_TOKEN" in said) == (2, True)
    monkeypatch.setenv(TOKEN, "let-me-in")
    for host in ("203.0.113.1", "no-such-host.invalid"):
        code, _, said = typed_dwh("catalog", "serve", "--host", host, "--port", "0")
        assert (code, "give --host a name or an address of this machine" in said) == (2, True), said
    assert "let-me-in" not in said
    assert typed_dwh("catalog", "serve", "--port", "65536")[0] == 2


def test_where_there_is_no_ledger_nothing_is_served(typed_dwh: Typed, home: object) -> None:
    code, _, said = typed_dwh("catalog", "serve", "--port", "0")
    assert (code, "[DWH506]" in said) == (2, True)


def test_what_is_told_to_type_never_has_the_token() -> None:
    for _, line in attaching("http://lake:8181", "hunter2hunter2"):
        assert "hunter2" not in line
        assert TOKEN in line
    assert not any(TOKEN in line for _, line in attaching("http://127.0.0.1:8181", None))


def test_readers_elsewhere_are_told_the_name_of_this_machine() -> None:
    with listening("0.0.0.0", 0, "let-me-in") as (at, address):
        assert address == f"http://{socket.gethostname()}:{at.getsockname()[1]}"


@contextmanager
def started(*words: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Start the command; give the process, and what it has printed when it serves."""
    command = [Path(sys.executable).with_name("dwh"), "catalog", "serve", "--port", "0", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **variables}
    ) as process:
        assert process.stdout
        try:
            yield process, [process.stdout.readline().rstrip() for _ in range(5)]
        finally:
            process.kill()


@pytest.mark.catalog
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped(stop: signal.Signals, runs: Runs) -> None:
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    with started() as (process, said):
        address = said[0].split(" at ")[1].split(";")[0]
        assert said[0] == f"serving {runs.warehouse.config.warehouse} at {address}; Ctrl-C stops it"
        assert [line.split()[0] for line in said[2:]] == ["pyiceberg", "DuckDB", "Spark"]
        with requests.Session() as session:  # whose connection stays open
            assert session.get(f"{address}/v1/namespaces", timeout=30).status_code == 200
            process.send_signal(stop)
            rest, _ = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")
