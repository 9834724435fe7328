"""What reads a table that something else wrote, chosen by what is at its place.

Other distributions bring readers of tables with a log, by an entry point each in the group `dwh.tables`:

    [project.entry-points."dwh.tables"]
    iceberg = "dwh.catalog.iceberg_tables:found_iceberg"

The entry's name is the kind, and its object takes the place, the name that the table is to have, and the
columns whose bounds are left out. It returns a `FoundTable`, and raises FilesError.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from dwh.core.contract import Table
from dwh.core.distributions import entries_of
from dwh.core.errors import UsageError
from dwh.core.names import valid_table
from dwh.migrate.compare.folder import has_iceberg, look_at, opened_system
from dwh.migrate.delta_tables import found_delta
from dwh.migrate.draft import draft_of, drafted, look_into, name_at
from dwh.migrate.found_tables import FoundTable, found_folder

__all__ = ["GROUP", "Reader", "draft_contract", "found_table", "has_log"]

GROUP = "dwh.tables"

Reader = Callable[[str, str, Collection[str]], FoundTable]


def found_table(place: str, name: str, hidden: Collection[str]) -> FoundTable:
    """Return the table at a place, as it is now.

    Parameters:
        place: a folder of Parquet files, or of a table with a log; or a metadata file of an Iceberg table.
        name: that the table is to have.
        hidden: columns whose bounds are left out.

    Raises FilesError, and UsageError where what reads such a table is not installed.
    """
    return _reader(place)(place, name, hidden)


def has_log(place: str) -> bool:
    """Tell whether a table keeps a log that says which files count, as Iceberg's and Delta's do."""
    return _reader(place) is not found_folder


def draft_contract(path: str, name: str | None = None) -> Table:
    """Return a contract that the table at a path keeps.

    Parameters:
        path: of a Parquet file, or what `found_table` takes.
        name: of the table; by default that of the folder.

    A column is nullable unless each file says that it holds no null. See `dwh.migrate.draft` for what is the
    logical date.

    Raises FilesError or InvalidNameError where no contract can hold what is there, and UsageError where the
    table has no name, or what reads it is not installed.
    """
    reader = _reader(path)
    if reader is found_folder:
        folder = look_at(path)
        return draft_of(folder, look_into(folder), valid_table(name) if name else name_at(folder.root))
    table = valid_table(name) if name else name_at(path)
    found = reader(path, table, ())
    values = {by: [file.partition[by] for file in found.files] for by in found.partitioned_by}
    return drafted(table, found.columns, values)


def _reader(place: str) -> Reader:
    system, root = opened_system(place)
    if system.exists(f"{root}/_delta_log"):
        return found_delta
    if place.endswith(".metadata.json") or has_iceberg(system, f"{root}/metadata"):
        return _brought("iceberg", place)
    return found_folder


def _brought(kind: str, place: str) -> Reader:
    for entry, _ in entries_of(GROUP):
        if entry.name == kind:
            reader: Reader = entry.load()
            return reader
    raise UsageError(f"{place} is an Iceberg table, which dwh-catalog reads; type: pip install dwh-catalog")
