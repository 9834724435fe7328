"""CSV, whose columns the header of each file names, or the job where files have none.

A feed may gain columns, lose those that the job does not need, or move them: files are read apart by header.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dwh.core.contract import Column, Table
from dwh.core.errors import UsageError
from dwh.core.sources.files import SourceFile, SourceFiles, no_rows, read_files, united
from dwh.core.sources.reader import SourceReader
from dwh.core.sources.typed import refuse

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame

__all__ = [
    "check_csv_options_on_sail",
    "options_on_sail",
    "read_csv",
    "refuse_empty_in_quotes",
    "text_on_sail",
]

Header = tuple[str, ...]

# A row that does not fit is an error, not a row of nulls. Without column pruning a row with too few or too
# many fields is seen even when its wanted fields parse.
# No column holds the rows that do not fit: one that is called like Spark's would be left empty.
_STRICT = {"mode": "FAILFAST", "columnPruning": "false", "columnNameOfCorruptRecord": "#"}
# What would change a header when it is read as a row, or is of no use then.
_NOT_FOR_HEADERS = ("nullValue", "emptyValue", "mode", "enforceSchema", "inferSchema", "columnPruning")
_ON_SAIL = ("comment", "compression", "delimiter", "escape", "header", "mode", "nullValue", "quote", "sep")
_BACKSLASH = "\\"  # what escapes a quote by default
_TEXT = ("string", "binary", "char", "varchar")
_FEW = 2
"""Files whose headers are read one by one, at two Spark jobs each; of more, only those that differ."""


def read_csv(source: SourceReader, need: Table, files: SourceFiles) -> DataFrame:
    """Return the needed columns of some files.

    Raises UsageError for a file that lacks a column or has it twice; on Sail for an option that would
    have no effect.
    """
    if source.on_sail:
        check_csv_options_on_sail(source.place.options)
    inside, folders = files.apart(need.columns)
    if not source.is_on("header"):
        return _read(source, files, tuple(column.name for column in inside), inside, folders)
    headers = {file: header for file, header in _headers(source, files).items() if header}
    refuse((file, _problems(header, inside)) for file, header in headers.items())
    if not headers:
        return no_rows(source, need)
    alike: dict[Header, list[SourceFile]] = defaultdict(list)
    for file, header in headers.items():
        alike[header].append(file)
    return united(
        [
            _read(source, replace(files, files=tuple(same)), header, inside, folders)
            for header, same in alike.items()
        ]
    )


def _read(
    source: SourceReader,
    files: SourceFiles,
    header: Header,
    inside: Sequence[Column],
    folders: Sequence[Column],
) -> DataFrame:
    """Read files of one header. Their schema goes by position."""
    types = {column.name: "string" if source.on_sail else column.type for column in inside}
    fields = [{"name": name, "type": types.get(name, "string")} for name in _names(header, types, files)]
    if source.on_sail:
        kept = options_on_sail(source.place.options)
        frame = read_files(source.with_options(kept).without("nullValue"), files, fields, folders)
        values = [_typed(column, source) for column in inside]
        if any(column.type.startswith(_TEXT) for column in inside):
            refuse_empty_in_quotes(source, [file.path for file in files])
    else:
        strict = {name: value for name, value in _STRICT.items() if not source.option(name)}
        frame = read_files(source, files, fields, folders, **strict, enforceSchema="true")
        values = [frame[column.name] for column in inside]
    return frame.select(*values, *(column.name for column in folders))


def _names(header: Header, needed: Collection[str], files: SourceFiles) -> list[str]:
    """Return a name for each place of a header, in which no name means two things to Spark.

    It is the header's, as Spark warns of every file whose header it does not expect; a number where that
    name is empty, there twice, a folder's, or like Spark's own.
    """
    times = Counter(name.lower() for name in header)
    times.update(part.partition("=")[0].lower() for file in files for part in unquote(file.path).split("/"))
    plain = {name for name in header if times[name.lower()] == 1 and name[:1] not in ("", "_")}
    return [name if name in needed or name in plain else f"#{number}" for number, name in enumerate(header)]


def _typed(column: Column, source: SourceReader) -> SparkColumn:
    """Return a column's values in its type; a value that does not fit fails whoever reads it.

    Sail does not know CSV's `nullValue`, so that files are read as text there.
    """
    from pyspark.sql import functions as F

    value = F.col(column.name)
    if column.type.startswith(_TEXT):
        value = text_on_sail(value, column.name, source.place.options)
    if null := source.option("nullValue"):
        value = F.when(value != F.lit(null), value)
    return value.cast(column.type).alias(column.name)


def check_csv_options_on_sail(options: Iterable[str]) -> None:
    """Raise UsageError for an option of Spark's CSV reader that would have no effect on Sail."""
    known = {name.lower() for name in _ON_SAIL}
    if unknown := sorted(name for name in options if name.lower() not in known):
        raise UsageError(f"Sail reads CSV with the options {', '.join(_ON_SAIL)}; found {', '.join(unknown)}")


