"""What the jobs of a line declare, as data: contracts, inputs, changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

__all__ = ["ColumnData", "JobData", "Place", "TableData"]


class ColumnData(TypedDict):
    """A column of a contract, as `dwh.core.Column.to_dict` gives it. No rule looks at `sensitive`."""

    name: str
    type: str
    nullable: bool
    doc: str


class TableData(TypedDict):
    """A contract, as `dwh.core.Table.to_dict` gives it."""

    name: str
    columns: list[ColumnData]
    key: list[str]
    partition_by: str | None
    doc: str
    may_be_empty: bool


_Named = TypedDict("_Named", {"class": str})


class JobData(_Named):
    """What a job declares; `class` is the name of its class."""

    reads: list[TableData]
    writes: TableData
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """A file, relative to the repository's top, and a row in it."""

    path: str
    row: int

    def __str__(self) -> str:
        return f"{self.path}:{self.row}"
