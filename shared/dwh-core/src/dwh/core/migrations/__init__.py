"""How an older ledger becomes a newer one: Alembic's migrations, run inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["upgrade"]

# Any constant will do, as long as nothing else in the database takes the same advisory lock.
_LOCK = 0x647768  # "dwh"


def upgrade(connection: sa.Connection) -> None:
    """Bring the ledger behind a connection to the newest version. Safe when two processes try."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.attributes["connection"] = connection
    with _scripts() as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        command.upgrade(config, "head")


@contextmanager
def _scripts() -> Iterator[Path]:
    """Give the folder of the migrations: a copy on disk, which Alembic needs, where dwh-core is in a zip."""
    here = files(__name__)
    if isinstance(here, Path):
        yield here
        return
    with TemporaryDirectory() as folder:
        _copy(here, Path(folder, "migrations"))
        yield Path(folder, "migrations")


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir()
    for item in source.iterdir():
        if item.is_file():
            (target / item.name).write_bytes(item.read_bytes())
        else:
            _copy(item, target / item.name)
