"""What each commit of the ledger calls: what it touched is brought to the catalogs, within a time limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from threading import Thread

from dwh.catalog.settings import CatalogSettings, catalog_settings, served_settings, was_served
from dwh.core.config import Config
from dwh.core.errors import one_line

__all__ = ["FOLLOWER", "CatalogFollower"]


class CatalogFollower:
    """The follower that brings catalogs to the ledger's state. See `dwh.core.followers.Follower`."""

    def follow(self, config: Config, tables: Sequence[str]) -> list[str]:
        """Bring some tables to the ledger's state in each catalog; return what went wrong, a sentence each.

        A catalog that does not answer in its time limit is left to itself. What is begun then may still be
        committed, which is right whenever it is.
        """
        return [
            problem
            for settings in catalog_settings(config)
            for problem in _followed(config, settings, tables)
        ]

    def readable_since(self, config: Config) -> datetime | None:
        """Return since when states can still be read in some catalog, served ones included.

        A catalog that is behind still names what was there when it was brought to the ledger's state last.

        Raises CatalogError when one does not say what it names, and LedgerError.
        """
        catalogs = catalog_settings(config)
        kept = [
            each.keep_days for each in catalogs + ([served_settings(config)] if was_served(config) else [])
        ]
        now = datetime.now(timezone.utc)
        since = [now - timedelta(days=max(kept))] if kept else []
        return min([*since, *(at for each in catalogs for at in _named_since(config, each))], default=None)


FOLLOWER = CatalogFollower()


def _named_since(config: Config, settings: CatalogSettings) -> list[datetime]:
    """Return since when a catalog's tables are as they are now; raises CatalogError."""
    from dwh.catalog.errors import CatalogError

    found: list[datetime] = []
    problems: list[str] = []
    worker = Thread(target=_look, args=(config, settings, found, problems), daemon=True)
    worker.start()
    worker.join(settings.timeout_seconds)
    if worker.is_alive():
        problems.append(f"it has not answered in {settings.timeout_seconds:g} seconds")
    if problems:
        hint = "nothing was removed: try again when it is back, or type dwh gc without --keep"
        raise CatalogError(settings.name, "asking which outputs it still names", problems[0], hint)
    return found


def _look(config: Config, settings: CatalogSettings, found: list[datetime], problems: list[str]) -> None:
    try:
        from dwh.catalog.connecting import connect
        from dwh.catalog.sync import named_since
        from dwh.core.ledger import Ledger
        from dwh.core.warehouse import Warehouse

        found += named_since(connect(settings), Warehouse(config, Ledger.open(config.ledger)))
    except Exception as error:
        problems.append(getattr(error, "problem", None) or one_line(error))


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
