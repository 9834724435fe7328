"""What the footers of Parquet files say: rows, and of each column nulls and bounds.

They are read by PyArrow, over fsspec where the files are not on this machine, so that no engine has to.
Bounds are texts, written here and read here. There are none that might be wrong: not of floats, whose largest
value is NaN in files of Spark, not of what is nested, not of dates in the calendar before 1582.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwh.core.ledger.records import ColumnStatistics, WrittenFile
from dwh.core.storage.listing import file_states, is_visible

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import FileMetaData

__all__ = ["bound_of", "described", "null_counts", "read_footers"]

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
    place = place.rstrip("/")
    if paths is None:
        states = file_states(place)
        sizes = {path: states[path][0] for path in filter(is_visible, states)}
    else:
        sizes = _sizes(place, paths)
    opened = _reader(place)
    wanted = sorted(sizes)
    with ThreadPoolExecutor(_THREADS) as pool:
        footers = pool.map(opened, wanted)
        return [
            described(path, sizes[path], footer, hidden=hidden)
            for path, footer in zip(wanted, footers, strict=True)
        ]


def described(path: str, size: int, footer: FileMetaData, *, hidden: Collection[str] = ()) -> WrittenFile:
    """Return a file with what its footer, which somebody has opened, says.

    Parameters:
        path: of the file, below the place of its output.
        hidden: columns whose bounds are left out.
    """
    return WrittenFile(path, size, footer.num_rows, _columns(footer, hidden))


def null_counts(footer: FileMetaData) -> dict[str, int | None]:
    """Return how many nulls a footer counts in each column, in all its parts; None where it does not say."""
    found: dict[str, int | None] = dict.fromkeys(footer.schema.to_arrow_schema().names, 0)
    for group in (footer.row_group(number) for number in range(footer.num_row_groups)):
        for part in (group.column(at) for at in range(footer.num_columns)):
            name, said = part.path_in_schema.partition(".")[0], part.statistics
            before = found.get(name)
            known = said is not None and said.has_null_count
            found[name] = before + said.null_count if known and before is not None else None
    return found


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


def _sizes(place: str, paths: Iterable[str]) -> dict[str, int]:
    if "://" not in place:
        return {path: Path(place, path).stat().st_size for path in paths}
    from fsspec.core import url_to_fs

    system, base = url_to_fs(place)
    system.invalidate_cache()
    return {path: system.size(f"{base}/{path}") for path in paths}


def _reader(place: str) -> Callable[[str], FileMetaData]:
    """Return what reads the footer of a file at a place, by its path there."""
    from pyarrow.parquet import read_metadata

    if "://" not in place:
        return lambda path: read_metadata(f"{place}/{path}")
    from fsspec.core import url_to_fs

    system, base = url_to_fs(place)

    def opened(path: str) -> FileMetaData:
        with system.open(f"{base}/{path}", "rb") as file:
            return read_metadata(file)

    return opened


def _columns(footer: FileMetaData, hidden: Collection[str]) -> dict[str, ColumnStatistics]:
    """Return what a footer says of the columns that are not nested."""
    schema = footer.schema.to_arrow_schema()
    rebased = any(key.startswith(b"org.apache.spark.legacy") for key in footer.metadata or {})
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    nulls, found = null_counts(footer), {}
    for index in range(footer.num_columns):
        column = footer.schema.column(index)
        if column.path == column.name and not column.max_repetition_level:
            type_ = schema.field(column.name).type
            said = [group.column(index).statistics for group in groups]
            bounded = column.name not in hidden and not (rebased and _is_time(type_))
            found[column.name] = _together(nulls[column.name], said, type_, bounded=bounded)
    return found


def _together(nulls: int | None, groups: list[Any], type_: pa.DataType, *, bounded: bool) -> ColumnStatistics:
    """Return the statistics of a column in a file from its nulls and those of its row groups."""
    if nulls is None:
        return ColumnStatistics()
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
