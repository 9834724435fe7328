"""What an old script wrote, in whatever format: a path that `dwh compare` reads beside a version.

Parquet is read as `paths` does. Of other formats Spark reads the files; CSV and JSON are then text, so that
nothing is guessed, and values compare by what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dwh.migrate.compare.errors import ComparisonError, FilesError
from dwh.migrate.compare.folder import Folder, look_at
from dwh.migrate.compare.footers import first_line
from dwh.migrate.compare.paths import Looked, PathSide, look, read

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["FORMATS", "Source", "is_source", "look_at_source", "read_source", "source_of"]

FORMATS = ("parquet", "csv", "json", "orc", "avro")
"""What a path may begin with, as in `csv:./before`; avro needs Spark's package for it."""

_STRICT = {
    "csv": {"header": "true", "enforceSchema": "false", "columnPruning": "false", "mode": "FAILFAST"},
    "json": {"primitivesAsString": "true", "mode": "FAILFAST"},
}
_WRITTEN = re.compile(rf"(?:(?P<format>{'|'.join(FORMATS)}):)?(?P<path>.*/.*)", re.DOTALL)
_INFER = "spark.sql.sources.partitionColumnTypeInference.enabled"


@dataclass(frozen=True)
class Source:
    """Files at a path.

    Attributes:
        options: what Spark's reader of the format takes, such as `sep`; they come before what is set here.
    """

    path: str
    format: str = "parquet"
    options: Mapping[str, str] = field(default_factory=dict)


def is_source(text: str) -> bool:
    """Return whether a word of the command names a path: it has a `/` in it."""
    return "/" in text


def source_of(text: str, options: Mapping[str, str]) -> Source:
    """Return what `PATH` or `FORMAT:PATH` names; raises ComparisonError for another format."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ComparisonError(f"{text!r}: write a path, or one of {', '.join(FORMATS)} before it: csv:{text}")
    format_ = match["format"] or "parquet"
    return Source(match["path"], format_, {} if format_ == "parquet" else dict(options))


def look_at_source(source: Source) -> Looked | Folder:
    """Return the files of a source, before Spark starts; raises ComparisonError."""
    return look(source.path) if source.format == "parquet" else look_at(source.path)


def read_source(spark: SparkSession, source: Source, looked: Looked | Folder) -> PathSide:
    """Return the table of files that were looked at; raises ComparisonError when they cannot be read."""
    if isinstance(looked, Looked):
        return read(spark, looked)
    reader = spark.read.format(source.format).options(**{**_STRICT.get(source.format, {}), **source.options})
    try:
        with _partitions_as_text(spark):
            frame = reader.load(source.path)
            _ = frame.schema
    except Exception as error:  # engines raise errors of a file in their own ways
        raise FilesError(f"cannot read {source.path} as {source.format}: {first_line(error)}") from error
    provenance = {"path": source.path, "format": source.format, "files": len(looked.files)}
    return PathSide(frame, provenance)


@contextmanager
def _partitions_as_text(spark: SparkSession) -> Iterator[None]:
    """Let folders' names be text: `zip=02134` is not 2134."""
    before = spark.conf.get(_INFER, "true")
    spark.conf.set(_INFER, "false")
    try:
        yield
    finally:
        spark.conf.set(_INFER, str(before))
