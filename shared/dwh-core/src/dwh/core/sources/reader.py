"""The engine's reader of one source: its options, and how the engine takes paths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from dwh.core.config import SourcePlace
from dwh.core.engine import is_sail
from dwh.core.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["SourceReader", "check_options_on_sail"]

_WITHOUT_EFFECT = (
    *("pathGlobFilter", "modifiedBefore", "modifiedAfter"),
    *("timeZone", "timestampFormat", "timestampNTZFormat", "dateFormat", "locale"),
    *("datetimeRebaseMode", "int96RebaseMode"),
)
"""Options of Spark that decide what is read, or as which value, and that Sail does not know."""


class SourceReader:
    """Reads files of a source with the options of its place.

    Attributes:
        on_sail: whether Sail reads, which takes no patterns, and no values from folders of chosen files.
    """

    def __init__(self, spark: SparkSession, place: SourcePlace) -> None:
        self.spark, self.place, self.on_sail = spark, place, is_sail(spark)

    def option(self, name: str) -> str:
        """Return an option of the place, whose name may be written in any case; empty where it is not set."""
        return {key.lower(): value for key, value in self.place.options.items()}.get(name.lower(), "")

    def is_on(self, name: str) -> bool:
        """Return whether an option of the place is true."""
        return self.option(name).lower() == "true"

    def files(self) -> list[str]:
        """Return the URI of each file at the place; raises what the engine raises where there is none."""
        if not self.on_sail:
            return list(self.load(schema="path string").inputFiles())
        # Whatever schema it is given, Sail looks into the files of formats that hold one; and as text it
        # refuses files of which only some are compressed.
        return list(self.spark.read.format("binaryFile").load(self.place.path).inputFiles())

    def path_of(self, uri: str) -> str:
        """Return the path of a file as `load` takes it: Spark takes it as it is, Sail as a URI."""
        return uri if self.on_sail else unquote(uri)

    def without(self, *names: str) -> SourceReader:
        """Return a reader to which some options, written in any case, are not set."""
        dropped = {name.lower() for name in names}
        return self.with_options(
            {key: value for key, value in self.place.options.items() if key.lower() not in dropped}
        )

    def with_options(self, options: Mapping[str, str]) -> SourceReader:
        """Return a reader with other options of its place."""
        reader = object.__new__(SourceReader)
        reader.spark, reader.on_sail = self.spark, self.on_sail
        reader.place = replace(self.place, options=options)
        return reader

    def load(self, paths: Iterable[str] | None = None, schema: str = "", **options: str) -> DataFrame:
        """Return the rows of some files, by default of all that the place names.

        Parameters:
            paths: from `path_of`, not patterns.
            schema: as DDL; empty for the engine's own.
            options: over those of the place.
        """
        kept = self.without(*options).place.options
        reader = self.spark.read.format(self.place.format).options(**{**kept, **options})
        if schema:
            reader = reader.schema(schema)
        if paths is None:
            return reader.load(self.place.path)
        return reader.load([path if self.on_sail else _as_pattern(path) for path in paths])


def _as_pattern(path: str) -> str:
    """Return the pattern that stands for one path, as Spark takes every path for a pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def check_options_on_sail(options: Iterable[str]) -> None:
    """Raise UsageError for an option of Spark's readers that Sail passes over, to read something else."""
    known = {name.lower() for name in _WITHOUT_EFFECT}
    if found := sorted(name for name in options if name.lower() in known):
        named = ", ".join(found)
        raise UsageError(f"Sail does not know the option {named}; leave it out, or compute on Spark")
