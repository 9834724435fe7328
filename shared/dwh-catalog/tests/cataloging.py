"""A catalog as a test asks it: synced, and read by pyiceberg and DuckDB."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pyiceberg.table import Table

from dwh.catalog.connecting import Connected, connect
from dwh.catalog.settings import CatalogSettings, catalog_settings
from dwh.catalog.sync import Standing, standings, sync_tables
from dwh.core.warehouse import Warehouse


@dataclass
class Lake:
    """A catalog, connected, and the warehouse that it follows."""

    settings: CatalogSettings
    connected: Connected
    warehouse: Warehouse

    @classmethod
    def of(cls, warehouse: Warehouse) -> Lake:
        settings = catalog_settings(warehouse.config)[0]
        return cls(settings, connect(settings), warehouse)

    def sync(self, tables: Iterable[str] | None = None, *, wholly: bool = True) -> dict[str, str]:
        """Sync, and return what was done by the name of each table; a problem raises."""
        done = {}
        for one in sync_tables(self.connected, self.warehouse, tables, wholly=wholly):
            assert not one.problem, one.problem
            done[one.subject.name] = one.action
        return done

    def problems(self) -> list[str]:
        return [one.problem for one in sync_tables(self.connected, self.warehouse) if one.problem]

    def standings(self) -> dict[str, Standing]:
        return {one.subject.name: one for one in standings(self.connected, self.warehouse)}

    def table(self, name: str) -> Table:
        return self.connected._catalog.load_table(name)

    def rows(self, name: str, **scan: Any) -> list[dict[str, Any]]:
        """Return the rows as pyiceberg reads them."""
        return self.table(name).scan(**scan).to_arrow().to_pylist()

    def metadata(self, name: str) -> str:
        """Return where the newest metadata file of a table is, which engines without the catalog open."""
        return self.table(name).metadata_location
