"""How an older ledger becomes a newer one: Alembic's migrations, run inside the caller's transaction."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

__all__ = ["upgrade"]

# Any constant will do, as long as nothing else in the database takes the same advisory lock.
_LOCK = 0x647768  # "dwh"


def upgrade(connection: sa.Connection) -> None:
    """Bring the ledger behind a connection to the newest version. Safe when two processes try."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
