"""What a job needs of a DataFrame that holds an input: its columns, in their types, and its logical dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dwh.core.compatibility import unmet
from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.errors import SourceError
from dwh.core.layout import within
from dwh.core.sql_types import type_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["needed_of"]


def needed_of(frame: DataFrame, need: Table, dates: DateRange, where: str) -> DataFrame:
    """Return the columns that a job needs, of the logical dates that it needs.

    Parameters:
        where: the place that the rows came from, for the message.

    Raises SourceError where a column is missing or has another type.
    """
    found = {field.name: type_of(field.dataType) for field in frame.schema.fields}
    if problems := unmet(need.columns, found):
        raise SourceError(need.name, where, "; ".join(problems))
    return within(frame.select(*(column.name for column in need.columns)), need, dates)
