"""Reads a Delta table that something else wrote, at its current version, so that it can be adopted.

Its log says which files count, their rows, nulls and bounds. The library deltalake reads it, where installed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

import pyarrow as pa

from dwh.core.contract import Column
from dwh.core.errors import UsageError, one_line
from dwh.core.ledger.records import ColumnStatistics, WrittenFile
from dwh.core.storage.adopted import value_in_folders
from dwh.core.storage.footers import read_footers
from dwh.core.storage.listing import file_states
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import NULL_PARTITION
from dwh.migrate.found_tables import FoundFile, FoundTable, absolute, with_states
from dwh.migrate.parquet_types import spark_type

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["found_delta"]

_PLAIN = {"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"}
"""Features of Delta under which a file's rows and columns are what the file itself says."""

Action = Mapping[str, Any]


def found_delta(place: str, name: str, hidden: Collection[str]) -> FoundTable:
    """Return a Delta table at its current version.

    Parameters:
        place: the table's folder.
        name: of the table that it is to become.
        hidden: columns whose bounds are left out.

    Raises UsageError where deltalake is not installed, and FilesError where the table cannot be read, or its
    files by themselves would say something else.
    """
    table = _opened(place)
    _check_features(place, table)
    actions = [action for action in _actions(table) if action["num_records"] != 0]
    if not actions:
        _refuse(place, "has no rows in its current version", "there is nothing to adopt")
    location, by = absolute(place), tuple(table.metadata().partition_columns)
    files = with_states(place, location, list(_files(place, location, actions, by, hidden)))
    origin = {"format": "delta", "path": location, "version": table.version()}
    columns = _columns(place, table, files, by)
    return FoundTable(place, location, columns, by, True, files, origin)


def _opened(place: str) -> DeltaTable:
    try:
        from deltalake import DeltaTable
    except ImportError:
        problem = f"{place} is a Delta table, which deltalake reads"
        raise UsageError(f"{problem}; type: pip install deltalake") from None
    try:
        return DeltaTable(absolute(place))
    except Exception as error:  # of kinds that deltalake does not export
        raise FilesError(f"{place} cannot be read as a Delta table: {one_line(error)}") from None


def _check_features(place: str, table: DeltaTable) -> None:
    mapping = table.metadata().configuration.get("delta.columnMapping.mode", "none")
    features = {*(table.protocol().reader_features or ())} - _PLAIN
    if mapping != "none" or "columnMapping" in features:
        out = "write it anew without, such as: CREATE TABLE … AS SELECT * FROM …"
        _refuse(place, "maps its columns to other names in the files (column mapping)", out)
    if "deletionVectors" in features:
        out = "write them into its data files first: ALTER TABLE … DROP FEATURE deletionVectors"
        _refuse(place, "keeps deleted rows apart from its files (deletion vectors)", out)
    if features:
        out = f"drop it first: ALTER TABLE … DROP FEATURE {min(features)}"
        _refuse(place, f"uses {min(features)}, which files by themselves do not show", out)


def _actions(table: DeltaTable) -> list[Action]:
    found: list[Action] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return found


def _files(
    place: str, location: str, actions: list[Action], by: tuple[str, ...], hidden: Collection[str]
) -> Iterator[FoundFile]:
    """Yield the files; where the log does not count the rows of one, the footers say what is in them."""
    there = file_states(location)
    paths = [_path(place, action["path"], there) for action in actions]
    if all(action["num_records"] is not None for action in actions):
        written = [_written(path, action, hidden) for path, action in zip(paths, actions, strict=True)]
    else:
        try:
            written = read_footers(location, paths, hidden=hidden)
        except (OSError, ValueError) as error:
            raise FilesError(f"{place}: its footers cannot be read: {one_line(error)}") from None
    for file in written:
        yield FoundFile(file, {name: _value(place, file.path, name) for name in by})


def _path(place: str, logged: str, there: Collection[str]) -> str:
    """Return a file's path, which logs write as that of a URI."""
    if "://" in logged or logged.startswith(("/", "file:")):
        _refuse(place, f"names a file that lies elsewhere ({logged})", "copy it first: it is a clone")
    return logged if logged in there else unquote(logged)


def _value(place: str, path: str, name: str) -> str | None:
    value = value_in_folders(path, name)
    if value is None:
        _refuse(
            place, f"has {path} in no folder that names {name}", "write its files into such folders first"
        )
    return None if value == NULL_PARTITION else value


def _written(path: str, action: Action, hidden: Collection[str]) -> WrittenFile:
    names = [key.removeprefix("null_count.") for key in action if key.startswith("null_count.")]
    columns = {
        name: _statistics(name, action, bounded=name not in hidden) for name in names if "." not in name
    }
    return WrittenFile(path, action["size_bytes"], action["num_records"], columns)


def _statistics(name: str, action: Action, *, bounded: bool) -> ColumnStatistics:
    """Return what the log says of a column; bounds of dates and integers alone: it cuts those of instants."""
    nulls = action[f"null_count.{name}"]
    ends = [action.get(f"{end}.{name}") for end in ("min", "max")]
    if nulls is None or not bounded or not all(type(end) in (int, date) for end in ends):
        return ColumnStatistics(nulls)
    return ColumnStatistics(nulls, *(str(end) for end in ends))


def _columns(
    place: str, table: DeltaTable, files: list[FoundFile], by: tuple[str, ...]
) -> tuple[Column, ...]:
    found = []
    for field in pa.schema(table.schema().to_arrow()):
        spelled = spark_type(field.type)
        if spelled is None:
            problem = f"has column {field.name} of {field.type}, which no contract can hold"
            _refuse(place, problem, "write it with another type first")
        found.append(
            Column(field.name, spelled, nullable=field.nullable and _may_be_null(field.name, files, by))
        )
    return tuple(found)


def _may_be_null(name: str, files: list[FoundFile], by: tuple[str, ...]) -> bool:
    if name in by:
        return any(file.partition[name] is None for file in files)
    said = ((file.written.columns or {}).get(name) for file in files)
    return any(one is None or one.nulls != 0 for one in said)


def _refuse(place: str, problem: str, out: str) -> NoReturn:
    raise FilesError(f"{place} {problem}; {out}")
