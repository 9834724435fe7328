"""How an older ledger becomes a newer one, with what it holds, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from dwh.core import migrations
from dwh.core.errors import LedgerVersionError
from dwh.core.ledger import SCHEMA_VERSION, ColumnStatistics, Ledger, WrittenFile
from dwh.core.ledger.schema import (
    compared,
    comparisons,
    metadata,
    output_files,
    promotions,
    publications,
    receipts,
    runs,
    shadows,
)
from dwh.core.ledger.types import LogicalDate

pytestmark = pytest.mark.smoke

FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
NOW = datetime(2024, 1, 4, tzinfo=timezone.utc)
TABLE = "shop.takings"


def with_days(table: sa.Table, *lacking: str) -> sa.Table:
    """Return a table as ledgers before 0007 had it: logical dates of type Date, and some columns lacking."""
    types = {name: column.type for name, column in table.c.items() if name not in lacking}
    days = {name: sa.Date() for name, found in types.items() if isinstance(found, LogicalDate)}
    return sa.Table(
        table.name, sa.MetaData(), *(sa.Column(name, found) for name, found in (types | days).items())
    )


OLD_RECEIPTS = with_days(receipts, "environment", "promoted_from")  # as 0003 had them


def made_at(ledger: Ledger, version: str) -> None:
    """Give an empty database the tables of an older version."""
    if ledger.url.get_backend_name() == "sqlite":
        Path(ledger.url.database).parent.mkdir(parents=True, exist_ok=True)
    with ledger.writing() as connection:
        config = Config()
        config.attributes["connection"] = connection
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, version)


def run(run_id: str, line: str, environment: str) -> dict[str, Any]:
    """Return a committed run as the ledger has it."""
    return {
        "id": run_id,
        "job": "takings",
        "line": line,
        "release": f"{line}.0",
        "table_name": TABLE,
        "environment": environment,
        "status": "committed",
        "first_date": FIRST,
        "last_date": SECOND,
        "started_at": NOW,
        "finished_at": NOW,
        "started_by": "someone",
        "host": "here",
        "pid": 1,
        "location": f"{TABLE}/{line}/_run={run_id}",
        "contract": {"columns": []},
        "code": {"state": "installed"},
        "engine": {},
        "inputs": [],
    }


def fill_0003(ledger: Ledger) -> None:
    """Two lines in prod, compared in its shadow; then a dev run that prod came to publish."""
    receipts = [("old", "0.1", 1), ("new", "0.2", 2), ("sample", "0.2", 3)]
    with ledger.writing() as connection:
        connection.execute(
            with_days(runs).insert(),
            [run("old", "0.1", "prod"), run("new", "0.2", "prod"), run("sample", "0.2", "dev")],
        )
        connection.execute(
            OLD_RECEIPTS.insert(),
            [
                {
                    "run_id": run_id,
                    "partition_date": day,
                    "table_name": TABLE,
                    "line": line,
                    "sequence": sequence,
                    "row_count": 1,
                    "committed_at": NOW,
                }
                for run_id, line, sequence in receipts
                for day in (FIRST, SECOND)
            ],
        )
        shown = [(FIRST, 1, "old"), (SECOND, 1, "old"), (FIRST, 4, "sample"), (SECOND, 5, None)]
        connection.execute(
            with_days(publications).insert(),
            [
                {
                    "environment": "prod",
                    "table_name": TABLE,
                    "partition_date": day,
                    "sequence": sequence,
                    "run_id": run_id,
                    "published_at": NOW,
                }
                for day, sequence, run_id in shown
            ],
        )
        connection.execute(
            with_days(comparisons).insert(),
            [
                {
                    "id": "c1",
                    "left_label": "takings@0.1",
                    "right_label": "takings@0.2",
                    "environment": "prod",
                    "verdict": "pass",
                    "first_date": FIRST,
                    "last_date": SECOND,
                    "compared_at": NOW,
                    "compared_by": "someone",
                    "result": {},
                }
            ],
        )
        connection.execute(
            with_days(shadows).insert(),
            [
                {
                    "id": f"s{served}",
                    "environment": "prod",
                    "job": "takings",
                    "rollout": 1,
                    "decision": 1,
                    "first_date": day,
                    "last_date": day,
                    "served_run": served,
                    "candidate_run": candidate,
                    "comparison": comparison,
                    "outcome": "pass" if comparison else "error",
                    "shadowed_at": NOW,
                }
                for day, served, candidate, comparison in (
                    (FIRST, "old", "new", "c1"),
                    (SECOND, "new", "old", "c1"),
                    (FIRST, "sample", None, None),
                )
            ],
        )


@pytest.fixture
def old_ledger(ledger_url: str) -> Ledger:
    """A ledger of version 0003 that has been used."""
    found = Ledger(ledger_url)
    made_at(found, "0003")
    fill_0003(found)
    return found


def test_outputs_go_to_the_environment_that_ran_them(old_ledger, ledger_url):
    """After the upgrade each output belongs to its run's environment, with all that it had."""
    with pytest.raises(LedgerVersionError, match="dwh ledger upgrade"):
        Ledger.open(ledger_url)
    old_ledger.upgrade()
    ledger = Ledger.open(ledger_url)
    assert ledger.version() == SCHEMA_VERSION
    found = [
        (o.environment, o.run_id, o.partition_date, o.line, o.sequence, o.row_count, o.promoted_from)
        for name in ("prod", "dev")
        for o in ledger.outputs(environment=name, table=TABLE)
        if o.promoted_from is None
    ]
    assert found == [
        ("prod", "old", FIRST, "0.1", 1, 1, None),
        ("prod", "old", SECOND, "0.1", 1, 1, None),
        ("prod", "new", FIRST, "0.2", 2, 1, None),
        ("prod", "new", SECOND, "0.2", 2, 1, None),
        ("dev", "sample", FIRST, "0.2", 3, 1, None),
        ("dev", "sample", SECOND, "0.2", 3, 1, None),
    ]


