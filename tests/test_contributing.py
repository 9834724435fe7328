"""CONTRIBUTING's map of the code leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_module_of_the_map_is_there() -> None:
    """A module that moves takes its name in the map with it."""
    named = set(
        re.findall(
            r"`(dwh\.(?:core|migrate|release|airflow)[\w.]*)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
        )
    )
    found = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for source in ROOT.glob("shared/*/src")
        for path in source.rglob("*.py")
    }
    packages = {name.rpartition(".")[0] for name in found}
    assert len(named) > 30 and named - found - packages == set()
