"""How values of the data become text that a report can hold, cut to length by Spark."""

from __future__ import annotations

from pyspark.sql import types as T

from dwh.migrate.compare.model import Cell

__all__ = ["MAX_TEXT", "cell", "text_of"]

MAX_TEXT = 200
"""How many characters of a value a report shows."""


def text_of(column: str, data_type: T.DataType) -> str:
    """Return, as SQL, the first characters of a value, one more than fits so that a cut can be seen."""
    return f"substring({_whole_text(column, data_type)}, 1, {MAX_TEXT + 1})"


def _whole_text(column: str, data_type: T.DataType) -> str:
    if isinstance(data_type, T.BinaryType):
        return f"hex(substring({column}, 1, {MAX_TEXT}))"
    if isinstance(data_type, (T.ArrayType, T.MapType, T.StructType)):
        return f"to_json({column}, map('ignoreNullFields', 'false'))"
    return f"CAST({column} AS string)"


def cell(text: str | None) -> Cell:
    """Return what `text_of` gave as a value of the model."""
    if text is None or len(text) <= MAX_TEXT:
        return Cell(text)
    return Cell(text[:MAX_TEXT], truncated=True)
