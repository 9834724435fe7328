"""What the footers of Parquet files say: rows, and of each column nulls and bounds.

They are read by PyArrow, over fsspec where the files are not on this machine, so that no engine has to.
Bounds are texts, written here and read here. There are none that might be wrong: not of floats, whose largest
value is NaN in files of Spark, not of what is nested, not of dates in the calendar before 1582.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwh.core.ledger.records import ColumnStatistics, WrittenFile

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

__all__ = ["bound_of", "read_footers", "visible"]

_THREADS = 16  # an object store answers many at once
_LENGTH = 16
"""Characters or bytes of a bound, as every writer of Iceberg cuts them."""

_CERTAIN = ("int", "date32", "timestamp", "decimal", "string", "large_string", "binary", "large_binary")
"""How the names of Arrow's types begin whose bounds are right."""

_UNREAD = (ValueError, OverflowError, NotImplementedError, TypeError)
"""What PyArrow raises for a bound that Python has no value for, such as a date in the year 10000."""


def read_footers(
    place: str, paths: Iterable[str] | None = None, *, hidden: Collection[str] = ()
) -> list[WrittenFile]:
    """Return files with what their footers say, in the order of their paths.

    Parameters:
        place: the folder of a run, as an absolute path or a URI.
        paths: of files below it; by default all that Spark would read.
        hidden: columns whose bounds are left out, because they are values that only readers are to see.

    Raises whatever PyArrow and the file system raise, and ImportError where one of them is not installed.
    """
    look = _here if "://" not in place else _there
    sizes, opened = look(place.rstrip("/"), paths)
    wanted = sorted(sizes)
    with ThreadPoolExecutor(_THREADS) as pool:
        footers = pool.map(opened, wanted)
        return [
            WrittenFile(path, sizes[path], footer.num_rows, _columns(footer, hidden))
            for path, footer in zip(wanted, footers, strict=True)
        ]


def bound_of(text: str, type_: str) -> int | str | bytes | Decimal | date | datetime:
    """Return the value of a bound.

    Parameters:
        type_: of the column, as its contract has it.
    """
    if type_ == "date":
        return date.fromisoformat(text)
    if type_.startswith("timestamp"):
        return datetime.fromisoformat(text)
    if type_.startswith("decimal"):
        return Decimal(text)
    if type_ == "binary":
        return bytes.fromhex(text)
    return text if type_ == "string" else int(text)


Opened = Callable[[str], "FileMetaData"]


def _here(place: str, paths: Iterable[str] | None) -> tuple[dict[str, int], Opened]:
    """Return the sizes of files in a folder of this machine, and how to read the footer of one."""
    from pyarrow.parquet import read_metadata

    if paths is None:
        found = (path for path in Path(place).rglob("*") if path.is_file())
        paths = visible(path.relative_to(place).as_posix() for path in found)
    sizes = {path: Path(place, path).stat().st_size for path in paths}
    return sizes, lambda path: read_metadata(f"{place}/{path}")


def _there(place: str, paths: Iterable[str] | None) -> tuple[dict[str, int], Opened]:
    """Return what `_here` does where fsspec reaches the files."""
    from fsspec.core import url_to_fs
    from pyarrow.parquet import read_metadata

    system, base = url_to_fs(place)
    system.invalidate_cache()
    if paths is None:
        found = system.find(base, detail=True).items()
        sizes = {path.removeprefix(base).lstrip("/"): facts["size"] for path, facts in found}
        sizes = {path: sizes[path] for path in visible(sizes)}
    else:
        sizes = {path: system.size(f"{base}/{path}") for path in paths}

    def opened(path: str) -> FileMetaData:
        with system.open(f"{base}/{path}", "rb") as file:
            return read_metadata(file)

    return sizes, opened


def visible(paths: Iterable[str]) -> Iterator[str]:
    """Yield the files that Spark reads: others begin with `_` or `.`, or lie in folders that do."""
    for path in paths:
        *folders, name = path.split("/")
        if not name.startswith(("_", ".")) and all("=" in folder for folder in folders):
            yield path


def _columns(footer: FileMetaData, hidden: Collection[str]) -> dict[str, ColumnStatistics]:
    """Return what a footer says of the columns that are not nested."""
    schema = footer.schema.to_arrow_schema()
    rebased = any(key.startswith(b"org.apache.spark.legacy") for key in footer.metadata or {})
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    found = {}
    for index in range(footer.num_columns):
        column = footer.schema.column(index)
        if column.path == column.name and not column.max_repetition_level:
            type_ = schema.field(column.name).type
            said = [group.column(index).statistics for group in groups]
            bounded = column.name not in hidden and not (rebased and _is_time(type_))
            found[column.name] = _together(said, type_, bounded=bounded)
    return found


def _together(groups: list[Any], type_: pa.DataType, *, bounded: bool) -> ColumnStatistics:
    """Return the statistics of a column in a file from those of its row groups."""
    if any(group is None or not group.has_null_count for group in groups):
        return ColumnStatistics()
    nulls = sum(group.null_count for group in groups)
    filled = [group for group in groups if group.num_values]
    if bounded and filled and str(type_).startswith(_CERTAIN) and all(one.has_min_max for one in filled):
        with suppress(*_UNREAD):
            lower, upper = min(group.min for group in filled), max(group.max for group in filled)
            return ColumnStatistics(nulls, _lower(lower, type_), _upper(upper, type_))
    return ColumnStatistics(nulls)


def _is_time(type_: pa.DataType) -> bool:
    return str(type_).startswith(("date", "timestamp"))


def _lower(value: object, type_: pa.DataType) -> str | None:
    if isinstance(value, str):
        return value[:_LENGTH].partition("\0")[0]  # no database keeps a NUL
    if isinstance(value, bytes):
        return value[:_LENGTH].hex()
    return _exact(value, type_)


def _upper(value: object, type_: pa.DataType) -> str | None:
    if isinstance(value, str):
        cut = value[:_LENGTH].partition("\0")[0]
        return cut if cut == value else _text_above(cut)
    if isinstance(value, bytes):
        above = value if len(value) <= _LENGTH else _bytes_above(value[:_LENGTH])
        return None if above is None else above.hex()
    return _exact(value, type_)


def _exact(value: object, type_: pa.DataType) -> str | None:
    """Return a value as text; None for one that is not of the Python type that belongs to its own."""
    name = str(type_)
    if name.startswith("int") and type(value) is int:
        return str(value)
    if name == "date32[day]" and type(value) is date:
        return value.isoformat()
    if name.startswith("timestamp") and type(value) is datetime:
        instant = value.astimezone(timezone.utc) if value.tzinfo else value
        return instant.isoformat(timespec="microseconds")
    return format(value, "f") if name.startswith("decimal") and type(value) is Decimal else None


def _text_above(text: str) -> str | None:
    """Return a text that is above all that begin with another one; None where none is that short."""
    kept = text.rstrip("\U0010ffff")
    if not kept:
        return None
    following = "\ue000" if kept[-1] == "\ud7ff" else chr(ord(kept[-1]) + 1)  # between them are surrogates
    return kept[:-1] + following


def _bytes_above(content: bytes) -> bytes | None:
    kept = content.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None
