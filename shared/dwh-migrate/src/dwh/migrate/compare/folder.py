"""What is at a path: the data files, the partition that each folder's name says, and whose table it is.

Nothing is opened here. The rules are Spark's: names that begin with `_` or `.` are hidden, unless they
are a partition's, and folders called `name=value` give their files a column. Unlike Spark's, a value is
the text that was written: `02134` is not 2134.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from dwh.core.errors import listed
from dwh.core.storage.listing import State, file_states, is_visible
from dwh.migrate.compare.errors import FilesError

__all__ = [
    "NULL_PARTITION",
    "DataFile",
    "Folder",
    "found_at",
    "has_iceberg",
    "listing",
    "look_at",
    "opened_system",
]

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What a folder is called whose partition value is null."""

_LOGS = {
    "_delta_log": ("a Delta", "delta"),
    ".hoodie": ("a Hudi", "hudi"),
    "_symlink_format_manifest": ("a Delta", "delta"),
    "_spark_metadata": ("a streaming", "parquet"),
}
_ICEBERG = ("an Iceberg", "iceberg")
_BY_LOG = dict.fromkeys(
    ("delta", "iceberg"),
    "dwh adopt takes its folder, and prints a run that dwh compare takes in place of JOB@LINE; or read",
)


@dataclass(frozen=True)
class DataFile:
    """A file with data.

    Attributes:
        name: as the file system calls it, without a protocol.
        partition: the names and values of the folders above it, below the path that was given; None
            for the null partition.
    """

    name: str
    partition: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Folder:
    """The data files at a path.

    Attributes:
        path: as it was given; it may be that of a single file.
        root: as the file system calls it.
        files: at least one, by name.
        partitioned_by: the columns that come from folders' names, from the outside in.
        nested: whether files are in folders below the path.
        states: size and time of every file, hidden ones too.
    """

    path: str
    root: str
    system: Any
    files: tuple[DataFile, ...]
    partitioned_by: tuple[str, ...]
    nested: bool
    states: Mapping[str, State]

    def below(self, file: DataFile) -> str:
        """Return the path of a file from the root on; nothing if it is the root."""
        return file.name[len(self.root) :].strip("/")

    def place_of(self, file: DataFile) -> str:
        """Return where an engine finds a file: below the path as it was given."""
        below = self.below(file)
        return f"{self.path.rstrip('/')}/{below}" if below else self.path


def look_at(path: str) -> Folder:
    """Return the data files at a path.

    Raises ComparisonError when there are none, when their folders do not agree about partitions, or
    when a table's log says which of them count.
    """
    system, root = opened_system(path)
    states = listing(path)
    _refuse_logs(path, system, root, states)
    names = [name for name in sorted(states) if is_visible("/".join(_below(root, name)))]
    if not names:
        raise FilesError(f"there are no data files at {path}; hidden ones (_…, .…) do not count")
    _refuse_links(path, system, root, names)
    files = tuple(DataFile(name, _partition(path, _below(root, name)[:-1])) for name in names)
    nested = any(len(_below(root, name)) > 1 for name in names)
    return Folder(path, root, system, files, _partition_columns(path, root, files), nested, states)


def listing(path: str) -> dict[str, State]:
    """Return size and time of every file below a path; raises ComparisonError if there are none."""
    try:
        found = found_at(path)
    except (OSError, ValueError, ImportError) as error:
        raise FilesError(f"cannot list the files at {path}: {error}") from None
    if not found:
        pattern = "; * and ? are not patterns here: name a folder" if {"*", "?"} & set(path) else ""
        raise FilesError(f"there are no files at {path}{pattern}")
    return found


def found_at(path: str) -> dict[str, State]:
    """Return size and time of every file below a path."""
    _, root = opened_system(path)
    return {f"{root}/{below}" if below else root: state for below, state in file_states(path).items()}


def opened_system(path: str) -> tuple[Any, str]:
    """Return the file system of a path, and how that calls it; raises FilesError."""
    import fsspec

    if not path.strip():
        raise FilesError("the path is empty; name a file or a folder")
    try:
        system, root = fsspec.core.url_to_fs(path)
    except (OSError, ValueError, ImportError) as error:
        raise FilesError(f"cannot list the files at {path}: {error}") from None
    return system, str(root).rstrip("/")


