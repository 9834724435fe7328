"""The database that holds a ledger: how it is reached, which version it has, and its transactions.

What is read and written in them is `dwh.core.ledger`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from dwh.core.errors import LedgerError, LedgerVersionError
from dwh.core.ledger.schema import ledger_version

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SCHEMA_VERSION", "LedgerDatabase", "insert_if_absent"]

SCHEMA_VERSION = "0003"
_SQLITE_WAIT_SECONDS = 60


class LedgerDatabase:
    """The database that holds a ledger. Nothing is connected or checked before `open` or `create`."""

    def __init__(self, url: str) -> None:
        try:
            self.url = sa.make_url(url)
        except (ArgumentError, ValueError):  # whose text may hold the password
            raise LedgerError(url.partition("://")[0] + "://…", "this is no URL of a database") from None
        self._engine = _engine(self.url)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the ledger that is there.

        Raises LedgerError when the database cannot be reached or holds no ledger, and
        LedgerVersionError when the ledger is of another version than this dwh-core's.
        """
        ledger = cls(url)
        ledger._check(ledger.version())
        return ledger

    @classmethod
    def create(cls, url: str) -> Self:
        """Return the ledger, after giving an empty database its tables. Raises what `open` raises."""
        ledger = cls(url)
        if ledger.url.get_backend_name() == "sqlite":
            ledger._make_folder()
        version = ledger.version()
        if version is None:
            ledger.upgrade()
        else:
            ledger._check(version)
        return ledger

    @property
    def shown_url(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def version(self) -> str | None:
        """Return the version of the ledger's schema, None where there is no ledger yet."""
        if self._is_missing_file():
            return None
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(ledger_version.name):
                return None
            version: str | None = connection.scalar(sa.select(ledger_version.c.version_num))
            return version

    def upgrade(self) -> None:
        """Bring the ledger's schema to the newest version, in one transaction."""
        from dwh.core.migrations import upgrade  # Alembic is slow to import and seldom needed

        with self.writing() as connection:
            upgrade(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with; raises LedgerError for whatever the database refuses."""
        with self._reported(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction, committed at the end; raises LedgerError."""
        engine = self._engine.execution_options(dwh_writes=True)
        with self._reported(), engine.begin() as connection:
            yield connection

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn a database's error into a LedgerError, without the password or the statement."""
        try:
            yield
        except OperationalError as error:
            raise LedgerError(self.shown_url, f"cannot be used: {_first_line(error)}") from error
        except SQLAlchemyError as error:
            raise LedgerError(self.shown_url, f"refused a statement: {_first_line(error)}") from error

    def _check(self, version: str | None) -> None:
        if version is None:
            problem = "there is no ledger yet; the first run makes it: dwh run JOB@LINE --date DATE"
            raise LedgerError(self.shown_url, problem)
        if version != SCHEMA_VERSION:
            raise LedgerVersionError(self.shown_url, version, SCHEMA_VERSION, version > SCHEMA_VERSION)

    def _is_missing_file(self) -> bool:
        is_file = self.url.get_backend_name() == "sqlite"
        return is_file and not Path(self.url.database or "").exists()

    def _make_folder(self) -> None:
        try:
            Path(self.url.database or "").parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(self.shown_url, f"its folder cannot be made: {error}") from None


def insert_if_absent(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, apart from those that are there, or that another process is just inserting."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    if rows:
        connection.execute(insert(table).on_conflict_do_nothing(), rows)


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() != "sqlite":
        try:
            return sa.create_engine(url, pool_pre_ping=True)
        except ImportError as error:
            raise LedgerError(
                url.render_as_string(hide_password=True),
                f"its driver is missing ({error}); type: pip install 'dwh-core[postgresql]'",
            ) from None
    engine = sa.create_engine(url, connect_args={"timeout": _SQLITE_WAIT_SECONDS})
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin is ours, below
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes its lock at once: one that starts by reading could not wait for another later.
    writes = connection.get_execution_options().get("dwh_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
