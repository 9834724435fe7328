"""How a table is partitioned, and the values by which engines find the files of a logical date.

The logical date of a daily table is the value of its column, which the files themselves do not hold:
engines take it from here. Hours and months are transforms of a column that is in the files.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import unquote

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.transforms import (
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    Transform,
)

from dwh.catalog.errors import UnpublishableError
from dwh.catalog.schemas import field_of
from dwh.core.dates import DateRange
from dwh.core.grain import DAY, HOUR, MONTH, Grain, grain_of, grain_of_contract
from dwh.core.layout import folder_of_contract

__all__ = ["check_alike", "partition_spec", "partition_values", "span_dates", "span_of"]

_NULL = "__HIVE_DEFAULT_PARTITION__"
_EPOCH = date(1970, 1, 1)
_MONTHS: Mapping[Grain, int] = {HOUR: 1, DAY: 3}
"""How many months one manifest lists, so that neither it nor the list of manifests gets long."""

_TRANSFORMS: Mapping[Grain, Transform[Any, Any]] = {
    HOUR: HourTransform(),
    DAY: DayTransform(),
    MONTH: MonthTransform(),
}


def check_alike(table: str, contracts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UnpublishableError where lines whose outputs are in one table partition it differently.

    Parameters:
        contracts: of each line.
    """
    parts = {line: [part[::2] for part in _parts(contract)] for line, contract in contracts.items()}
    newest, *others = parts
    for line in others:
        if apart := sorted(set(parts[newest]) ^ set(parts[line])):
            said = (f"line {one} by {_said(contracts[one])}" for one in (newest, line))
            raise UnpublishableError(
                table,
                apart[0][0],
                f"partitions only some dates, which no table can hold: {', '.join(said)}",
                "publish one line alone: dwh rollout status",
            )


def partition_spec(
    contract: Mapping[str, Any], schema: Schema, metadata: TableMetadata | None
) -> PartitionSpec:
    """Return how a contract partitions: as the table has been at some time, else anew with the next id."""
    wanted = [
        (field_of(schema, column).field_id, transform, name) for column, transform, name in _parts(contract)
    ]
    known = metadata.partition_specs if metadata else []
    for spec in known:
        if [(field.source_id, field.transform) for field in spec.fields] == [part[:2] for part in wanted]:
            return spec
    before = {(field.source_id, str(field.transform)): field for spec in known for field in spec.fields}
    taken = max((field.field_id for field in before.values()), default=PARTITION_FIELD_ID_START - 1)
    fields = []
    for source, transform, name in wanted:
        old = before.get((source, str(transform)))
        taken += old is None
        # Not the column's own name: where another column gets that one day, Java no longer opens the table.
        named = f"{name}__{source}"
        fields.append(PartitionField(source, old.field_id if old else taken, transform, named))
    return PartitionSpec(*fields, spec_id=max((spec.spec_id for spec in known), default=-1) + 1)


def partition_values(contract: Mapping[str, Any], day: date, path: str) -> list[Any]:
    """Return the value of each partition field for a file, as Iceberg keeps it.

    Parameters:
        path: of the file below its run's location, whose folders name the values of further columns.
    """
    if contract["partition_by"] is None:
        return []
    folders = dict(part.split("=", 1) for part in path.split("/")[:-1] if "=" in part)
    types = {column["name"]: column["type"] for column in contract["columns"]}
    further = contract.get("further_partitions", ())
    return [_of_date(day), *(_of_folder(folders[name], types[name]) for name in further)]


def span_of(day: date, contract: Mapping[str, Any]) -> str:
    """Return which manifest lists a logical date: that of its quarter, of an hour's month, or all."""
    months = _MONTHS.get(grain_of(day))
    if contract["partition_by"] is None or months is None:
        return "all"
    return f"{day.year:04}-{_first_month(day, months):02}"


def span_dates(day: date, contract: Mapping[str, Any]) -> DateRange | None:
    """Return the logical dates that one manifest lists with this one; None where that lists the table."""
    grain = grain_of(day)
    months = _MONTHS.get(grain)
    if contract["partition_by"] is None or months is None:
        return None
    month = _first_month(day, months)
    first, last_month = date(day.year, month, 1), month + months - 1
    last = date(day.year, last_month, monthrange(day.year, last_month)[1])
    return DateRange(grain.holding(DAY.begins(first)), grain.holding(DAY.ends(last)))


def _first_month(day: date, months: int) -> int:
    return (day.month - 1) // months * months + 1


def _parts(contract: Mapping[str, Any]) -> Iterator[tuple[str, Transform[Any, Any], str]]:
    """Yield column, transform and name of each partition field."""
    column, grain = contract["partition_by"], grain_of_contract(contract)
    if column is None:
        return
    in_folders = folder_of_contract(contract) == column
    yield (
        (column, IdentityTransform(), column)
        if in_folders
        else (
            column,
            _TRANSFORMS[grain],
            f"{column}_{grain.name}",
        )
    )
    for name in contract.get("further_partitions", ()):
        yield name, IdentityTransform(), name


def _said(contract: Mapping[str, Any]) -> str:
    return ", ".join(name for _, _, name in _parts(contract)) or "nothing"


def _of_date(day: date) -> int:
    grain = grain_of(day)
    if grain == HOUR:
        return int(grain.begins(day).timestamp()) // 3600
    if grain == MONTH:
        return (day.year - _EPOCH.year) * 12 + day.month - 1
    return (day - _EPOCH).days


def _of_folder(text: str, type_: str) -> Any:
    """Return the value that Spark names a folder by."""
    if text == _NULL:
        return None
    value = unquote(text)
    if type_ == "date":
        return (date.fromisoformat(value) - _EPOCH).days
    if type_ == "boolean":
        return value == "true"
    return value if type_ == "string" else int(value)