def _below(root: str, name: str) -> tuple[str, ...]:
    """Return the folders of a file from the root on, and its own name; nothing if it is the root."""
    return tuple(part for part in name[len(root) :].split("/") if part) or (name.rpartition("/")[2],)


def _partition(path: str, folders: Sequence[str]) -> tuple[tuple[str, str | None], ...]:
    """Return what the names of folders say, or nothing if none of them is `name=value`."""
    said = [folder.partition("=") for folder in folders]
    if not any(separator for _, separator, _ in said):
        return ()
    for folder, (name, separator, value) in zip(folders, said, strict=True):
        if not (name and separator and value):
            raise FilesError(
                f"{path}: the folder {'/'.join(folders)} is not name=value at every level ({folder!r} is "
                "not), so its partition is not known; name a folder further down"
            )
    return tuple((unquote(n), None if v == NULL_PARTITION else unquote(v)) for n, _, v in said)


def _partition_columns(path: str, root: str, files: Sequence[DataFile]) -> tuple[str, ...]:
    """Return the columns that every folder's name gives; raises ComparisonError when they do not agree."""
    first = files[0]
    columns = tuple(name for name, _ in first.partition)
    for file in files:
        others = tuple(name for name, _ in file.partition)
        if others != columns:
            raise FilesError(
                f"{path}: the folders do not agree about partitions: {_short(root, first.name)} has "
                f"{listed(columns) or 'none'}, {_short(root, file.name)} has {listed(others) or 'none'}; "
                "name a folder whose files are partitioned alike"
            )
    if len({name.lower() for name in columns}) < len(columns):
        raise FilesError(f"{path}: two levels of folders give the same column ({listed(columns)})")
    return columns


def _short(root: str, name: str) -> str:
    return "/".join(_below(root, name))


def _refuse_links(path: str, system: Any, root: str, names: Iterable[str]) -> None:
    """Raise ComparisonError for a link to a folder, which is found as a file of this machine's."""
    from fsspec.implementations.local import LocalFileSystem

    for name in names if isinstance(system, LocalFileSystem) else ():
        if system.isdir(name):
            raise FilesError(
                f"{path}: {_short(root, name)} is a link to a folder, and its files may be here twice; "
                "remove the link, or name the folder that it leads to"
            )


def _refuse_logs(path: str, system: Any, root: str, states: Iterable[str]) -> None:
    """Raise ComparisonError when files at the path belong to a table that keeps a log of them."""
    for table, (kind, reader) in _tables(system, root, states):
        raise FilesError(
            f"{path}: {table or '/'} is {kind} table, whose log says which files count; files read by "
            f"themselves bring removed rows back. {_BY_LOG.get(reader, 'Read')} it by its log, in Python: "
            f'compare(spark.read.format("{reader}").load("{table}"), …)'
        )


def _tables(system: Any, root: str, states: Iterable[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Return the tables with a log at, above or below a root, and the format of each."""
    for name in states:
        parts = PurePosixPath(name).parts
        for place, part in enumerate(parts[:-1]):
            if part in _LOGS:
                yield _joined(parts[:place]), _LOGS[part]
        if parts[-2:-1] == ("metadata",) and name.endswith(".metadata.json"):
            yield _joined(parts[:-2]), _ICEBERG
    for above in PurePosixPath(root).parents:
        yield from ((str(above), log) for folder, log in _LOGS.items() if system.exists(f"{above}/{folder}"))
        if has_iceberg(system, f"{above}/metadata"):
            yield str(above), _ICEBERG


def _joined(parts: Sequence[str]) -> str:
    return str(PurePosixPath(*parts)) if parts else ""


def has_iceberg(system: Any, folder: str) -> bool:
    """Tell whether a folder holds the metadata of an Iceberg table."""
    try:
        return any(str(name).endswith(".metadata.json") for name in system.ls(folder, detail=False))
    except (OSError, ValueError):
        return False  # no such folder, or none that may be listed
