"""How an output's files are laid out by logical date: the folder of each, and the date of each row.

A daily table whose column is of type date has its folders named by it: `flight_date=2013-01-15`. Folders of
hours and months have a name and a value of their own, `_hour=2013-01-15T07`, and the column stays in the
files. Spark would name a folder by an instant in its session's zone, where an hour of autumn comes twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.grain import DAY, Grain, grain_of_contract
from dwh.core.sql_types import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

__all__ = ["date_of_row", "date_sql", "folder_of", "folder_of_contract", "with_folder", "within"]


def folder_of(table: Table) -> str | None:
    """Return what the folders of logical dates are called, before the `=`; None for a whole table."""
    if table.date_column is None:
        return None
    column = table.column(table.date_column)
    return _folder(column.name, column.type, table.logical_grain)


def folder_of_contract(contract: Mapping[str, Any]) -> str | None:
    """Return what the folders of logical dates are called under a contract that the ledger keeps."""
    types = {column["name"]: column["type"] for column in contract["columns"]}
    if (name := contract["partition_by"]) is None:
        return None
    return _folder(name, types[name], grain_of_contract(contract))


def with_folder(frame: DataFrame, table: Table) -> DataFrame:
    """Return an output with the column that names folders."""
    folder = folder_of(table)
    if folder is None or folder == table.date_column:
        return frame
    return frame.withColumn(folder, date_of_row(table))


def date_of_row(table: Table) -> Column:
    """Return the logical date of a row, as text, whatever the session's time zone is."""
    from pyspark.sql import functions as F

    return F.expr(date_sql(table, quoted(str(table.date_column))))


def date_sql(table: Table, value: str) -> str:
    """Return the SQL of the logical date, as text, that holds a value of a table's `date_column`.

    Parameters:
        value: SQL of the column's type.
    """
    is_date = table.column(str(table.date_column)).type == "date"
    seconds = f"CAST({value} AS bigint)"  # since 1970, in UTC
    days = f"floor({seconds} / 86400)"
    day = f"date_add(DATE'1970-01-01', CAST({days} AS int))"
    text = f"CAST({value if is_date else day} AS string)"
    return table.logical_grain.sql(text, f"floor({seconds} / 3600) - {days} * 24")


def within(frame: DataFrame, table: Table, dates: DateRange) -> DataFrame:
    """Return the rows of a table for some of its logical dates alone; a whole table as it is."""
    from pyspark.sql import functions as F

    if table.date_column is None:
        return frame
    value, first, last = F.col(table.date_column), dates.begins, dates.ends
    if table.column(table.date_column).type == "date":
        # Written out: py4j would give Java a date before the year 1000 in a form that it refuses.
        since, until = (F.lit(str(day.date())).cast("date") for day in (first, last))
        return frame.where(value.between(since, until))
    return frame.where(value.between(F.lit(first), F.lit(last)))


def _folder(name: str, type: str, grain: Grain) -> str:
    return name if (type, grain) == ("date", DAY) else f"_{grain.name}"
