"""What others have changed at a table of dwh: whether there is something, and what undoes it.

Files and schema are set by each commit anyway (`commits`); this is about everything beside them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER_ID
from pyiceberg.table.update import (
    RemovePropertiesUpdate,
    RemoveSnapshotRefUpdate,
    SetDefaultSortOrderUpdate,
    SetLocationUpdate,
    TableUpdate,
)

from dwh.catalog.errors import CatalogError
from dwh.catalog.manifests import FORMAT
from dwh.catalog.owners import NAME_MAPPING, our_snapshot
from dwh.catalog.settings import as_uri

__all__ = ["SHAPE", "check_format", "is_intact", "our_location", "shape", "undoing"]

SHAPE = "dwh.shape"
"""In a snapshot's summary: a digest of what its commit has left beside files, schema and fixed properties."""

_OF_ENGINES = ("commit.", "encryption.", "gc.", "history.", "schema.", "write.")
"""How properties begin by which engines decide where they write, how, and what they delete."""

_LIST = "/metadata/snap-"


def shape(spec_id: int, location: str, properties: Mapping[str, str]) -> str:
    """Return a digest of how a table is partitioned now, where it lies, what is said of it, and its names."""
    said = [spec_id, as_uri(location), properties.get("comment", ""), properties.get(NAME_MAPPING)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def is_intact(metadata: TableMetadata, fixed: Mapping[str, str]) -> bool:
    """Tell whether a table is as the last commit of dwh has left it.

    Parameters:
        fixed: the properties that it must have.
    """
    snapshot = our_snapshot(metadata)
    return (
        snapshot is not None
        and metadata.format_version == FORMAT
        and snapshot.sequence_number == metadata.last_sequence_number  # else it was brought back
        and snapshot.schema_id == metadata.current_schema_id
        and metadata.default_sort_order_id == UNSORTED_SORT_ORDER_ID
        and _has_shape(metadata, snapshot)
        and fixed.items() <= metadata.properties.items()
        and not _refs(metadata)
        and not _properties(metadata, fixed)
    )


def check_format(catalog: str, identifier: str, metadata: TableMetadata) -> None:
    """Raise CatalogError where another has made a table one of a later format, which is for good.

    Parameters:
        catalog, identifier: how the error names the table.
    """
    if metadata.format_version != FORMAT:
        raise CatalogError(
            catalog,
            f"committing to table {identifier}",
            f"somebody has changed it to Iceberg's format {metadata.format_version}, and dwh writes {FORMAT}",
            "drop the table there without PURGE, which loses no data, and type: dwh catalog sync",
        )


def undoing(metadata: TableMetadata, location: str, fixed: Mapping[str, str]) -> list[TableUpdate]:
    """Return what undoes the branches, tags, properties, sort order and location of others.

    Parameters:
        location: where the table should lie: see `our_location`.
        fixed: the properties that it must have.
    """
    updates: list[TableUpdate] = [RemoveSnapshotRefUpdate(ref_name=name) for name in _refs(metadata)]
    if found := _properties(metadata, fixed):
        updates.append(RemovePropertiesUpdate(removals=found))
    if metadata.default_sort_order_id != UNSORTED_SORT_ORDER_ID:
        updates.append(SetDefaultSortOrderUpdate(sort_order_id=UNSORTED_SORT_ORDER_ID))
    if metadata.location != location:
        updates.append(SetLocationUpdate(location=location))
    return updates


def our_location(metadata: TableMetadata) -> str:
    """Return where a table lay at the last commit of dwh, which has written its list of manifests there."""
    ours = [
        each for each in metadata.snapshots if each.summary and SHAPE in each.summary.additional_properties
    ]
    last = max(ours, key=lambda each: each.sequence_number or 0, default=None)
    place = last.manifest_list.rpartition(_LIST)[0] if last else ""
    return place if place and as_uri(place) != as_uri(metadata.location) else metadata.location


def _has_shape(metadata: TableMetadata, snapshot: Snapshot) -> bool:
    found = shape(metadata.default_spec_id, metadata.location, metadata.properties)
    return snapshot.summary is not None and snapshot.summary.additional_properties.get(SHAPE) == found


def _refs(metadata: TableMetadata) -> list[str]:
    """Return the branches and tags of others, which would name files for longer than these are kept."""
    return sorted(metadata.refs.keys() - {MAIN_BRANCH})


def _properties(metadata: TableMetadata, fixed: Mapping[str, str]) -> list[str]:
    """Return the properties of others that change what engines write and delete."""
    ours = {*fixed, NAME_MAPPING}
    return sorted(key for key in metadata.properties.keys() - ours if key.startswith(_OF_ENGINES))
