"""`dwh catalog sync` and `dwh catalog status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from stories import OLD, ONE, amounts
from warehousing import Runs

from dwh.migrate.testing import Typed

pytestmark = pytest.mark.smoke


@pytest.fixture
def published(runs: Runs) -> Runs:
    """Runs of which one is published."""
    runs.publish("shop.takings", {ONE: runs.commit(OLD, {ONE: amounts(1)})})
    return runs


def test_status_exits_with_1_until_the_catalog_is_at_the_ledgers_state(
    published: Runs, typed_dwh: Typed
) -> None:
    code, out, said = typed_dwh("catalog", "status")
    assert code == 1
    assert out.splitlines()[1].split() == (
        ["lake", "prod_shop.takings", "shop.takings", "(prod,", "published)", "2", "-", "missing"]
    )
    assert "2 of 2 tables are not at the ledger's state; type: dwh catalog sync" in said
    code, out, _ = typed_dwh("catalog", "sync")
    assert (code, [line.split()[-1] for line in out.splitlines()[1:]]) == (0, ["created", "created"])
    assert typed_dwh("catalog", "sync")[1].count("unchanged") == 2
    assert typed_dwh("catalog", "status")[0] == 0
    published.publish("shop.takings", {ONE: None})
    code, out, _ = typed_dwh("catalog", "status", "shop.takings", "--json")
    standing = json.loads(out)[0]
    assert (code, standing["ledger"], standing["catalog"], standing["state"]) == (1, 3, 2, "behind")


def test_sync_says_as_json_what_was_done(published: Runs, typed_dwh: Typed) -> None:
    code, out, _ = typed_dwh("catalog", "sync", "--json")
    first = json.loads(out)[0]
    assert code == 0
    assert first == {
        "name": "lake",
        "environment": "prod",
        "table": "shop.takings",
        "line": None,
        "identifier": "prod_shop.takings",
        "action": "created",
        "sequence": 2,
    }


def test_mistakes_are_told_with_what_to_type(published: Runs, typed_dwh: Typed, home: Path) -> None:
    assert "[DWH107]" in typed_dwh("catalog", "sync", "shop.other")[2]
    assert "[DWH974]" in typed_dwh("catalog", "status", "--catalog", "sea")[2]
    (home / "dwh.toml").write_text('environment = "prod"\n')
    assert "names no catalog; write there: [catalogs.lake]" in typed_dwh("catalog", "sync")[2]


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e300"])
def test_watching_pauses_for_a_time_that_can_be_waited(seconds: str, typed_dwh: Typed) -> None:
    code, _, said = typed_dwh("catalog", "sync", "--watch", seconds)
    assert (code, "[DWH101] Invalid value for '--watch': " in said) == (2, True)


def test_a_catalog_that_cannot_be_reached_is_an_error_with_the_next_step(
    published: Runs, typed_dwh: Typed, home: Path
) -> None:
    sqlite, file = (home / "dwh.toml").read_text(), "sqlite:///catalog.db"
    (home / "dwh.toml").write_text(sqlite.replace(file, "postgresql+psycopg://dwh:hidden@127.0.0.1:1/c"))
    code, _, said = typed_dwh("catalog", "sync")
    assert code == 1
    assert "[DWH971] catalog lake: connecting:" in said and "hidden" not in said
    rest = sqlite.replace('"sql"', '"rest"').replace(file, "http://127.0.0.1:1")
    (home / "dwh.toml").write_text(rest)
    code, _, said = typed_dwh("catalog", "sync")
    assert (code, "see that it is up, and catalogs.lake in dwh.toml; the next" in said) == (1, True), said
