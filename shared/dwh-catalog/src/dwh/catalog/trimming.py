"""Lets go of old states of a table: which snapshots are dropped, and which of Iceberg's own files with them.

No data file is ever removed here. What the data's readers may still need is the ledger's to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from pyiceberg.io import FileIO
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

__all__ = ["droppable", "remove_dropped"]

_AT_ONCE = 10
"""Snapshots that are dropped together, as that opens the lists of all that are kept."""


def droppable(metadata: TableMetadata, oldest_kept: int) -> list[int]:
    """Return the snapshots to drop: those that were not current any more at a time, once they are some.

    Parameters:
        oldest_kept: the time, in milliseconds.
    """
    named = {ref.snapshot_id for ref in metadata.refs.values()}
    before = [each for each in metadata.snapshots if each.timestamp_ms < oldest_kept]
    last = max(before, key=lambda each: each.timestamp_ms, default=None)  # it was current at the time
    old = [each.snapshot_id for each in before if each is not last and each.snapshot_id not in named]
    return old if len(old) >= _AT_ONCE else []


def remove_dropped(io: FileIO, before: TableMetadata, after: TableMetadata) -> None:
    """Remove the lists, manifests and metadata that only dropped states named.

    What cannot be removed is left: nothing refers to it.
    """
    kept = {each.snapshot_id for each in after.snapshots}
    dropped = [each for each in before.snapshots if each.snapshot_id not in kept]
    if dropped:
        needed = _manifests(io, after.snapshots)
        _remove(io, _manifests(io, dropped) - needed)
        _remove(io, (each.manifest_list for each in dropped))
    logged = {entry.metadata_file for entry in after.metadata_log}
    _remove(io, {entry.metadata_file for entry in before.metadata_log} - logged)


def _manifests(io: FileIO, snapshots: Iterable[Snapshot]) -> set[str]:
    return {manifest.manifest_path for each in snapshots for manifest in each.manifests(io)}


def _remove(io: FileIO, paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(OSError):
            io.delete(path)
