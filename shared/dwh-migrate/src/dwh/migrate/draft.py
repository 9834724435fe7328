"""Drafts the contract of a table that something else wrote, from what its files, folders or log say.

No rows are read. What they do not say, such as the key and what a value means,
is left to the author.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dwh.core.contract import Column, Table
from dwh.core.dates import parse_any_date
from dwh.core.errors import InvalidDateError, InvalidNameError, UsageError, listed
from dwh.core.grain import HOUR, MONTH, Grain, grain_of
from dwh.core.ledger.records import WrittenFile
from dwh.core.names import valid_table
from dwh.core.storage.footers import described, null_counts
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder
from dwh.migrate.compare.footers import of_each, opened_parquet

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

__all__ = ["Inside", "draft_of", "drafted", "look_into", "name_at", "python_source"]

_INTEGERS = (("int", 2**31), ("bigint", 2**63))


@dataclass(frozen=True)
class Inside:
    """What the footer of a file says.

    Attributes:
        columns: of the file, nullable unless it says that there is no null.
        written: rows and statistics, with size and time, and the path below the folder.
    """

    columns: Mapping[str, Column]
    written: WrittenFile


def look_into(folder: Folder, hidden: Collection[str] = ()) -> list[Inside]:
    """Return what the footer of each Parquet file says, of which each is opened once.

    Parameters:
        hidden: columns whose bounds are left out.

    Raises FilesError where a footer cannot be read, or has a type that no contract can hold.
    """
    return of_each(folder, lambda file: _inside(folder, file, hidden))


def draft_of(folder: Folder, insides: Sequence[Inside], table: str) -> Table:
    """Return a contract that the files of a folder keep; columns of folders come last, where Spark has them.

    Parameters:
        insides: what `look_into` has found in the folder.

    Raises FilesError or InvalidNameError where no contract can hold what is there.
    """
    values = {
        column: [dict(file.partition)[column] for file in folder.files] for column in folder.partitioned_by
    }
    columns = [
        *_in_files(folder, insides, values),
        *(_in_folders(column, found) for column, found in values.items()),
    ]
    return drafted(table, columns, values)


def drafted(table: str, columns: Sequence[Column], values: Mapping[str, Sequence[str | None]]) -> Table:
    """Return a contract of columns, whose logical date is what its files are laid out by.

    That is the column whose values are dates; where files are not laid out by any, the only column of type
    date, if there is just one.

    Parameters:
        values: of each column by which files are laid out, those of the files.
    """
    days, grain = _days(values)
    if not values:
        days = [column.name for column in columns if column.type == "date" and not column.nullable]
        days = days if len(days) == 1 else []
    by = tuple(days) if len(days) > 1 else next(iter(days), None)
    return Table(table, tuple(columns), partition_by=by, grain="month" if grain == MONTH else None)


def python_source(table: Table) -> str:
    """Return a drafted contract as Python, with a remark at what its author has to add."""
    columns = "".join(f"        {_call(column)},\n" for column in table.columns)
    grain = f'    grain="{table.grain}",\n' if table.grain else ""
    return (
        "from dwh.core import Column, Table\n\n"
        f"{table.name.rpartition('.')[2].upper()} = Table(\n"
        f'    "{table.name}",\n'
        f"    columns=(\n{columns}    ),\n"
        "    key=(),  # the columns whose values identify a row\n"
        f"    partition_by={_literal(table.partition_by)},  # None where each date holds the whole table\n"
        f'{grain}    doc="",  # what one row is\n'
        ")\n"
    )


def _call(column: Column) -> str:
    nullable = ", nullable=True" if column.nullable else ""
    return f'Column("{column.name}", {json.dumps(column.type)}{nullable})'


def _literal(value: str | tuple[str, ...] | None) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))})"
    return "None" if value is None else f'"{value}"'


def name_at(place: str) -> str:
    """Return the name that a folder gives its table; raises UsageError where it gives none."""
    words = [word for word in PurePosixPath(place).parts if "=" not in word]
    try:
        return valid_table(words[-1].removesuffix(".parquet"))
    except InvalidNameError:
        problem = f"{words[-1]!r} cannot be a table's name"
        raise UsageError(f"{problem}; give it one, such as --table flights.carrier_delays") from None


def _in_files(folder: Folder, insides: Sequence[Inside], elsewhere: Mapping[str, object]) -> Iterator[Column]:
    """Yield the columns in the files; the value of a column that is in folders' names, too, is that one."""
    files = [inside.columns for inside in insides]
    for name in dict.fromkeys(name for file in files for name in file if name not in elsewhere):
        found = [file.get(name) for file in files]
        first = next(column for column in found if column)
        for file, column in zip(folder.files, found, strict=True):
            if column and column.type != first.type:
                other = folder.files[found.index(first)]
                problem = f"column {name} is {first.type} in {folder.place_of(other)}, {column.type} in"
                raise FilesError(
                    f"{problem} {folder.place_of(file)}; name a folder whose files have one type"
                )
        yield Column(name, first.type, nullable=any(not column or column.nullable for column in found))


