"""What each commit of the ledger calls: what it touched is brought to the catalogs, within a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from dwh.catalog.settings import CatalogSettings, catalog_settings
from dwh.core.config import Config
from dwh.core.errors import one_line

__all__ = ["follow"]


def follow(config: Config, tables: Sequence[str]) -> list[str]:
    """Bring some tables to the ledger's state in each catalog; return what went wrong, a sentence each.

    A catalog that does not answer in its time limit is left to itself. What is begun then may still be
    committed, which is right whenever it is.
    """
    return [
        problem for settings in catalog_settings(config) for problem in _followed(config, settings, tables)
    ]


def _followed(config: Config, settings: CatalogSettings, tables: Sequence[str]) -> list[str]:
    problems: list[str] = []
    worker = Thread(target=_sync, args=(config, settings, tables, problems), daemon=True)
    worker.start()
    worker.join(settings.timeout_seconds)
    if worker.is_alive():
        return [
            f"catalog {settings.name} has not answered in {settings.timeout_seconds:g} seconds; what was "
            "committed is safe, and the catalog is behind until you type: dwh catalog sync"
        ]
    return problems


def _sync(config: Config, settings: CatalogSettings, tables: Sequence[str], problems: list[str]) -> None:
    try:
        from dwh.catalog.connecting import connect
        from dwh.catalog.sync import sync_tables
        from dwh.core.ledger import Ledger
        from dwh.core.warehouse import Warehouse

        warehouse = Warehouse(config, Ledger.open(config.ledger))
        for synced in sync_tables(connect(settings), warehouse, tables, wholly=False):
            if synced.problem:
                problems.append(f"{synced.problem}")
    except Exception as error:
        problems.append(one_line(error))
