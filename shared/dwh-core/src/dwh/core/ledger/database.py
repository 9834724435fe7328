"""The database that holds a ledger: which version it has, and its transactions.

What is read and written in them is `dwh.core.ledger`'s, how the database is reached `connecting`'s.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dwh.core.errors import (
    LedgerBusyError,
    LedgerCutError,
    LedgerError,
    LedgerVersionError,
    NoLedgerError,
)
from dwh.core.ledger import connecting
from dwh.core.ledger.connecting import first_line, ledger_engine, ledger_url, shown
from dwh.core.ledger.schema import ledger_version

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["SCHEMA_VERSION", "LedgerDatabase", "insert_if_absent", "one_transaction"]

SCHEMA_VERSION = "0008"
_CONFLICTS = ("40001", "40P01")  # PostgreSQL's serialization_failure and deadlock_detected
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.02, 1.0

P = ParamSpec("P")
R = TypeVar("R")


def one_transaction(function: Callable[P, R]) -> Callable[P, R]:
    """Do all of it again when the database undid it for the sake of another transaction, or was cut off.

    For a function whose only effect is one transaction of the ledger. What it read in the ledger
    before may have changed, so that it must read it itself. After a minute, LedgerBusyError is raised.
    """

    @wraps(function)
    def until_done(*args: P.args, **kwargs: P.kwargs) -> R:
        deadline, pause = time.monotonic() + connecting.WAIT_SECONDS, _FIRST_PAUSE_SECONDS
        while True:
            try:
                return function(*args, **kwargs)
            except LedgerBusyError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 -- so that two do not meet again
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    return until_done


class LedgerDatabase:
    """The database that holds a ledger. Nothing is connected or checked before `open` or `create`."""

    def __init__(self, url: str) -> None:
        self.url = ledger_url(url)
        self._engine = ledger_engine(self.url)

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
        return shown(self.url)

    def version(self) -> str | None:
        """Return the version of the ledger's schema, None where there is no ledger yet."""
        if self._is_missing_file():
            return None
        with self.reading() as connection:
            if not sa.inspect(connection).has_table(ledger_version.name):
                return None
            version: str | None = connection.scalar(sa.select(ledger_version.c.version_num))
            return version

    @one_transaction
    def upgrade(self) -> None:
        """Bring the ledger's schema to the newest version, in one transaction."""
        from dwh.core.migrations import upgrade  # Alembic is slow to import and seldom needed

        with self.writing() as connection:
            upgrade(connection)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection to read with; raises LedgerError for whatever the database refuses."""
        with self._reported(), self._connected(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction, committed at the end; raises LedgerError.

        LedgerBusyError says that the database undid it for another's sake, LedgerCutError that the connection
        was cut before the end: see `one_transaction`.
        """
        engine = self._engine.execution_options(dwh_writes=True)
        with self._reported(), self._connected(engine) as connection, connection.begin() as transaction:
            yield connection
            self._commit(transaction)

    def _commit(self, transaction: sa.RootTransaction) -> None:
        """Commit; whoever is cut off while that goes on cannot know what has become of it."""
        try:
            transaction.commit()
        except SQLAlchemyError as error:
            if not _is_cut(error):
                raise
            problem = (
                f"the connection to it was cut at the commit ({first_line(error)}), so all of it was "
                "recorded, or nothing: type dwh history TABLE, or dwh rollout history JOB, then try again"
            )
            raise LedgerError(self.shown_url, problem) from error

    def _connected(self, engine: sa.Engine) -> sa.Connection:
        try:
            return engine.connect()
        except (TypeError, ValueError) as error:  # what a driver says to a parameter that it does not know
            raise LedgerError(self.shown_url, f"its URL cannot be used: {first_line(error)}") from None

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn a database's error into a LedgerError, without the password or the statement."""
        try:
            yield
        except SQLAlchemyError as error:
            if _is_cut(error):
                raise LedgerCutError(self.shown_url, first_line(error)) from error
            if _is_conflict(error):
                raise LedgerBusyError(self.shown_url, first_line(error)) from error
            problem = "cannot be used" if isinstance(error, OperationalError) else "refused a statement"
            raise LedgerError(self.shown_url, f"{problem}: {first_line(error)}") from error

    def _check(self, version: str | None) -> None:
        if version is None:
            raise NoLedgerError(self.shown_url)
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
    """Insert rows, apart from those that are there, or that another process is just inserting.

    They go in in the order of their key, so that two who insert the same wait instead of deadlock.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    if rows:
        key = [column.name for column in table.primary_key]
        ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
        connection.execute(insert(table).on_conflict_do_nothing(), ordered)


def _is_cut(error: SQLAlchemyError) -> bool:
    """Return whether a connection that was there is no more."""
    return isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated


def _is_conflict(error: SQLAlchemyError) -> bool:
    """Return whether the same transaction may work when it is tried again."""
    cause = getattr(error, "orig", None)
    return getattr(cause, "sqlstate", None) in _CONFLICTS or (
        isinstance(cause, sqlite3.OperationalError) and "locked" in str(cause)
    )
