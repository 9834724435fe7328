"""How a table lays out its files, from what is wanted of it and from what it has been."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from dwh.catalog.entries import Layout
from dwh.catalog.partitions import check_alike, partition_spec
from dwh.catalog.renames import declared_renames
from dwh.catalog.schemas import evolved_schema, needs_renames, wanted_columns
from dwh.catalog.wanted import Wanted

__all__ = ["layout_of"]


def layout_of(
    wanted: Wanted,
    metadata: TableMetadata | None,
    data: str,
    numbered: Mapping[str, NestedField] = MappingProxyType({}),
) -> Layout:
    """Return the layout that a table should have.

    Parameters:
        metadata: of the table as it is, None where there is none yet.
        data: how readers spell the root of the warehouse.
        numbered: the fields of adopted files, whose numbers a table takes that is new.

    Raises UnpublishableError.
    """
    if metadata is not None and not wanted.contracts:  # nothing is published any more: an empty table
        return Layout(metadata.schema(), metadata.spec(), data)
    check_alike(wanted.subject.table, wanted.contracts)
    columns = wanted_columns(wanted)
    renames = declared_renames(wanted) if needs_renames(columns, metadata) else {}
    schema = evolved_schema(wanted.subject.table, columns, metadata, renames, numbered)
    return Layout(schema, partition_spec(wanted.contract, schema, metadata), data)
