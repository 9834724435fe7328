"""The page about catalogs: its commands and scripts are typed as written."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import files
from pathlib import Path
from types import ModuleType
from typing import IO

import pytest
from warehousing import Runs, table

from dwh.core.config import load_config

pytestmark = pytest.mark.catalog


@pytest.fixture
def docs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """How the repository's own tests play a page."""
    spec = importlib.util.spec_from_file_location("played_docs", repository / "tests" / "test_docs.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def installed_extensions(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's extensions where `INSTALL` would put them, in a home of the user's own."""
    import duckdb

    platform = duckdb.sql("PRAGMA platform").fetchall()[0][0]
    folder = home / ".duckdb" / "extensions" / f"v{duckdb.__version__}" / platform
    folder.mkdir(parents=True)
    for name in ("avro", "httpfs", "iceberg"):
        brought = files(f"duckdb-extension-{name}") or ()
        path = next(file for file in brought if file.suffix == ".duckdb_extension").locate()
        shutil.copy(str(path), folder)
    monkeypatch.setenv("HOME", str(home))


def test_the_page_prints_what_it_says(
    runs: Runs, home: Path, repository: Path, docs: ModuleType, installed_extensions: None
) -> None:
    page = repository / "docs" / "catalogs.md"
    said = re.search(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert said
    (home / "dwh.toml").write_text(said[1])
    assert load_config(home, {}).warehouse == runs.warehouse.config.warehouse
    delays = table("flights.carrier_delays", "flight_date date", "carrier string", "flights bigint")
    days = [date(2013, 1, day) for day in (1, 2)]
    rows = {
        day: [{"carrier": "AA", "flights": 32}, {"carrier": "UA", "flights": 31 + day.day}] for day in days
    }
    run = runs.commit(delays, rows)
    runs.publish("flights.carrier_delays", dict.fromkeys(days, run))
    played = docs.Page(page, home)
    told = re.search(r"```text\n\$ dwh catalog serve\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert told
    with started(docs, home) as server:
        printed = "".join(next(server) for _ in told[1].splitlines())
        assert docs.same(told[1], printed.replace(str(home), "/home/you")), printed
        played.play()
    assert not played.problems, "\n\n".join(played.problems)


@contextmanager
def started(docs: ModuleType, home: Path) -> Iterator[IO[str]]:
    """Start `dwh catalog serve` as the page does; give what it prints."""
    with subprocess.Popen(
        [shutil.which("dwh", path=docs.variables()["PATH"]), "catalog", "serve"],
        cwd=home,
        env=docs.variables(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield process.stdout
        finally:
            process.terminate()
