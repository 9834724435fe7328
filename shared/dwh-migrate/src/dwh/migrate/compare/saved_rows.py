"""The rows that differ, written as Parquet to a folder of their own."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from dwh.compare.changes import Change
from dwh.compare.errors import first_line, without_values
from dwh.compare.model import Comparison
from dwh.compare.rows import rows_that_differ
from dwh.core.errors import UsageError
from dwh.migrate.compare.errors import RowsError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

__all__ = ["check_rows_place", "save_rows"]


def check_rows_place(place: str) -> None:
    """Look, before long work begins, whether rows can be written to a place; raises UsageError."""
    import fsspec

    try:
        files, root = fsspec.core.url_to_fs(place)
        taken = files.exists(root)
    except (OSError, ValueError, ImportError) as error:
        raise UsageError(f"--rows: cannot look at {place}: {error}") from None
    if taken:
        raise UsageError(f"--rows: {place} is there already, and is never overwritten; name another folder")
    parent = Path(root).parent
    if _is_local(files) and not parent.is_dir():
        raise UsageError(f"--rows: there is no folder {parent}; type: mkdir -p {shlex.quote(str(parent))}")


def save_rows(
    result: Comparison,
    left: DataFrame,
    right: DataFrame,
    place: str,
    arguments: dict[str, Any],
    check: Callable[[], None] = lambda: None,
) -> None:
    """Write all rows that differ as Parquet, whole or not at all.

    Parameters:
        result: what was found; it says which declared changes cannot be applied.
        place: a folder that is not there yet.
        arguments: what `rows_that_differ` takes, and `mask`: the columns that no message may quote.
        check: raises if what has been read was not whole.

    Raises RowsError.
    """
    changes = tuple(change for change in arguments.get("changes", ()) if not _is_broken(change, result))
    chosen = {name: value for name, value in arguments.items() if name != "mask"}
    try:
        rows = rows_that_differ(left, right, **{**chosen, "changes": changes})
        _write(_storable(rows), place, check)
    except Exception as error:  # engines raise errors of a row, and of a place, in their own ways
        problem = without_values(error) if arguments.get("mask") else first_line(error)
        raise RowsError(result, place, problem) from error


def _is_broken(change: Change, result: Comparison) -> bool:
    told = {(item.what, item.column, item.where) for item in result.expectations if item.status == "broken"}
    return tuple(getattr(change, name, None) for name in ("kind", "column", "where")) in told


def _write(frame: DataFrame, place: str, check: Callable[[], None]) -> None:
    """Write beside the place and then move, so that nobody sees a part."""
    import fsspec

    files, root = fsspec.core.url_to_fs(place)
    folder, slash, name = root.rpartition("/")
    beside = f"{folder}{slash}.{name}.{secrets.token_hex(4)}"
    try:
        frame.write.mode("error").parquet(files.unstrip_protocol(beside))
        if not files.exists(beside):
            _write_empty(frame, files, beside)
        check()
        if _is_local(files):
            Path(beside).rename(root)  # fails where somebody has put something there meanwhile
        else:
            files.mv(beside, root, recursive=True)
    finally:
        files.invalidate_cache()
        if files.exists(beside):
            files.rm(beside, recursive=True)


def _is_local(files: AbstractFileSystem) -> bool:
    from fsspec.implementations.local import LocalFileSystem

    return isinstance(files, LocalFileSystem)


def _write_empty(frame: DataFrame, files: AbstractFileSystem, place: str) -> None:
    """Write a file without rows: Sail writes nothing then, and the columns are worth knowing."""
    from pyarrow import parquet  # which Sail's client brings

    files.makedirs(place)
    with files.open(f"{place}/part-0.parquet", "wb") as file:
        parquet.write_table(frame.limit(0).toArrow(), file)


def _storable(frame: DataFrame) -> DataFrame:
    """Return the rows with text in place of types that Parquet lacks."""
    types = {field.name: _storable_type(field.dataType) for field in frame.schema.fields}
    changed = {field.name for field in frame.schema.fields if types[field.name] != field.dataType}
    return frame.select(
        *(F.col(name).cast(types[name]) if name in changed else F.col(name) for name in frame.columns)
    )


def _storable_type(data_type: T.DataType) -> T.DataType:
    if isinstance(data_type, (T.NullType, T.CalendarIntervalType)) or data_type.simpleString()[:5] == "time(":
        return T.StringType()
    if isinstance(data_type, T.ArrayType):
        return T.ArrayType(_storable_type(data_type.elementType), data_type.containsNull)
    if isinstance(data_type, T.MapType):
        key, value = _storable_type(data_type.keyType), _storable_type(data_type.valueType)
        return T.MapType(key, value, data_type.valueContainsNull)
    if isinstance(data_type, T.StructType):
        fields = ((field, _storable_type(field.dataType)) for field in data_type.fields)
        return T.StructType([T.StructField(f.name, stored, f.nullable) for f, stored in fields])
    return data_type
