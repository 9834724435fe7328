"""What the footers of Parquet files say of them: rows, and of each column nulls and bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.fs
import pyarrow.parquet as pq

__all__ = ["ColumnStatistics", "DataFile", "read_footers"]


@dataclass(frozen=True)
class ColumnStatistics:
    """What is known of a column in a file; None where it is not.

    Attributes:
        lower, upper: no value is below or above, as Python's values.
    """

    nulls: int | None = None
    lower: Any = None
    upper: Any = None


@dataclass(frozen=True)
class DataFile:
    """A file of an output.

    Attributes:
        path: below the run's location.
        size: in bytes.
        columns: what is known of each column at the top of its schema, by name.
    """

    path: str
    size: int
    rows: int
    columns: Mapping[str, ColumnStatistics] = field(default_factory=dict)


def read_footers(place: str, paths: Iterable[str]) -> list[DataFile]:
    """Return what the footers of files say.

    Parameters:
        place: the folder of a run, an absolute path or a URI.
        paths: of the files, below it.
    """
    filesystem, base = (
        pyarrow.fs.FileSystem.from_uri(place) if "://" in place else (pyarrow.fs.LocalFileSystem(), place)
    )
    return [_read(filesystem, base, path) for path in paths]


def _read(filesystem: Any, base: str, path: str) -> DataFile:
    with filesystem.open_input_file(f"{base}/{path}") as file:
        size = file.size()
        footer = pq.read_metadata(file)
    columns: dict[str, ColumnStatistics] = {}
    for index in range(footer.num_columns):
        name = footer.schema.column(index).path
        if "." in name or footer.schema.column(index).max_repetition_level:
            continue
        groups = [footer.row_group(group).column(index).statistics for group in range(footer.num_row_groups)]
        columns[name] = _together(groups)
    return DataFile(path, size, footer.num_rows, columns)


def _together(groups: list[Any]) -> ColumnStatistics:
    if not groups or any(group is None for group in groups):
        return ColumnStatistics()
    nulls = (
        sum(group.null_count for group in groups) if all(group.has_null_count for group in groups) else None
    )
    filled = [group for group in groups if group.has_min_max]
    if any(not group.has_min_max and group.num_values for group in groups) or not filled:
        return ColumnStatistics(nulls)
    return ColumnStatistics(nulls, min(group.min for group in filled), max(group.max for group in filled))
