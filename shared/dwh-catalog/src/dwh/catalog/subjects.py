"""Which tables a catalog has: what each environment publishes, and what each line has written there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dwh.catalog.errors import TakenNameError
from dwh.catalog.settings import CatalogSettings
from dwh.core.ledger import Ledger

__all__ = ["Subject", "subjects_of"]

_NO_SCHEMA = "default"


@dataclass(frozen=True)
class Subject:
    """A table of a catalog: what an environment publishes of a table, or with a `line` what it has written.

    Attributes:
        identifier: namespace and name in the catalog.
    """

    environment: str
    table: str
    line: str | None
    identifier: tuple[str, str]

    @property
    def name(self) -> str:
        """The name in the catalog."""
        return ".".join(self.identifier)

    def __str__(self) -> str:
        what = "published" if self.line is None else f"line {self.line}"
        return f"{self.table} ({self.environment}, {what})"


def subjects_of(
    settings: CatalogSettings, ledger: Ledger, tables: Iterable[str] | None = None
) -> list[Subject]:
    """Return the tables that a catalog should have, as far as the ledger knows outputs.

    Parameters:
        tables: only of these tables of the warehouse.

    Raises TakenNameError when two of them would have one name.
    """
    known = ledger.table_names()
    wanted = known if tables is None else [table for table in known if table in set(tables)]
    found = [
        subject
        for table in wanted
        for environment in settings.environments
        for subject in _of_table(settings, ledger, environment=environment, table=table)
    ]
    _refuse_taken(settings, found)
    return found


def _of_table(settings: CatalogSettings, ledger: Ledger, *, environment: str, table: str) -> list[Subject]:
    lines = ledger.table_lines(environment=environment, table=table)
    found = []
    if settings.published is not None and lines:
        name = _named(settings.published, environment=environment, table=table)
        found.append(Subject(environment, table, None, name))
    for line in lines if settings.lines is not None else ():
        name = _named(settings.lines or "", environment=environment, table=table, line=line)
        found.append(Subject(environment, table, line, name))
    return found


def _named(pattern: str, *, environment: str, table: str, line: str = "") -> tuple[str, str]:
    """Return namespace and name: a pattern has one dot, and what fills it has none."""
    schema, _, short = table.rpartition(".")
    filled = pattern.format(
        environment=environment,
        schema=schema.replace(".", "_") or _NO_SCHEMA,
        table=short,
        line=line.replace(".", "_"),
    )
    namespace, _, name = filled.partition(".")
    return namespace, name


def _refuse_taken(settings: CatalogSettings, subjects: Iterable[Subject]) -> None:
    named = defaultdict(list)
    for subject in subjects:
        named[subject.identifier].append(subject)
    for identifier, found in named.items():
        if len(found) > 1:
            raise TakenNameError(settings.name, ".".join(identifier), map(str, found))