def test_what_an_environment_published_of_another_counts_as_promoted(old_ledger, ledger_url):
    """Readers get what they got before the upgrade; where it came from is on record."""
    old_ledger.upgrade()
    ledger = Ledger.open(ledger_url)
    (shown,) = ledger.published_outputs(environment="prod", table=TABLE)
    assert (shown.run_id, shown.partition_date, shown.promoted_from, shown.sequence) == (
        *("sample", FIRST, "dev"),
        4,
    )
    with ledger.reading() as connection:
        (promotion,) = connection.execute(sa.select(promotions)).all()
    assert (promotion.environment, promotion.table_name, promotion.sequence) == ("prod", TABLE, 4)
    assert "before outputs belonged to environments" in promotion.reason


def test_what_shadow_runs_compared_is_known_by_run(old_ledger):
    """Comparisons in the shadow say which runs they compared, the old line's on the left."""
    old_ledger.upgrade()
    with old_ledger.reading() as connection:
        found = connection.execute(sa.select(compared).order_by(compared.c.partition_date)).all()
    assert [tuple(row) for row in found] == [
        ("prod", "old", "new", FIRST, "c1"),
        ("prod", "old", "new", SECOND, "c1"),
    ]


def test_an_upgraded_ledger_takes_commits(old_ledger, ledger_url):
    """The numbers go on after what the ledger has."""
    old_ledger.upgrade()
    ledger = Ledger.create(ledger_url)
    with ledger.writing() as connection:
        connection.execute(metadata.tables["tables"].insert(), [{"name": TABLE, "sequence": 5}])
    (record,) = ledger.find_runs(runs.c.id == "new")
    again = type(record)(**{**vars(record), "id": "again", "status": "started", "finished_at": None})
    ledger.start_run(again)
    ledger.commit_run(again, {FIRST: 2, THIRD: 1})
    found = ledger.newest_outputs(environment="prod", table=TABLE, line="0.2")
    assert [(o.partition_date, o.run_id, o.sequence) for o in found] == [
        (FIRST, "again", 6),
        (SECOND, "new", 2),
        (THIRD, "again", 6),
    ]


def fill_later(ledger: Ledger) -> None:
    """A run of two dates in prod, published, with its files where the schema has a place for them."""
    key = {"table_name": TABLE, "environment": "prod", "run_id": "old"}
    rows = {
        runs: [run("old", "0.1", "prod")],
        receipts: [
            {**key, "partition_date": day, "line": "0.1", "sequence": 1, "row_count": 1, "committed_at": NOW}
            for day in (FIRST, SECOND)
        ],
        publications: [{**key, "partition_date": FIRST, "sequence": 1, "published_at": NOW}],
        output_files: [{"run_id": "old", "partition_date": FIRST, "files": [["day=1/a.parquet", 9, 1]]}],
        metadata.tables["tables"]: [{"name": TABLE, "sequence": 1}],
    }
    with ledger.writing() as connection:
        there = sa.inspect(connection)
        for table, found in rows.items():
            if there.has_table(table.name):
                types = {each["name"]: each["type"] for each in there.get_columns(table.name)}
                dates = {name: sa.Date() for name, each in types.items() if isinstance(each, sa.Date)}
                kept = {name: dates.get(name, table.c[name].type) for name in found[0] if name in types}
                place = sa.table(table.name, *(sa.column(name, each) for name, each in kept.items()))
                connection.execute(place.insert(), found)


@pytest.mark.parametrize("version", ["0004", "0005", "0006", "0007"])
def test_a_ledger_since_environments_have_outputs(ledger_url, version):
    """It publishes what it did, knows files as it did, and of new runs also what their footers say."""
    old = Ledger(ledger_url)
    made_at(old, version)
    fill_later(old)
    old.upgrade()
    ledger = Ledger.open(ledger_url)
    (shown,) = ledger.published_outputs(environment="prod", table=TABLE)
    assert (shown.run_id, shown.partition_date, shown.row_count) == ("old", FIRST, 1)
    known = {} if version == "0004" else {("old", FIRST): (WrittenFile("day=1/a.parquet", 9, 1),)}
    assert (ledger.files_of(["old"]), ledger.statistics_of(["old"])) == (known, {})
    (record,) = ledger.find_runs()
    again = type(record)(**{**vars(record), "id": "again", "status": "started", "finished_at": None})
    ledger.start_run(again)
    file = WrittenFile("a.parquet", 5, 1, {"n": ColumnStatistics(0, "1", "2"), "x": ColumnStatistics()})
    ledger.commit_run(again, {THIRD: 1}, {THIRD: [file]})
    assert ledger.statistics_of(["old", "again"]) == {("again", THIRD): (file,)}
