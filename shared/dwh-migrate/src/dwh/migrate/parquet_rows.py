"""The first rows of outputs, read by PyArrow from the files that the ledger names: no engine starts.

They are those that Spark would give, in the same order and as the same text. Whatever is not certain to be so
is left to the engine, and `UnreadError` says why: files that are gone or of another size, columns of another
type than the contract's, a place that Python does not reach.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dwh.core.storage import storage_of
from dwh.core.storage.adopted import value_in_folders
from dwh.core.storage.parquet import ParquetRuns

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    from dwh.core.ledger import Output, WrittenFile
    from dwh.core.warehouse import Warehouse

__all__ = ["UnreadError", "first_rows"]

_THREADS = 16  # an object store answers many at once
_MOST_SORTED = 5_000_000
"""Rows to put in order at most: an engine does it without holding them all."""

_NULL = "__HIVE_DEFAULT_PARTITION__"
_FROM_FOLDERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "date": date.fromisoformat,
    "boolean": "true".__eq__,
    **dict.fromkeys(("tinyint", "smallint", "int", "bigint"), int),
}


class UnreadError(Exception):
    """Why the engine has to read outputs: it is caught where the engine starts, so no user meets it."""


def first_rows(
    warehouse: Warehouse, outputs: Sequence[Output], limit: int
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the types of a table's columns, and the first rows of its outputs as `rows.plain_rows` does.

    Parameters:
        outputs: of one table, at most one for each logical date.
        limit: how many rows; they are ordered by the first two columns.

    Raises UnreadError.
    """
    newest = sorted(outputs, key=lambda output: output.sequence, reverse=True)
    contracts = warehouse.contracts(newest)
    types = _types([contracts[line] for line in dict.fromkeys(output.line for output in newest)])
    try:
        files = _checked(warehouse, [output for output in newest if output.row_count])
        needed = _needed(files, contracts, types, limit)
        groups = [group for output in needed for group in _groups(files[output], output, contracts)]
        return types, [group.row(number, types) for group, number in _in_order(groups, types, limit)]
    except UnreadError:
        raise
    except Exception as error:  # PyArrow and file systems raise errors of every kind
        raise UnreadError(f"{type(error).__name__}: {error}") from error


def _types(contracts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the columns as a union of lines has them: those of the first, then what only others have."""
    types: dict[str, str] = {}
    for column in (column for contract in contracts for column in contract["columns"]):
        name, type_ = column["name"], column["type"]
        if types.setdefault(name, type_) != type_:
            raise UnreadError(f"column {name} is {types[name]} in one line, {type_} in another")
    if len({name.lower() for name in types}) < len(types):
        raise UnreadError("the case of a column's name differs between lines")
    return types


def _checked(warehouse: Warehouse, outputs: Sequence[Output]) -> dict[Output, list[tuple[str, Any]]]:
    """Return the files of outputs, each of which has the size with which it was written: the path below the
    output's place, and what PyArrow opens."""
    recorded = warehouse.ledger.files_of(output.run_id for output in outputs)
    if any((output.run_id, output.partition_date) not in recorded for output in outputs):
        raise UnreadError("an older release wrote an output, whose files are not known")
    written = [
        (output, file) for output in outputs for file in recorded[output.run_id, output.partition_date]
    ]
    places = [f"{_place(warehouse, output)}/{file.path}" for output, file in written]
    with ThreadPoolExecutor(_THREADS) as pool:
        sources = list(pool.map(_source, places, (file for _, file in written)))
    found: dict[Output, list[tuple[str, Any]]] = {output: [] for output in outputs}
    for (output, file), source in zip(written, sources, strict=True):
        found[output].append((file.path, source))
    return found


def _place(warehouse: Warehouse, output: Output) -> str:
    storage = storage_of(warehouse.config.warehouse, output.storage)
    if not isinstance(storage, ParquetRuns):
        raise UnreadError(f"{output.storage} is another storage than Parquet files")
    return storage.place(output.location)


def _source(place: str, written: WrittenFile) -> Any:
    """Return what PyArrow opens; raises UnreadError unless it is as its run wrote it."""
    if "://" not in place:
        source, size = place, Path(place).stat().st_size
    else:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(place)
        source, size = system.open(path), system.size(path)
    if size != written.size:
        raise UnreadError(f"{place} has {size:,} bytes, but was written with {written.size:,}")
    return source


def _needed(
    files: Mapping[Output, Sequence[Any]],
    contracts: Mapping[str, Mapping[str, Any]],
    types: Mapping[str, str],
    limit: int,
) -> list[Output]:
    """Return the outputs in which the first rows are: where dates come first, the first dates will do."""
    outputs = sorted(files, key=lambda output: output.partition_date)
    if {contracts[output.line]["partition_by"] for output in outputs} == {next(iter(types))}:
        rows = 0
        for count, output in enumerate(outputs, 1):
            rows += output.row_count
            if rows >= limit:
                outputs = outputs[:count]
                break
    if sum(output.row_count for output in outputs) > _MOST_SORTED:
        raise UnreadError(f"more than {_MOST_SORTED:,} rows would have to be put in order")
    return outputs


@dataclass(frozen=True)
class _Group:
    """A row group of a file: the part of it that is read at once.

    Attributes:
        types: the Arrow types of the contract's columns that are in the file.
        constants: what all rows have of the others.
    """

    file: ParquetFile
    number: int
    types: Mapping[str, pa.DataType]
    constants: Mapping[str, Any]

    @property
    def rows(self) -> int:
        return int(self.file.metadata.row_group(self.number).num_rows)

    def column(self, name: str) -> pa.Array:
        """Return a column to sort by."""
        import pyarrow as pa

        if name not in self.types:
            value = self.constants.get(name)
            if value is None:
                return pa.nulls(self.rows)
            is_day = isinstance(value, date)
            return _repeated(value.toordinal(), self.rows) if is_day else pa.repeat(value, self.rows)
        return self.file.read_row_group(self.number, [name]).column(name).combine_chunks()

    @cached_property
    def _table(self) -> pa.Table:
        return self.file.read_row_group(self.number, list(self.types))

    def row(self, number: int, names: Mapping[str, str]) -> dict[str, Any]:
        """Return a row as plain data; a column that its line does not have is null."""
        from dwh.migrate.parquet_types import plain

        found = {name: _plain(self.constants.get(name)) for name in names}
        for name, type_ in self.types.items():
            found[name] = plain(self._table.column(name)[number].as_py(), type_)
        return found


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def _repeated(number: int, count: int) -> pa.Array:
    """Return an array of one number, made from bytes: for Python's values PyArrow imports pandas."""
    import pyarrow as pa

    numbers = array("i", [number]) * count
    return pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(numbers)])


