"""Whether an output keeps its contract: schema, required columns, unique key, rows for each date.

The schema is checked before anything is written. Required columns are checked as the rows pass on
their way to the files, which costs no second look. Keys and dates are checked on what was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.contract import MASK, Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import AuditError
from dwh.core.layout import date_of_row
from dwh.core.sql_types import type_of

if TYPE_CHECKING:
    from pyspark.sql import Column as SparkColumn
    from pyspark.sql import DataFrame, Row

__all__ = ["audit_key", "audit_rows", "audit_schema", "conform", "has_hashes"]

_EXAMPLES = 3
_COUNT, _REFUSED = "rows with this key", "what is null"  # no column of a contract can be called that
_MANY = 1_000_000
# Keys of these types that are equal have equal hashes. Of numbers with a point, 0.0 and -0.0 have not.
_HASHED = re.compile(
    r"boolean|tinyint|smallint|int|bigint|date|timestamp|timestamp_ntz|string|binary|decimal\(.*"
)


def audit_schema(frame: DataFrame, table: Table) -> None:
    """Check the columns of an output and their types; raises AuditError naming each that is wrong."""
    if not hasattr(frame, "schema"):
        raise AuditError(table.name, [f"transform returned {type(frame).__name__}, not a DataFrame"])
    found = {field.name: type_of(field.dataType) for field in frame.schema.fields}
    wanted = {column.name: column.type for column in table.columns}
    problems = [f"column {name} is missing" for name in wanted if name not in found]
    problems += [f"column {name} is not in the contract" for name in found if name not in wanted]
    problems += [
        f"column {name} is {found[name]}, the contract says {type_}"
        for name, type_ in wanted.items()
        if name in found and found[name] != type_
    ]
    if len(frame.columns) > len(found):
        problems.append("two columns have the same name")
    if problems:
        raise AuditError(table.name, problems)


def conform(frame: DataFrame, table: Table) -> DataFrame:
    """Return the output with its columns in the contract's order.

    A null in a required column makes every action on the result fail, with a message that names
    the column and the row's key.
    """
    from pyspark.sql import functions as F

    if all(column.nullable for column in table.columns):
        return frame.select(*(column.name for column in table.columns))
    values = frame.select(*(_value(column, table) for column in table.columns))
    # A message for each column would make Spark's code of a wide row too long for Java to compile.
    checked = values.withColumn(_REFUSED, _refusal(table))
    columns = (
        F.col(column.name)
        if column.nullable
        else F.coalesce(F.col(column.name), F.col(_REFUSED)).alias(column.name)
        for column in table.columns
    )
    return checked.select(*columns)


def _value(column: Column, table: Table) -> SparkColumn:
    """Return a column of an output, where an empty text counts as null if it is to name a folder."""
    from pyspark.sql import functions as F

    value = F.col(column.name)
    return value if _null(column, table) == "null" else F.when(value != "", value).alias(column.name)


def _null(column: Column, table: Table) -> str:
    """Return what counts as null in a column: an empty text that names a folder would come back as null."""
    return "null or empty" if column.name in table.partitions[1:] and column.type == "string" else "null"


def _refusal(table: Table) -> SparkColumn:
    """Return null for a row that has all it must have; computing it for another fails, and says why."""
    from pyspark.sql import functions as F

    messages = (
        (column.name, f"required column {column.name} of {table.name} is {_null(column, table)} in the row")
        for column in table.columns
        if not column.nullable
    )
    found = F.coalesce(*(F.when(F.col(name).isNull(), message) for name, message in messages))
    shown = [
        F.concat(F.lit(f" {name}="), F.coalesce(_shown(table, name), F.lit("null"))) for name in table.key
    ]
    return F.when(found.isNotNull(), F.raise_error(F.concat(found, *shown)))


def _shown(table: Table, name: str) -> SparkColumn:
    """Return a value as text for a message, which the ledger keeps: masked, if it is sensitive."""
    from pyspark.sql import functions as F

    value = F.col(name).cast("string")
    return F.when(value.isNotNull(), MASK) if table.column(name).sensitive else value


def audit_key(frame: DataFrame, table: Table) -> None:
    """Check that the key of an output is unique; raises AuditError with examples where it is not."""
    if table.key and (problem := _key_problem(frame, table)):
        raise AuditError(table.name, [problem])


def audit_rows(
    written: DataFrame | None,
    table: Table,
    dates: DateRange,
    *,
    listed: Mapping[date, int] | None = None,
) -> dict[date, int]:
    """Check the rows that a run wrote.

    Parameters:
        written: the run's output, read back; None where nothing has to be read, as no key repeats.
        dates: the logical dates that the run was asked for.
        listed: the rows of each date that its files hold, where these are known. Then nothing is read but
            keys; among many rows these are told apart by hashes.

    Returns:
        The number of rows for each of those dates.

    Raises AuditError naming everything that is wrong, with examples.
    """
    if table.date_column is None:
        return {dates.last: _audited_whole(written, table, listed)}
    by_hash = listed is not None and sum(listed.values()) > _MANY and has_hashes(table)
    if written is not None and (listed is None or (table.key and not by_hash)):
        found = _counted(written, table)
        counted: dict[str | None, int] = {row["date"]: row["rows"] for row in found}
        suspected = written if any(row["repeated"] for row in found) else None
    else:
        counted = {str(day): rows for day, rows in (listed or {}).items() if rows}
        suspected = written if by_hash and not _has_distinct_hashes(written, table, counted) else None
    problems = _date_problems(counted, table, dates)
    if suspected is not None and (problem := _key_problem(suspected, table)):
        problems.append(problem)
    if problems:
        raise AuditError(table.name, problems)
    return {day: counted.get(str(day), 0) for day in dates}


def _audited_whole(written: DataFrame | None, table: Table, listed: Mapping[date, int] | None) -> int:
    """Return the rows of a whole table; raises AuditError as `audit_rows` does."""
    problem = _key_problem(written, table) if table.key and written is not None else None
    rows = written.count() if written is not None and listed is None else sum((listed or {}).values())
    problems = [problem] if problem else []
    if rows == 0 and not table.may_be_empty:
        problems.append(
            "it has no rows: its input is empty or late; set may_be_empty=True in the contract if an empty "
            "table is valid"
        )
    if problems:
        raise AuditError(table.name, problems)
    return rows


def has_hashes(table: Table) -> bool:
    """Return whether equal keys of a table have equal hashes."""
    types = {column.name: column.type for column in table.columns}
    return bool(table.key) and all(_HASHED.fullmatch(types[name]) for name in table.key)


def _has_distinct_hashes(written: DataFrame | None, table: Table, counted: Mapping[str | None, int]) -> bool:
    """Return whether the keys have as many hashes as there are rows, which proves that none repeats.

    Fewer prove nothing. To count them, one number moves for each row, and not its key.
    """
    from pyspark.sql import functions as F

    if written is None:
        return True
    hashes = written.select(F.xxhash64(*table.key).alias(_COUNT)).distinct().count()
    return hashes == sum(counted.values())


def _counted(written: DataFrame, table: Table) -> list[Row]:
    """Return for each date its rows and how many keys are repeated, in one pass over the key alone.

    Without a key only the date is asked for, which Spark answers from the files' footers.
    """
    from pyspark.sql import functions as F

    keys = written.groupBy(*(table.key or (str(table.date_column),))).agg(F.count("*").alias(_COUNT))
    repeated = F.sum((F.col(_COUNT) > 1).cast("bigint")) if table.key else F.lit(0)
    by_date = keys.groupBy(date_of_row(table).alias("date"))
    return by_date.agg(F.sum(_COUNT).alias("rows"), repeated.alias("repeated")).collect()


def _date_problems(counted: Mapping[str | None, int], table: Table, dates: DateRange) -> list[str]:
    problems = []
    wanted = set(map(str, dates))
    if strange := [day for day in counted if day not in wanted]:
        shown = ", ".join(sorted(map(str, strange))[:_EXAMPLES])
        problems.append(f"{table.date_column} holds dates that were not asked for: {shown}")
    if not table.may_be_empty and (empty := [day for day in map(str, dates) if day not in counted]):
        shown = ", ".join(empty[:_EXAMPLES]) + (", …" if len(empty) > _EXAMPLES else "")
        problems.append(
            f"no rows for {len(empty)} of {len(dates)} dates ({shown}): its input is empty or late; "
            "set may_be_empty=True in the contract if an empty date is valid"
        )
    return problems


def _key_problem(written: DataFrame, table: Table) -> str | None:
    """Return what to say of a key that repeats, None where it does not."""
    from pyspark.sql import functions as F

    keys = written.groupBy(*table.key).agg(F.count("*").alias(_COUNT))
    repeated = keys.where(F.col(_COUNT) > 1).limit(_EXAMPLES).collect()
    texts = ((f"{name}={_text(table, name, row)}" for name in table.key) for row in repeated)
    shown = "; ".join(map(", ".join, texts))
    return f"the key ({', '.join(table.key)}) is not unique: {shown}" if repeated else None


def _text(table: Table, name: str, row: Row) -> str:
    return MASK if table.column(name).sensitive and row[name] is not None else str(row[name])
