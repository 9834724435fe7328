"""The tables of a warehouse as `dwh catalog serve` has them, each at the ledger's state when it is asked for.

There is no setting: a namespace for each environment, with what it publishes, and one for each line in it,
such as `prod__v0_1`. A table's name has `_` for dots. What engines open is beside the data, made when a table
is first asked for after the ledger's sequence has changed.
"""

from __future__ import annotations

from collections import defaultdict
from threading import Lock

import sqlalchemy as sa
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
from pyiceberg.table import Table

from dwh.catalog.connecting import connect
from dwh.catalog.errors import CatalogError
from dwh.catalog.settings import served_settings
from dwh.catalog.subjects import Subject
from dwh.catalog.sync import is_current, sync_table
from dwh.core.config import Config
from dwh.core.errors import listed
from dwh.core.ledger.schema import publications, receipts
from dwh.core.names import environment_read
from dwh.core.warehouse import Warehouse

__all__ = ["ServedTables"]


class ServedTables:
    """The tables of a warehouse, for readers. Safe to use from several threads.

    Raises LedgerError, as every method does, and CatalogError where the warehouse's files are not reached.
    """

    def __init__(self, config: Config) -> None:
        self._warehouse = Warehouse.open(config)
        self._settings = served_settings(config)
        self._connected = connect(self._settings)
        self._locks: dict[tuple[str, str], Lock] = {}

    def namespaces(self) -> list[str]:
        """Return the namespaces: environments, and the lines that have outputs there."""
        return sorted(self._tables())

    def tables(self, namespace: str) -> list[str]:
        """Return the names of a namespace's tables; raises NoSuchNamespaceError."""
        return sorted(self._within(namespace))

    def table(self, namespace: str, name: str) -> Table:
        """Return a table at the ledger's state.

        Raises what `subject` raises, and UnpublishableError when it cannot be an Iceberg table.
        """
        subject = self.subject(namespace, name)
        with self._locks.setdefault(subject.identifier, Lock()):  # its files are made once
            found = self._connected.table(subject)
            if found is None or not is_current(self._connected, self._warehouse, subject, found):
                sync_table(self._connected, self._warehouse, subject, wholly=False)
                found = self._connected.table(subject)
        if found is None:
            raise NoSuchTableError(f"{subject} has no output any more, and was never asked for before")
        return found

    def subject(self, namespace: str, name: str) -> Subject:
        """Return which table has a name; raises NoSuchNamespaceError, NoSuchTableError and CatalogError."""
        within = self._within(namespace)
        if not (found := within.get(name)):
            raise NoSuchTableError(
                f"namespace {namespace} has no table {name}; it has: {listed(sorted(within))}"
            )
        if len(found) > 1:
            both = " and ".join(map(str, found))
            hint = "read them with read_table, or by [catalogs.NAME] in dwh.toml, whose patterns can differ"
            raise CatalogError(
                self._settings.name,
                f"naming table {namespace}.{name}",
                f"{both} would both be called that",
                hint,
            )
        return found[0]

    def _within(self, namespace: str) -> dict[str, list[Subject]]:
        found = self._tables()
        if namespace not in found:
            raise NoSuchNamespaceError(
                f"there is no namespace {namespace}; there are: {listed(sorted(found))}"
            )
        return found[namespace]

    def _tables(self) -> dict[str, dict[str, list[Subject]]]:
        """Return all tables by namespace and name."""
        found: dict[str, dict[str, list[Subject]]] = defaultdict(lambda: defaultdict(list))
        for environment, table, line in self._known():
            subject = _subject(environment=environment, table=table, line=line)
            found[environment]  # is a namespace also before it publishes anything
            namespace, name = subject.identifier
            found[namespace][name].append(subject)
        return found

    def _known(self) -> list[tuple[str, str, str | None]]:
        """Return environment, table and line of all tables, None for what an environment publishes.

        Without the outputs that were only computed to be compared.
        """
        published = sa.select(publications.c.environment, publications.c.table_name).distinct()
        written = sa.select(receipts.c.environment, receipts.c.table_name, receipts.c.line).distinct()
        with self._warehouse.ledger.reading() as connection:
            found = [(*row, None) for row in connection.execute(published)]
            found += connection.execute(written)
        return [row for row in found if environment_read(row[0]) == row[0]]


def _subject(*, environment: str, table: str, line: str | None) -> Subject:
    namespace = environment if line is None else f"{environment}__v{line.replace('.', '_')}"
    return Subject(environment, table, line, (namespace, table.replace(".", "_")))