def _inside(folder: Folder, file: DataFile, hidden: Collection[str]) -> Inside:
    with opened_parquet(folder, file) as parquet:
        size, modified = folder.states[file.name]
        columns = _columns(folder.place_of(file), parquet)
        written = described(folder.below(file), size, parquet.metadata, hidden=hidden)
        return Inside(columns, replace(written, modified=modified))


def _columns(place: str, parquet: ParquetFile) -> dict[str, Column]:
    """Return the columns of a file, as it says of each whether it holds a null."""
    from dwh.migrate.parquet_types import arrow_types, spark_type

    names = parquet.schema_arrow.names
    if len({*names}) < len(names):
        raise FilesError(f"{place} has two columns of one name ({listed(names)}); write it with other names")
    nulls, required = null_counts(parquet.metadata), {f.name for f in parquet.schema_arrow if not f.nullable}
    found = {}
    for name, type_ in arrow_types(parquet).items():
        spelled = spark_type(type_)
        if spelled is None:
            problem = f"{place}: column {name} is {type_}, which no contract can hold"
            raise FilesError(f"{problem}; write it with another type, or name files without it")
        found[name] = Column(name, spelled, nullable=name not in required and nulls[name] != 0)
    return found


def _in_folders(name: str, values: Sequence[str | None]) -> Column:
    """Return a column that folders' names give; `02` is text, as no number is written so."""
    said = {value for value in values if value is not None}
    grain = _grain(said)
    if grain is not None:
        type_ = "timestamp" if grain == HOUR else "date"
    else:
        numbers = [abs(int(value)) for value in said if value.isascii() and _is_number(value)]
        fitting = (name for name, limit in _INTEGERS if max(numbers, default=0) < limit)
        type_ = next(fitting, "string") if len(numbers) == len(said) > 0 else "string"
    return Column(name, type_, nullable=None in values)


def _is_number(text: str) -> bool:
    try:
        return str(int(text)) == text
    except ValueError:
        return False


def _days(values: Mapping[str, Sequence[str | None]]) -> tuple[list[str], Grain | None]:
    """Return the columns by which files are laid out, that of the logical date first, and its grain.

    Nothing where no folder is a date's. A column with a null among its folders lays no files out.
    """
    full = {name: {v for v in found if v is not None} for name, found in values.items() if None not in found}
    for name, said in full.items():
        if grain := _grain(said):
            return [name, *(other for other in full if other != name)], grain
    return [], None


def _grain(values: set[str]) -> Grain | None:
    """Return the grain of which all values are logical dates; an hour may be written as Spark does."""
    try:
        days = [parse_any_date(value[:13].replace(" ", "T")) for value in values]
    except InvalidDateError:
        return None
    grains = {grain_of(day) for day in days}
    return grains.pop() if len(grains) == 1 else None
