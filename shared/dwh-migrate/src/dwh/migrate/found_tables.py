"""Tables that something else wrote: which files they consist of, and what is known of these without a scan.

Folders of Parquet files are looked at here. What reads tables with a log of their own is chosen by
`dwh.migrate.table_readers`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dwh.core.contract import Column
from dwh.core.ledger.records import WrittenFile
from dwh.core.storage.listing import file_states
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import look_at
from dwh.migrate.draft import draft_of, look_into

__all__ = ["FoundFile", "FoundTable", "absolute", "found_folder", "with_states"]


@dataclass(frozen=True)
class FoundFile:
    """A file of a table.

    Attributes:
        written: its path below the table's location, with size, time, rows and statistics.
        partition: values of columns that all its rows have, as text; None for null.
    """

    written: WrittenFile
    partition: Mapping[str, str | None]


@dataclass(frozen=True)
class FoundTable:
    """A table as it is now.

    Attributes:
        place: as somebody named it.
        location: below which the files lie, absolute.
        columns: nullable where some file holds a null, or nobody says that it holds none.
        partitioned_by: columns whose values are known for each file as a whole.
        by_folders: whether only names of folders say so: the files do not hold these columns.
        origin: what the ledger keeps of where it came from: `format`, and what belongs to it, JSON-able.
    """

    place: str
    location: str
    columns: Sequence[Column]
    partitioned_by: tuple[str, ...]
    by_folders: bool
    files: Sequence[FoundFile]
    origin: Mapping[str, Any]


def found_folder(place: str, name: str, hidden: Collection[str]) -> FoundTable:
    """Return the table that a folder of Parquet files is, as their footers and names of folders say.

    Parameters:
        name: of the table.
        hidden: columns whose bounds are left out.

    Raises FilesError.
    """
    folder = look_at(place)
    if folder.files[0].name == folder.root:
        raise FilesError(f"{place} is a file; name the folder that it is in")
    insides = look_into(folder, hidden)
    files = [
        FoundFile(inside.written, dict(file.partition))
        for file, inside in zip(folder.files, insides, strict=True)
    ]
    columns, location = draft_of(folder, insides, name).columns, absolute(place)
    origin = {"format": "parquet", "path": location}
    return FoundTable(place, location, columns, folder.partitioned_by, True, files, origin)


def with_states(place: str, location: str, files: Iterable[FoundFile]) -> list[FoundFile]:
    """Return files that a log lists, with their times; raises FilesError where one is not as the log has it.

    Parameters:
        place: as somebody named the table.
        location: below which the files lie.
    """
    states, found = file_states(location), []
    for file in files:
        path, size = file.written.path, file.written.size
        there, modified = states.get(path, (None, ""))
        if there != size:
            what = "is gone" if there is None else f"has {there:,} bytes, not {size:,}"
            raise FilesError(
                f"{place}: {location}/{path} {what}, which the table's log lists; repair the table"
            )
        found.append(replace(file, written=replace(file.written, modified=modified)))
    return found


def absolute(place: str) -> str:
    """Return a place as the ledger keeps it: absolute, without a slash at its end."""
    return place.rstrip("/") if "://" in place else str(Path(place).expanduser().absolute())