def _groups(
    files: Sequence[tuple[str, Any]], output: Output, contracts: Mapping[str, Mapping[str, Any]]
) -> Iterator[_Group]:
    """Yield the row groups of an output's files."""
    from pyarrow.parquet import ParquetFile

    rows = 0
    every = {column["name"]: column["type"] for column in contracts[output.line]["columns"]}
    for path, source in files:
        constants = dict(_in_folders(path, every))
        wanted = {name: type_ for name, type_ in every.items() if name not in constants}
        file = ParquetFile(source, coerce_int96_timestamp_unit="us")
        types = _types_in(file, wanted)
        for number in range(file.num_row_groups):
            yield _Group(file, number, types, constants)
        rows += file.metadata.num_rows
    if rows != output.row_count:
        raise UnreadError(f"{output.partition_date} has {rows:,} rows, but was committed with others")


def _in_folders(path: str, types: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield the columns by whose values the folders of a file are named, with these values."""
    for name, type_ in types.items():
        text = value_in_folders(path, name)
        if text is None:
            continue
        if type_ not in _FROM_FOLDERS or text == _NULL:
            raise UnreadError(f"{text!r} names a folder, and {name} is {type_}")
        yield name, _FROM_FOLDERS[type_](text)


def _types_in(file: ParquetFile, wanted: Mapping[str, str]) -> dict[str, pa.DataType]:
    """Return the Arrow types of the wanted columns that are in a file; raises UnreadError."""
    from dwh.migrate.parquet_types import arrow_types, is_rebased, spark_type

    if is_rebased(file):
        raise UnreadError("a file has dates of the calendar before 1582")
    found = arrow_types(file)
    there = {name.lower(): name for name in found}
    for name, type_ in wanted.items():
        known = there.get(name.lower(), name)
        if known != name or (name in found and spark_type(found[name]) != type_):
            raise UnreadError(f"column {name} is not a {type_} called so in every file")
    return {name: found[name] for name in wanted if name in found}


def _in_order(groups: Sequence[_Group], types: Mapping[str, str], limit: int) -> list[tuple[_Group, int]]:
    """Return where the first rows are, by the first two columns: nulls first and NaN last, as in Spark."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not groups:
        return []
    keys = [key for name in list(types)[:2] for key in _sort_keys([group.column(name) for group in groups])]
    table = pa.table({str(number): key for number, key in enumerate(keys)})
    order = [(name, "ascending") for name in table.column_names]
    chosen = pc.sort_indices(table, sort_keys=order)[:limit].to_pylist()
    starts = [0]
    for group in groups:
        starts.append(starts[-1] + group.rows)
    return [_located(groups, starts, index) for index in chosen]


def _located(groups: Sequence[_Group], starts: Sequence[int], index: int) -> tuple[_Group, int]:
    number = bisect_right(starts, index) - 1
    return groups[number], index - starts[number]


def _sort_keys(parts: Sequence[pa.Array]) -> Iterator[pa.ChunkedArray]:
    """Yield what to sort by for a column: whether there is a value, whether it is NaN, and the value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type_ = next((part.type for part in parts if part.type != pa.null()), pa.int8())
    if pa.types.is_nested(type_):
        raise UnreadError("rows are ordered by a nested column")
    column = pa.chunked_array([part.cast(type_) for part in parts])
    yield column.is_valid()
    if pa.types.is_floating(type_):
        is_nan = pc.is_nan(column)
        yield is_nan
        column = pc.add(column, is_nan.cast(type_))  # of others 0.0, which makes -0.0 the 0.0 that it equals
    yield column
