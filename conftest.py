"""The order in which the files of tests are run, by two processes at a time."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that need Spark most, so that what is left for the end is short."""
    needs = Counter(item.path for item in items if "spark" in getattr(item, "fixturenames", ()))
    items.sort(key=lambda item: -needs[item.path])
