"""Declared differences in values and rows: which of them can be used, and what each covers.

A condition is checked before it is used: it must be a boolean expression over the structs `old` and
`new` and nothing else (see `conditions`). One that is broken covers nothing, and makes the verdict
`incomplete`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from dwh.compare.changes import Change
from dwh.compare.declared import Usable, read_conditions
from dwh.compare.errors import first_line
from dwh.compare.schema import Schemas, Tables

__all__ = ["any_of", "both_rows", "usable"]


def any_of(conditions: Sequence[Column]) -> Column:
    """Return whether any condition is true."""
    return reduce(or_, conditions) if conditions else F.lit(False)


def both_rows(schemas: Schemas) -> list[Column]:
    """Return the structs `old` and `new` with the whole row of either side by its own names.

    In a row that is on one side alone, every field of the other is null.
    """
    old = [F.col(f"l{i}").alias(name) for i, name in enumerate(schemas.left_names)]
    new = [F.col(f"r{i}").alias(name) for i, name in enumerate(schemas.right_names)]
    return [F.struct(*old).alias("old"), F.struct(*new).alias("new")]


def usable(changes: Sequence[Change], schemas: Tables) -> list[Usable]:
    """Return each `Expected` of the changes with the column it is about and what is wrong with it."""
    known = read_conditions(changes, schemas)
    if not known:
        return []
    rows = schemas.left.limit(0).crossJoin(schemas.right.limit(0)).select(*both_rows(schemas))
    return [item if item.problem else _checked(item, rows) for item in known]


def _checked(item: Usable, rows: DataFrame) -> Usable:
    try:
        # A filter refuses what is no condition over one row: aggregates, windows, generators.
        _ = rows.where(F.expr(item.change.where)).schema
        _ = rows.select(item.covers()).schema
    except PySparkException as error:
        return replace(item, problem=first_line(error))
    return item