def options_on_sail(options: Mapping[str, str]) -> dict[str, str]:
    """Return options as Sail is to have them: a backslash that escapes would be lost before other letters."""
    return {
        name: value
        for name, value in options.items()
        if not (name.lower() == "escape" and value == _BACKSLASH)
    }


def text_on_sail(value: SparkColumn, name: str, options: Mapping[str, str]) -> SparkColumn:
    """Return a value that Sail has read; one that Spark may read in another way fails whoever reads it.

    In quotes, Spark takes a backslash for the mark of a quote, and a doubled quote for two, unless the option
    `escape` says otherwise.
    """
    from pyspark.sql import functions as F

    known = {key.lower(): text for key, text in options.items()}
    quote = known.get("quote", '"')
    if known.get("escape", _BACKSLASH) != _BACKSLASH or not quote:
        return value
    problem = (
        f"column {name} holds a quote, which Spark may read in another way than Sail; "
        f"set the option escape to {quote}, where a doubled quote stands for one, or compute on Spark"
    )
    return F.when(F.contains(value, F.lit(quote)), F.raise_error(F.lit(problem))).otherwise(value)


def refuse_empty_in_quotes(source: SourceReader, paths: Sequence[str]) -> None:
    """Raise UsageError on Sail for an empty text in quotes, where `nullValue` tells it from null on Spark."""
    from pyspark.sql import functions as F

    if not source.option("nullValue") or source.option("quote") not in ("", '"'):
        return
    text = SourceReader(source.spark, replace(source.place, format="text", options={}))
    between = re.escape(source.option("sep") or source.option("delimiter") or ",")
    in_quotes = F.col("value").rlike(f'(^|{between})""({between}|\r?$)')
    alike: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        alike[path.rpartition(".")[2]].append(path)  # Sail refuses files of which some are compressed
    if any(text.load(same).where(in_quotes).limit(1).count() for same in alike.values()):
        raise UsageError(
            'a field is "" in quotes, which is an empty text to Spark here, and null to Sail; '
            "write nothing between the commas if null is meant, or compute on Spark"
        )


def _problems(header: Header, inside: Sequence[Column]) -> list[str]:
    counts = {column.name: header.count(column.name) for column in inside}
    problems = [f"there is no column {name}" for name, count in counts.items() if count == 0]
    return problems + [f"column {name} is there {count} times" for name, count in counts.items() if count > 1]


def _headers(source: SourceReader, files: SourceFiles) -> dict[SourceFile, Header]:
    """Return the header of each file, as the engine's own reader takes it apart; empty for an empty file."""
    if len(files) <= _FEW or source.on_sail or source.is_on("multiLine"):
        return {file: _header(source, file) for file in files}
    lines = _first_lines(source, files)
    with_line = {line: file for file, line in lines.items()}
    headers = {line: _header(source, file) for line, file in with_line.items()}
    return {file: headers[line] for file, line in lines.items()}


def _header(source: SourceReader, file: SourceFile) -> Header:
    rows = source.without(*_NOT_FOR_HEADERS).load([file.path], header="false").limit(1).collect()
    return tuple(name or "" for name in rows[0]) if rows else ()


def _first_lines(source: SourceReader, files: SourceFiles) -> dict[SourceFile, str | None]:
    """Return the line of each file that holds its header, in one Spark job; None for an empty file."""
    from pyspark.sql import functions as F

    place = replace(source.place, format="text", options={})
    separator = {"lineSep": source.option("lineSep")} if source.option("lineSep") else {}
    text = SourceReader(source.spark, place).load((file.path for file in files), **separator)
    counts = (F.col("_metadata.file_block_start") == 0) & (F.length(F.trim("value")) > 0)
    if comment := source.option("comment"):
        counts &= ~F.col("value").startswith(comment)
    by_file = text.where(counts).groupBy(F.col("_metadata.file_path").alias("path"))
    found = by_file.agg(F.first("value").alias("line")).collect()
    lines = {_comparable(row["path"]): row["line"] for row in found}
    return {file: lines.get(_comparable(file.path)) for file in files}


def _comparable(path: str) -> str:
    """Return a path in a form that is the same however an engine escapes it, and writes its scheme."""
    return "/".join(part for part in unquote(unquote(path)).split("/") if part)
