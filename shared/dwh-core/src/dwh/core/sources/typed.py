"""Files that hold names and types of their columns: Parquet, ORC and Avro. Each wanted file must fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from dwh.core.compatibility import unmet
from dwh.core.contract import Table
from dwh.core.errors import UsageError
from dwh.core.sources.alike import alike
from dwh.core.sources.files import SourceFile, SourceFiles, read_files, united
from dwh.core.sources.reader import SourceReader
from dwh.core.sql_types import type_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["read_typed", "refuse"]

_AT_ONCE = 8
_SHOWN = 3


def read_typed(source: SourceReader, need: Table, files: SourceFiles) -> DataFrame:
    """Return the needed columns of some files.

    Raises UsageError for a file that lacks a column, or has it in another type: Spark would read nulls,
    or other values. Columns that the job does not need may be of any type, and come and go.
    """
    inside, folders = files.apart(need.columns)
    columns = [column.to_dict() for column in inside]
    groups = alike(source, files)
    with ThreadPoolExecutor(_AT_ONCE) as looking:
        schemas = looking.map(lambda group: _schema(source, group[0]), groups)
        found = {file: schema for group, schema in zip(groups, schemas, strict=True) for file in group}
    refuse((file, unmet(inside, found[file])) for file in files)
    if not source.on_sail:
        return read_files(source, files, columns, folders)
    # Sail refuses files that differ in any column, whatever schema it is given.
    same_schema: dict[str, list[SourceFile]] = defaultdict(list)
    for file in files:
        same_schema[str(found[file])].append(file)
    return united(
        [
            read_files(source, replace(files, files=tuple(same)), columns, folders)
            for same in same_schema.values()
        ]
    )


def _schema(source: SourceReader, file: SourceFile) -> dict[str, str]:
    try:
        fields = source.load([file.path]).schema.fields
    except Exception as error:
        if source.on_sail and "Dictionary(" in str(error):
            raise UsageError(
                "Sail cannot read a column that was written as a dictionary, such as a category of pandas; "
                f"write it as text, or compute on Spark (in {file.name})"
            ) from error
        raise
    return {field.name: type_of(field.dataType) for field in fields}


def refuse(problems: Iterable[tuple[SourceFile, Sequence[str]]]) -> None:
    """Raise UsageError that names what is wrong with files, and which; nothing where nothing is."""
    files: dict[str, list[str]] = defaultdict(list)
    for file, found in problems:
        if found:
            files["; ".join(found)].append(file.name)
    if files:
        raise UsageError("; ".join(f"{problem} (in {_shown(names)})" for problem, names in files.items()))


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
