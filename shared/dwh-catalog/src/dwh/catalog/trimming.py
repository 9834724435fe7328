"""Lets go of old states of a table: which snapshots are dropped, and which of Iceberg's own files with them.

No data file is ever removed here. What the data's readers may still need is the ledger's to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from pyiceberg.io import FileIO
from pyiceberg.manifest import read_manifest_list
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.name_mapping import MappedField, NameMapping
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.types import NestedField

from dwh.catalog.schemas import parts_of

__all__ = ["LEFT", "droppable", "left_by", "remove_dropped", "unreadable"]

LEFT = "dwh.left"
"""In a snapshot's summary: lists of states that were dropped while somebody may have been reading them."""

_AT_ONCE = 10
"""Snapshots that are dropped together, as that opens the lists of all that are kept."""


def droppable(metadata: TableMetadata, oldest_kept: int) -> list[int]:
    """Return the snapshots to drop: those that were not current any more at a time, once they are some.

    Parameters:
        oldest_kept: the time, in milliseconds.
    """
    named = metadata.current_snapshot_id  # branches and tags of others go with the same commit
    before = [each for each in metadata.snapshots if each.timestamp_ms < oldest_kept]
    last = max(before, key=lambda each: each.timestamp_ms, default=None)  # it was current at the time
    old = [each.snapshot_id for each in before if each is not last and each.snapshot_id != named]
    return old if len(old) >= _AT_ONCE else []


def unreadable(metadata: TableMetadata, mapping: NameMapping) -> list[Snapshot]:
    """Return the snapshots with a column whose name in files is now that of another field.

    Files have names alone, and a table has one mapping of them for all its states: engines would read null.
    """
    lost = {one.schema_id for one in metadata.schemas if not _is_found(one.fields, mapping.root)}
    return [each for each in metadata.snapshots if each.schema_id in lost]


def left_by(dropped: Iterable[Snapshot], oldest_kept: int, now: int) -> dict[str, int]:
    """Return the lists that stay when some snapshots are dropped before their time, with the time of that.

    Parameters:
        oldest_kept: in milliseconds: what was dropped before need not stay any longer.
        now: in milliseconds.
    """
    dropped = list(dropped)
    before = {path: at for path, at in _left(dropped).items() if at >= oldest_kept}
    return before | {each.manifest_list: now for each in dropped}


def remove_dropped(io: FileIO, before: TableMetadata, after: TableMetadata) -> None:
    """Remove the lists, manifests and metadata that only dropped states named.

    What cannot be removed is left: nothing refers to it.
    """
    kept = {each.manifest_list for each in after.snapshots} | _left(after.snapshots).keys()
    ids = {each.snapshot_id for each in after.snapshots}
    dropped = [each for each in before.snapshots if each.snapshot_id not in ids]
    lists = ({each.manifest_list for each in dropped} | _left(dropped).keys()) - kept
    if lists:
        _remove(io, _manifests(io, lists) - _manifests(io, kept))
        _remove(io, lists)
    logged = {entry.metadata_file for entry in after.metadata_log}
    _remove(io, {entry.metadata_file for entry in before.metadata_log} - logged)


def _is_found(fields: Iterable[NestedField], mapped: Sequence[MappedField]) -> bool:
    """Tell whether files' names lead to each field, and to each within it."""
    by_id = {one.field_id: one for one in mapped}
    found = ((field, by_id.get(field.field_id)) for field in fields)
    return all(
        one is not None and field.name in one.names and _is_found(parts_of(field.field_type), one.fields)
        for field, one in found
    )


def _left(snapshots: Iterable[Snapshot]) -> Mapping[str, int]:
    said = (each.summary.additional_properties.get(LEFT) for each in snapshots if each.summary)
    return {path: at for text in said if text for path, at in json.loads(text).items()}


def _manifests(io: FileIO, lists: Iterable[str]) -> set[str]:
    found = set()
    for path in lists:
        with suppress(FileNotFoundError):
            found |= {manifest.manifest_path for manifest in read_manifest_list(io.new_input(path))}
    return found


def _remove(io: FileIO, paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(OSError):
            io.delete(path)
