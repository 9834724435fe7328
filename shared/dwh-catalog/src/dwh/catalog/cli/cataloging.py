"""Commands that bring catalogs to the ledger's state, and one that is a catalog: `dwh catalog …`."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from dwh.core.config import load_config
from dwh.core.names import valid_table
from dwh.migrate import completion
from dwh.migrate.cli.options import FiniteRange, as_json
from dwh.migrate.console import print_error, print_json, print_note, print_rows

if TYPE_CHECKING:
    from dwh.catalog.connecting import Connected
    from dwh.catalog.settings import CatalogSettings
    from dwh.catalog.subjects import Subject
    from dwh.catalog.sync import Standing, Synced
    from dwh.core.warehouse import Warehouse

__all__ = ["catalog"]

T = TypeVar("T")

_DAY = 24 * 3600

_tables = click.argument("tables", nargs=-1, metavar="[TABLE]…", shell_complete=completion.tables)
_name = click.option(
    "--catalog",
    "name",
    metavar="NAME",
    help="Only this one; by default all of dwh.toml.",
    shell_complete=completion.catalogs,
)


@click.group()
def catalog() -> None:
    """Let SQL engines read published tables: Iceberg tables in catalogs that follow the ledger."""


@catalog.command()
@_tables
@_name
@click.option(
    "--watch",
    type=FiniteRange(0, _DAY, min_open=True),
    metavar="SECONDS",
    help="Keep going: look again every so many seconds.",
)
@as_json
def sync(tables: tuple[str, ...], name: str | None, watch: float | None, as_json: bool) -> None:
    """Bring tables to the ledger's state: all of them, or those named. No data is copied.

    Changes that others made in a catalog are undone and reported. Exits with 1 when a table could not be
    brought to the ledger's state, or a catalog is down; the others are not affected. With --watch, a catalog
    or a ledger that is down is tried again, until SIGTERM ends it.

    \b
    Examples:
      dwh catalog sync
      dwh catalog sync flights.carrier_delays --catalog lake
      dwh catalog sync --watch 30
    """
    if watch is not None:
        _sync_on(tables, name, as_json, watch)
    found, down = _sync_all(tables, name)
    _print_synced(found, as_json, quiet=False)
    if down or any(one.problem for one in found):
        sys.exit(1)


@catalog.command()
@_tables
@_name
@as_json
def status(tables: tuple[str, ...], name: str | None, as_json: bool) -> None:
    """Say how far each table in each catalog has followed the ledger.

    Exits with 1 when one is not at the ledger's state, or a catalog is down.

    \b
    Examples:
      dwh catalog status
      dwh catalog status flights.carrier_delays --json
    """
    from dwh.catalog.sync import standings

    warehouse, settings = _opened(tables, name)
    found, down = _of_each(settings, lambda each: standings(each, warehouse, tables or None))
    if as_json:
        print_json([_standing(one) for one in found])
    else:
        columns = ("catalog", "table", "of", "ledger", "stands at", "state")
        rows = [
            (*_where(one.name, one.subject), one.ledger, _or_dash(one.catalog), one.state) for one in found
        ]
        print_rows(columns, rows, right=("ledger", "stands at"))
    behind = sum(not one.is_current for one in found)
    if behind:
        are = "is" if behind == 1 else "are"
        print_note(f"{behind} of {len(found)} tables {are} not at the ledger's state; type: dwh catalog sync")
    if behind or down:
        sys.exit(1)


@catalog.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen: a name or an address.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8181, show_default=True, help="0 takes a free one."
)
def serve(host: str, port: int) -> None:
    """Serve a catalog: engines attach, and read every table at the ledger's state. Ctrl-C stops it.

    It needs no database and no catalog in dwh.toml, is never behind, and changes nothing. Each environment is
    a namespace, with the tables that it publishes, and so is each line there, such as prod__v0_1.

    \b
    For other machines, readers have to send a token, which you keep in a variable:
      export DWH_CATALOG_TOKEN=$(openssl rand -hex 24)
      dwh catalog serve --host 0.0.0.0

    \b
    Examples:
      dwh catalog serve
      dwh catalog serve --port 9000
    """
    from dwh.catalog.served import ServedTables
    from dwh.catalog.serving import TOKEN, attaching, listening
    from dwh.catalog.serving import serve as answer

    config, token = load_config(), os.environ.get(TOKEN) or None
    tables = ServedTables(config)
    with listening(host, port, token) as (at, address):
        print(f"serving {config.warehouse} at {address}; Ctrl-C stops it\n")
        for engine, typed in attaching(address, token):
            print(f"{engine:9}  {typed}")  # in one line, to be copied
        sys.stdout.flush()
        answer(tables, token, at)


def _opened(tables: tuple[str, ...], name: str | None) -> tuple[Warehouse, list[CatalogSettings]]:
    from dwh.catalog.settings import chosen_catalogs
    from dwh.core.errors import UnknownTableError
    from dwh.core.warehouse import Warehouse

    config = load_config()
    settings = chosen_catalogs(config, name)
    warehouse = Warehouse.open(config)
    known = warehouse.ledger.table_names()
    for table in tables:
        if valid_table(table) not in known:
            raise UnknownTableError(table, known)
    return warehouse, settings


def _sync_on(tables: tuple[str, ...], name: str | None, as_json: bool, seconds: float) -> NoReturn:
    """Sync again and again until SIGTERM. Whatever it is at then, the next sync makes up for."""
    from dwh.catalog.errors import CatalogError
    from dwh.core.errors import LedgerError

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        try:
            found, _ = _sync_all(tables, name)
            _print_synced(found, as_json, quiet=True)
        except (CatalogError, LedgerError) as error:
            print_error(str(error))
        time.sleep(seconds)


def _sync_all(tables: tuple[str, ...], name: str | None) -> tuple[list[Synced], bool]:
    from dwh.catalog.sync import sync_tables

    warehouse, settings = _opened(tables, name)
    return _of_each(settings, lambda each: sync_tables(each, warehouse, tables or None))


def _of_each(
    settings: list[CatalogSettings], ask: Callable[[Connected], Iterable[T]]
) -> tuple[list[T], bool]:
    """Return what each catalog answers, and whether one is down, which is named and keeps no other from it.

    Raises CatalogError where none of them answers anything.
    """
    from dwh.catalog.connecting import connect
    from dwh.catalog.errors import CatalogError

    found: list[T] = []
    down: list[CatalogError] = []
    for each in settings:
        try:
            found.extend(ask(connect(each)))
        except CatalogError as error:
            down.append(error)
    for named in down if found else down[1:]:
        print_error(str(named))
    if down and not found:
        raise down[0]
    return found, bool(down)


def _print_synced(found: list[Synced], as_json: bool, *, quiet: bool) -> None:
    if as_json:
        print_json([_synced(one) for one in found])
        return
    shown = [one for one in found if one.action != "unchanged" or not quiet]
    if shown or not quiet:
        columns = ("catalog", "table", "of", "sequence", "what was done")
        rows = [(*_where(one.catalog, one.subject), _or_dash(one.sequence), one.action) for one in shown]
        print_rows(columns, rows, right=("sequence",))
    for one in shown:
        if one.problem:
            print_error(one.problem)


def _where(catalog: str, subject: Subject) -> tuple[str, str, str]:
    return catalog, subject.name, str(subject)


def _or_dash(value: object) -> object:
    return "-" if value is None else value


def _subject(subject: Subject) -> dict[str, Any]:
    return {**asdict(subject), "identifier": subject.name}


def _standing(one: Standing) -> dict[str, Any]:
    return {
        "name": one.name,
        **_subject(one.subject),
        "ledger": one.ledger,
        "catalog": one.catalog,
        "state": one.state,
    }


def _synced(one: Synced) -> dict[str, Any]:
    found = {"name": one.catalog, **_subject(one.subject), "action": one.action, "sequence": one.sequence}
    return {**found, "problem": one.problem} if one.problem else found
