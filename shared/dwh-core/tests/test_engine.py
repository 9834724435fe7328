"""Engines: what brings them."""

from __future__ import annotations

from importlib.metadata import metadata, requires

from packaging.requirements import Requirement


def needed(extra: str) -> set[str]:
    """Return the packages that pip installs for dwh-core with an extra, or for nothing but the extra."""
    found = map(Requirement, requires("dwh-core") or ())
    return {each.name for each in found if each.marker is None or each.marker.evaluate({"extra": extra})}


def test_each_engine_is_an_extra():
    """Spark comes anyway; Sail is an extra, which brings what PySpark's client needs."""
    assert {"spark", "sail"} <= set(metadata("dwh-core").get_all("Provides-Extra"))
    assert "pyspark" in needed("") and "pysail" not in needed("")
    assert "pyspark" in needed("spark") and "pysail" not in needed("spark")
    assert {"pysail", "pyspark"} <= needed("sail")
