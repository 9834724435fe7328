"""How the database of a ledger is reached: its URL, its driver, and what holds in every connection."""

from __future__ import annotations

import codecs
from contextlib import closing
from functools import partial
from typing import Any
from urllib.parse import unquote

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import ArgumentError

from dwh.core.errors import LedgerError, without_secrets

__all__ = ["WAIT_SECONDS", "first_line", "ledger_engine", "ledger_url", "shown"]

WAIT_SECONDS = 60
"""How long to wait for others who write before giving up."""

_OF_SQLITE = ("cached_statements", "check_same_thread", "detect_types", "isolation_level", "timeout", "uri")
_ALLOWED = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"


def ledger_url(text: str) -> sa.URL:
    """Return a URL of a database that can hold a ledger; raises LedgerError for any other."""
    try:
        url = sa.make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, ValueError):  # whose text may hold the password
        scheme, mark, _ = text.partition("://") if "://" in text else ("", "", text)
        raise LedgerError(f"{scheme[:20]}{mark}…", f"this is not a database URL; {_ALLOWED}") from None
    if backend not in ("sqlite", "postgresql"):
        raise LedgerError(shown(url), f"a ledger cannot be kept in {backend}; {_ALLOWED}")
    if backend == "sqlite" and url.database:  # SQLAlchemy decodes it since 2.1
        url = url.set(database=unquote(text.partition(":///")[2].partition("?")[0]))
    return url


def ledger_engine(url: sa.URL) -> sa.Engine:
    """Return what opens connections to a ledger; raises LedgerError for a URL that it cannot open."""
    try:
        return _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url)
    except ImportError as error:
        problem = f"its driver is missing ({error}); type: pip install 'dwh-core[postgresql]'"
        raise LedgerError(shown(url), problem) from None
    except (ArgumentError, TypeError, ValueError) as error:
        raise LedgerError(shown(url), f"its URL cannot be used: {first_line(error)}; {_ALLOWED}") from None


def shown(url: sa.URL) -> str:
    """Return a URL without its password, wherever it holds one."""
    place, mark, query = url.render_as_string(hide_password=True).partition("?")
    return place + without_secrets(mark + query)


def first_line(error: Exception) -> str:
    """Return what a database or its driver says, without the statement."""
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)


def _postgresql(url: sa.URL) -> sa.Engine:
    # The ledger's locks are rows of `tables`. Who has waited for one must see what was committed
    # meanwhile, whatever isolation the server, the role or the URL has as a default.
    engine = sa.create_engine(url, pool_pre_ping=True, isolation_level="READ COMMITTED")
    prepare = partial(_prepare_postgresql, engine.dialect)
    sa.event.listen(engine, "connect", prepare, insert=True)  # before SQLAlchemy asks anything
    return engine


def _prepare_postgresql(dialect: Dialect, connection: Any, _record: object) -> None:
    # Texts of any language, and dates that drivers can read, whatever the database or the role defaults to.
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET client_encoding TO 'UTF8'")
        cursor.execute("SET datestyle TO 'ISO'")
        cursor.execute("SHOW server_encoding")
        dialect.dwh_encoding = _encoding(cursor.fetchone()[0])  # type: ignore[attr-defined]  # for FreeText
    connection.commit()


def _encoding(name: str) -> str | None:
    """Return what Python calls an encoding of PostgreSQL; None where it holds every character."""
    if name in ("UTF8", "SQL_ASCII"):  # of which the second holds any bytes
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "ascii"


def _sqlite(url: sa.URL) -> sa.Engine:
    # Some versions of SQLAlchemy pass what SQLite does not know on to it, others drop it with a warning.
    if "uri" not in url.query and (unknown := sorted(set(url.query) - set(_OF_SQLITE))):
        raise ValueError(f"SQLite has no parameter {unknown[0]}; its parameters: {', '.join(_OF_SQLITE)}")
    engine = sa.create_engine(url, connect_args={"timeout": WAIT_SECONDS})
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
