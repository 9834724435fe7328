"""The order in which files of tests are run, by three processes; ledgers that wait for no disk; Chromium."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

from browsing import chromium, open_page  # noqa: F401 -- fixtures, found by the path above


def pytest_configure() -> None:
    """Let SQLite return before the disk has written: no test's ledger need outlive a crash of the machine."""
    with suppress(ImportError):  # dwh-compare is tested without a database, too
        from sqlalchemy import Engine, event

        event.listen(Engine, "connect", _hurry)


def _hurry(connection: Any, _record: object) -> None:
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA synchronous=OFF")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that need Spark most, so that what is left for the end is short."""
    needs = Counter(item.path for item in items if "spark" in getattr(item, "fixturenames", ()))
    items.sort(key=lambda item: -needs[item.path])
