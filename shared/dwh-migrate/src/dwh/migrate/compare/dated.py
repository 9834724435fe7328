"""Whole tables side by side: each with its logical date in a column of its own, so that dates stay apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

from dwh.core.ledger import Output
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["dated", "read_dated"]

_NAME = "logical_date"


def dated(contract: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the contract of what is compared: a whole table's gains the logical date, also in its key."""
    if contract["partition_by"] is not None:
        return contract
    name = _column(contract)
    column = {"name": name, "type": "date", "nullable": False, "doc": "as of when the table is"}
    key = [name, *contract["key"]] if contract["key"] else []
    return {**contract, "columns": [column, *contract["columns"]], "key": key, "partition_by": name}


def read_dated(
    spark: SparkSession, warehouse: Warehouse, contract: Mapping[str, Any], outputs: Iterable[Output]
) -> DataFrame:
    """Return the rows of outputs of one line, as `dated` describes them.

    Parameters:
        contract: of the table, as its run recorded it.
    """
    from pyspark.sql import functions as F

    if contract["partition_by"] is not None:
        return warehouse.read(spark, list(outputs))
    name = _column(contract)
    frames = [
        warehouse.read(spark, [output]).select(F.lit(output.partition_date).alias(name), "*")
        for output in outputs
    ]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)


def _column(contract: Mapping[str, Any]) -> str:
    """Return a name that no column of the table has."""
    taken = {column["name"].lower() for column in contract["columns"]}
    name = _NAME
    while name in taken:
        name += "_"
    return name
