"""What is at a path, in whatever format: one side of `dwh compare`, beside a version or another path.

Parquet and ORC are read as `paths` does. Of other formats Spark reads the files; CSV, JSON, XML and plain
text are then text, so that nothing is guessed, and values compare by what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from dwh.compare.errors import ComparisonError
from dwh.core.config import SourcePlace
from dwh.core.engine import is_sail
from dwh.core.errors import DwhError
from dwh.core.sources.csv import (
    check_csv_options_on_sail,
    options_on_sail,
    refuse_empty_in_quotes,
    text_on_sail,
)
from dwh.core.sources.reader import SourceReader, check_options_on_sail
from dwh.core.sql_types import quoted
from dwh.migrate.compare.avro_headers import check_avro_schemas
from dwh.migrate.compare.errors import FilesError, innermost
from dwh.migrate.compare.folder import Folder, look_at
from dwh.migrate.compare.footers import TITLES, Told
from dwh.migrate.compare.headers import check_encoding, check_headers, check_numbers
from dwh.migrate.compare.loading import check_partitions, frames_of, literal
from dwh.migrate.compare.paths import Looked, PathSide, look, read

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader, SparkSession

__all__ = ["FORMATS", "Source", "is_source", "look_at_source", "read_source", "source_of"]

FORMATS = ("parquet", "orc", "csv", "json", "xml", "text", "avro")
"""What a path may begin with, as in `csv:./before`; avro needs Spark's package for it."""

_STRICT = {
    "csv": {
        "header": "true",
        "enforceSchema": "false",
        "columnPruning": "false",
        "mode": "FAILFAST",
        "nullValue": "\x00",  # so that nothing is null, and "" is a text without characters
    },
    "json": {"primitivesAsString": "true", "mode": "FAILFAST"},
    "xml": {"inferSchema": "false", "mode": "FAILFAST"},
}
_WRITTEN = re.compile(rf"(?:(?P<format>{'|'.join(FORMATS)}):)?(?P<path>.*/.*)", re.DOTALL)
_TEXT = ("csv", "json", "xml", "text")
_DECODED = ("csv", "json", "xml")  # where what is no text would become another one
_UNNAMED = re.compile(r"_c\d+")


@dataclass(frozen=True)
class Source:
    """Files at a path.

    Attributes:
        options: what Spark's reader of the format takes, such as `sep`; they come before what is set here.
    """

    path: str
    format: str = "parquet"
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_text(self) -> bool:
        """Whether every value is text, by the nature of the format."""
        return self.format in _TEXT


def is_source(text: str) -> bool:
    """Return whether a word of the command names a path: it has a `/` in it."""
    return "/" in text


def source_of(text: str, options: Mapping[str, str]) -> Source:
    """Return what `PATH` or `FORMAT:PATH` names; raises ComparisonError for another format."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ComparisonError(f"{text!r}: write a path, or one of {', '.join(FORMATS)} before it: csv:{text}")
    format_ = match["format"] or "parquet"
    return Source(match["path"], format_, {} if format_ in TITLES else dict(options))


def look_at_source(source: Source, told: Told = lambda done, of: None) -> Looked | Folder:
    """Return the files of a source, before Spark starts; raises ComparisonError.

    Parameters:
        told: is called with how many files were looked at, and of how many, where each has a footer.
    """
    if source.format in TITLES:
        return look(source.path, told, source.format)
    folder = look_at(source.path)
    if source.format in _DECODED:
        check_encoding(folder, _option(source, "encoding", _option(source, "charset", "UTF-8")))
    if source.format == "csv" and _option(source, "header", "true").lower() == "true":
        check_headers(folder, _option(source, "sep", _option(source, "delimiter", ",")))
    if source.format == "avro":
        check_avro_schemas(folder)
    return folder


def _option(source: Source, name: str, default: str) -> str:
    """Return an option of a reader, whose name may be in any case."""
    return {key.lower(): value for key, value in source.options.items()}.get(name, default)


def read_source(spark: SparkSession, source: Source, looked: Looked | Folder) -> PathSide:
    """Return the table of files that were looked at; raises ComparisonError when they cannot be read."""
    if isinstance(looked, Looked):
        return read(spark, looked)
    try:
        frame = _frame(spark, source, looked)
    except DwhError:
        raise
    except Exception as error:  # engines raise errors of a file in their own ways
        raise FilesError(
            f"cannot read {source.path} as {source.format}: {_problem(source, error)}"
        ) from error
    provenance = {"path": source.path, "format": source.format, "files": len(looked.files)}
    return PathSide(frame, provenance)


def _frame(spark: SparkSession, source: Source, folder: Folder) -> DataFrame:
    """Return the rows of every file; the schema is that of all of them, with folders' names as text."""
    if source.format == "csv" and is_sail(spark):
        return _csv_on_sail(spark, source, folder)
    if source.format == "json" and is_sail(spark):
        check_options_on_sail(source.options)
        check_numbers(folder)
    return _loaded(spark, source, folder)


def _csv_on_sail(spark: SparkSession, source: Source, folder: Folder) -> DataFrame:
    """Return the rows of CSV, of which Sail may read none in another way than Spark without saying so."""
    from pyspark.sql import functions as F

    check_csv_options_on_sail(source.options)
    place = SourcePlace("csv", source.path, {**_STRICT["csv"], **source.options})
    files = [literal(spark, folder.place_of(file)) for file in folder.files]
    refuse_empty_in_quotes(SourceReader(spark, place), files)
    frame = _loaded(spark, replace(source, options=options_on_sail(source.options)), folder)
    texts = (text_on_sail(F.col(quoted(name)), name, source.options).alias(name) for name in frame.columns)
    return frame.select(*texts)


def _loaded(spark: SparkSession, source: Source, folder: Folder) -> DataFrame:
    strict = dict(_STRICT.get(source.format, {}))

    def reader() -> DataFrameReader:
        return spark.read.format(source.format).options(**{**strict, **source.options})

    def loaded() -> DataFrame:
        if not (folder.nested or folder.partitioned_by):
            return reader().load(literal(spark, source.path))
        return reader().load([literal(spark, folder.place_of(file)) for file in folder.files])

    everything = loaded()
    if source.format == "csv" and any(map(_UNNAMED.fullmatch, everything.columns)):
        strict["enforceSchema"] = "true"  # Spark finds its own name for a column in no header
        everything = loaded()
    if not (folder.nested or folder.partitioned_by):
        return everything
    if not folder.partitioned_by:
        return everything
    check_partitions(folder, everything.schema, source.path)
    frames = frames_of(spark, reader, folder, folder.files, everything.schema)
    return reduce(lambda one, other: one.unionAll(other), frames).toDF(
        *everything.columns, *folder.partitioned_by
    )


def _problem(source: Source, error: Exception) -> str:
    told = innermost(error)
    if source.format == "json" and ("alformed" in told or "end-of-input" in told):
        return f"{told} (an object or array over several lines needs --option multiLine=true)"
    if source.format == "avro" and "data source" in told.lower():
        return (
            "this Spark has no reader for it; set spark.jars.packages to "
            "org.apache.spark:spark-avro_2.13 and the version of Spark (2.12 on Spark 3.5)"
        )
    return told
