"""Why a catalog cannot be brought to the ledger's state, which touches neither the ledger nor a data file."""

from __future__ import annotations

from collections.abc import Iterable

from dwh.core.errors import DwhError, UsageError, listed

__all__ = [
    "CatalogError",
    "ForeignTableError",
    "NoCatalogError",
    "ServeError",
    "TakenNameError",
    "UnpublishableError",
]

_EXAMPLE = (
    '[catalogs.lake] and below it type = "sql", environments = ["prod"] and '
    'properties = { uri = "sqlite:///catalog.db" }, a line each'
)


class CatalogError(DwhError):
    """A catalog cannot be reached, or refused something."""

    code = "DWH971"

    def __init__(self, catalog: str, action: str, problem: str, hint: str) -> None:
        self.catalog, self.action, self.problem, self.hint = catalog, action, problem, hint
        super().__init__(f"catalog {catalog}: {action}: {problem}; {hint}")


class ForeignTableError(UsageError):
    """The catalog has a table of this name that dwh did not make. It is not touched."""

    code = "DWH972"

    def __init__(self, catalog: str, identifier: str, owner: str, key: str) -> None:
        self.catalog, self.identifier, self.owner = catalog, identifier, owner
        super().__init__(
            f"catalog {catalog} has a table {identifier} already, which {owner}; nothing was changed: "
            f"give the tables of dwh other names with {key} in dwh.toml, or drop that one there"
        )


class UnpublishableError(DwhError):
    """A table cannot be an Iceberg table as it is."""

    code = "DWH973"

    def __init__(self, table: str, column: str, problem: str, hint: str) -> None:
        self.table, self.column, self.problem, self.hint = table, column, problem, hint
        super().__init__(f"{table}: column {column} {problem}; {hint}")


class NoCatalogError(UsageError):
    """The configuration names no catalog, or none of that name."""

    code = "DWH974"

    def __init__(self, name: str | None, origin: str, known: Iterable[str]) -> None:
        self.name, self.origin, self.known = name, origin, tuple(known)
        wanted = "no catalog" if name is None else f"no catalog {name!r}"
        hint = f"named there: {listed(self.known)}" if self.known else f"write there: {_EXAMPLE}"
        if origin == "no dwh.toml":
            super().__init__(f"there is no dwh.toml here or above to name a catalog; write one: {_EXAMPLE}")
        else:
            super().__init__(f"{origin} names {wanted}; {hint}")


class TakenNameError(UsageError):
    """Two tables of the warehouse would have one name in a catalog."""

    code = "DWH975"

    def __init__(self, catalog: str, identifier: str, tables: Iterable[str]) -> None:
        self.catalog, self.identifier, self.tables = catalog, identifier, tuple(tables)
        super().__init__(
            f"catalog {catalog}: {' and '.join(self.tables)} would both be called {identifier}; give "
            f"catalogs.{catalog}.published and catalogs.{catalog}.lines patterns that tell them apart"
        )


class ServeError(UsageError):
    """A catalog cannot be served there, or not without a token."""

    code = "DWH976"

    def __init__(self, host: str, port: int, problem: str, hint: str) -> None:
        self.host, self.port, self.problem, self.hint = host, port, problem, hint
        super().__init__(f"cannot serve a catalog at {host}, port {port}: {problem}; {hint}")
