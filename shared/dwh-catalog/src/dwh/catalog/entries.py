"""The files of outputs as entries of Iceberg's manifests.

What runs have recorded of their files is taken as it is. Of outputs whose run recorded less, the footers
are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyiceberg.manifest import DataFile as IcebergFile
from pyiceberg.manifest import DataFileContent, FileFormat, ManifestEntry, ManifestEntryStatus
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record

from dwh.catalog.errors import UnpublishableError
from dwh.catalog.partitions import partition_values
from dwh.catalog.settings import as_uri
from dwh.catalog.statistics import OddBound, metrics_of
from dwh.core.dates import DateRange
from dwh.core.grain import grain_of
from dwh.core.layout import folder_of_contract
from dwh.core.ledger import Ledger, Output, WrittenFile
from dwh.core.storage import storage_of
from dwh.core.storage.adopted import value_in_folders
from dwh.core.storage.footers import read_footers
from dwh.core.storage.listing import file_states, is_visible
from dwh.core.storage.output_files import place_of

__all__ = ["Layout", "entries_of", "files_of"]


@dataclass(frozen=True)
class Layout:
    """How a table lays out its files: the schema, the partitions, and how readers spell the root."""

    schema: Schema
    spec: PartitionSpec
    data: str


def files_of(
    ledger: Ledger, warehouse: str, outputs: Iterable[Output], contracts: Mapping[str, Mapping[str, Any]]
) -> dict[tuple[str, date], tuple[WrittenFile, ...]]:
    """Return the files of outputs, by run and logical date.

    Parameters:
        warehouse: its root.
        contracts: of each line.
    """
    filled = [output for output in outputs if output.row_count]
    dates = _dates_of(filled)
    found = dict(ledger.statistics_of((output.run_id for output in filled), dates))
    unread = [output for output in filled if (output.run_id, output.partition_date) not in found]
    recorded = ledger.files_of((output.run_id for output in unread), dates)
    for output in unread:
        key = (output.run_id, output.partition_date)
        contract = contracts[output.line]
        folder = folder_of_contract(contract)
        sensitive = [column["name"] for column in contract["columns"] if column.get("sensitive")]
        paths = (
            [file.path for file in recorded[key]] if key in recorded else _listed(warehouse, output, folder)
        )
        place = storage_of(warehouse, output.storage).place(output.location)
        found[key] = tuple(read_footers(place, paths, hidden=sensitive))
    return found


def entries_of(
    layout: Layout, output: Output, contract: Mapping[str, Any], files: Iterable[WrittenFile]
) -> list[ManifestEntry]:
    """Return an entry for each file of an output."""
    return [_entry(layout, output, contract, file) for file in files if file.rows]


def _entry(layout: Layout, output: Output, contract: Mapping[str, Any], file: WrittenFile) -> ManifestEntry:
    _refuse_other_folders(output, contract, file)
    types = {column["name"]: column["type"] for column in contract["columns"]}
    try:
        metrics = metrics_of(layout.schema, file.rows, file.columns or {}, types)
    except OddBound as column:
        raise UnpublishableError(
            output.table_name,
            str(column),
            f"has another type in files that line {output.line} wrote before, such as {file.path}",
            "run these dates again in that line",
        ) from None
    listed = IcebergFile.from_args(
        content=DataFileContent.DATA,
        file_path=f"{as_uri(storage_of(layout.data, output.storage).place(output.location))}/{file.path}",
        file_format=FileFormat.PARQUET,
        partition=Record(*partition_values(contract, output.partition_date, file.path)),
        record_count=file.rows,
        file_size_in_bytes=file.size,
        value_counts=metrics.values,
        null_value_counts=metrics.nulls,
        lower_bounds=metrics.lower,
        upper_bounds=metrics.upper,
    )
    listed.spec_id = layout.spec.spec_id
    return ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, data_file=listed)


def _refuse_other_folders(output: Output, contract: Mapping[str, Any], file: WrittenFile) -> None:
    """Raise UnpublishableError where folders name other columns than the contract lays files out by.

    Engines take from an entry only what an identity's value is: not which hour or month holds it, and
    nothing of a column that the table is not partitioned by.
    """
    named = {name: value_in_folders(file.path, name) for name in (c["name"] for c in contract["columns"])}
    further, first = contract.get("further_partitions", ()), folder_of_contract(contract)
    again = f"engines would read null: run these dates again in line {output.line}"
    for name, value in named.items():
        if value is None and name in further:
            problem = f"partitions the table, and no folder names it, such as of {file.path}"
            raise UnpublishableError(output.table_name, name, problem, again)
        if value is not None and name not in (first, *further) and name not in (file.columns or {}):
            problem = f"is in the names of the folders alone, not in the files, such as {file.path}"
            raise UnpublishableError(output.table_name, name, problem, again)


def _dates_of(outputs: Iterable[Output]) -> DateRange | None:
    """Return the logical dates from the first to the last of outputs; None where they are of two grains."""
    days = [output.partition_date for output in outputs]
    if len({grain_of(day) for day in days}) != 1:
        return None
    return DateRange(min(days), max(days))


def _listed(warehouse: str, output: Output, folder: str | None) -> list[str]:
    """List the files of an output whose run did not record them."""
    below = place_of(output, folder)
    place = storage_of(warehouse, output.storage).place(below)
    found = sorted(filter(is_visible, file_states(place)))
    if not found:
        raise FileNotFoundError(f"{place} has no files, and held {output.row_count:,} rows")
    prefix = below.removeprefix(output.location).strip("/")
    return [f"{prefix}/{path}".lstrip("/") for path in found]
