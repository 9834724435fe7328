"""Which files of a source hold the wanted dates, and how they are read with a schema.

Folders named `column=value` below the source's root give each of their files a value of that column. Its type
is the job's: `store=02134` is text where the job says so. Spark takes such values from the folders by itself.
Sail does so for whole sources alone, so that there each combination of values is read apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dwh.core.contract import Column, Table, ddl
from dwh.core.dates import DateRange
from dwh.core.errors import UsageError
from dwh.core.grain import DAY, HOUR, Grain
from dwh.core.sources.reader import SourceReader

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["SourceFile", "SourceFiles", "day_of", "no_rows", "read_files", "united", "wanted_files"]

_DATE = re.compile(r"(\d{4})-(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)
_INSTANT = re.compile(r"(?P<hour>\d{4}-\d{2}-\d{2}[T ]\d{2})(:\d{2}(:\d{2}(\.\d+)?)?)?Z?", re.ASCII)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class SourceFile:
    """A file of a source.

    Attributes:
        path: as the engine's reader takes it.
        name: the path below the source's root.
        folders: the values in the names of its folders, by column; None is null.
    """

    path: str
    name: str
    folders: Mapping[str, str | None] = field(hash=False)


@dataclass(frozen=True)
class SourceFiles:
    """Files of a source, and the root below which their folders name values; None where no folder does."""

    files: tuple[SourceFile, ...]
    base: str | None

    def __iter__(self) -> Iterator[SourceFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns whose values are in the names of folders."""
        return frozenset(name for file in self.files for name in file.folders)

    def apart(self, columns: Sequence[Column]) -> tuple[list[Column], list[Column]]:
        """Return those of some columns whose values are in the files, and those in the names of folders."""
        inside = [column for column in columns if column.name not in self.columns]
        return inside, [column for column in columns if column.name in self.columns]


def wanted_files(source: SourceReader, need: Table, dates: DateRange) -> SourceFiles:
    """Return the files of a source, or, where folders name the logical date, those of the wanted dates.

    Raises UsageError when there are no files at all, or a folder names no date; and what Spark raises
    for a path that is not there.
    """
    listed = sorted(source.files())
    if not listed:
        raise UsageError("Path does not exist, or holds no files")
    files = _placed(listed, source)
    partition = need.date_column
    if partition is None or partition not in files.columns:
        return files
    days = {file: day_of(partition, file.folders.get(partition), dates.grain) for file in files}
    return SourceFiles(
        tuple(file for file, day in days.items() if day and dates.first <= day <= dates.last), files.base
    )


def read_files(
    source: SourceReader,
    files: SourceFiles,
    inside: Iterable[Mapping[str, str]],
    folders: Sequence[Column],
    **options: str,
) -> DataFrame:
    """Return the rows of some files with a schema.

    Parameters:
        inside: name and type of each column in the files; by position where the format has no names.
        folders: the columns to take from the names of folders, in their types.
        options: over those of the place.
    """
    if source.on_sail:
        return _read_apart(source, files, list(inside), folders, options)
    schema = ddl([*inside, *(column.to_dict() for column in folders)])
    base = {"basePath": files.base} if files.base else {}
    return source.load((file.path for file in files), schema, **options, **base)


def _read_apart(
    source: SourceReader,
    files: SourceFiles,
    inside: Sequence[Mapping[str, str]],
    folders: Sequence[Column],
    options: Mapping[str, str],
) -> DataFrame:
    """Read the files of each combination of values in folders, which are added, and of each compression.

    Raises UsageError for JSON whose field is written in another case: to Sail it is the same, not to Spark.
    """
    from pyspark.sql import functions as F

    alike: dict[tuple[tuple[str | None, ...], str], list[str]] = defaultdict(list)
    for file in files:
        values = tuple(file.folders.get(column.name) for column in folders)
        alike[values, file.path.rpartition(".")[2]].append(file.path)
    frames = []
    for (values, _), paths in alike.items():
        frame = source.load(paths, ddl(inside), **options)
        if source.place.format.lower() == "json":  # whose columns have the names that the fields have
            names = {column["name"] for column in inside}
            if gone := sorted(names.difference(frame.columns)):
                name = next(file.name for file in files if file.path == paths[0])
                raise UsageError(f"{'; '.join(f'there is no column {one}' for one in gone)} (in {name})")
        for column, value in zip(folders, values, strict=True):
            frame = frame.withColumn(column.name, F.lit(value).cast(column.type))
        frames.append(frame)
    return united(frames)


def united(frames: Sequence[DataFrame]) -> DataFrame:
    """Return the rows of frames with the same columns; as a tree, whose depth engines can walk."""
    while len(frames) > 1:
        pairs = [frames[at : at + 2] for at in range(0, len(frames), 2)]
        frames = [pair[0].unionByName(pair[1]) if len(pair) == 2 else pair[0] for pair in pairs]
    return frames[0]


def no_rows(source: SourceReader, need: Table) -> DataFrame:
    """Return an input of no rows."""
    return source.spark.createDataFrame([], ddl(column.to_dict() for column in need.columns))


def _placed(listed: Sequence[str], source: SourceReader) -> SourceFiles:
    """Tell, by how deep the configured path is, which folders of files are below the root."""
    depth = len(_segments(source.option("basePath") or str(source.place.path))[1])
    parts = [_segments(unquote(uri)) for uri in listed]
    bases = {(head, *segments[:depth]) for head, segments in parts if len(segments) > depth}
    flat = len(bases) != 1 or source.is_on("recursiveFileLookup")
    files = tuple(
        SourceFile(
            source.path_of(uri),
            "/".join(segments[depth:]) or segments[-1],
            {} if flat else dict(_value(segment) for segment in segments[depth:-1] if "=" in segment),
        )
        for uri, (_, segments) in zip(listed, parts, strict=True)
    )
    if flat or not any(file.folders for file in files):
        return SourceFiles(files, None)
    head, *segments = bases.pop()
    return SourceFiles(files, f"{head}/{'/'.join(segments)}")


def _segments(path: str) -> tuple[str, list[str]]:
    """Return the scheme and host of a path, and the names that lead to it."""
    scheme, mark, rest = path.partition("://")
    host, _, names = rest.partition("/") if mark else ("", "", path)
    return f"{scheme}{mark}{host}" if mark else "", [name for name in names.split("/") if name]


def _value(folder: str) -> tuple[str, str | None]:
    name, _, value = folder.partition("=")
    return unquote(name), None if value == _NO_VALUE else unquote(value)


def day_of(column: str, value: str | None, grain: Grain = DAY) -> date | None:
    """Return the logical date that holds what a folder names, None for null; raises UsageError.

    A folder names a day, for a monthly table also a month, or an instant of UTC: `2013-01-15 07:00:00`.
    """
    if value is None:
        return None
    try:
        if instant := _INSTANT.fullmatch(value):
            return grain.holding(datetime.fromisoformat(f"{instant['hour']}:00:00+00:00"))
        year, month, day = map(int, _DATE.fullmatch(value).groups(default="1"))  # type: ignore[union-attr]
        if grain == HOUR or (grain == DAY and value.count("-") < 2):
            raise ValueError("the folder names more than one logical date")
        return grain.holding(datetime(year, month, day, tzinfo=timezone.utc))
    except (AttributeError, ValueError):
        wanted = f"the folder {column}={value} does not name a date such as {grain.example}"
        raise UsageError(wanted) from None
