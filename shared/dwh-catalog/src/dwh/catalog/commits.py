"""One commit that brings a table to the state that the ledger has: files, schema, properties, old snapshots.

It is based on the table as it was read before the ledger was, and asserts that this still holds: of two who
sync at once one has to look again, so that an older state never replaces a newer one.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestFile, write_manifest_list
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.name_mapping import NameMapping
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import (
    AddPartitionSpecUpdate,
    AddSchemaUpdate,
    AddSnapshotUpdate,
    AddSortOrderUpdate,
    AssertCreate,
    AssertLastAssignedFieldId,
    AssertRefSnapshotId,
    AssertTableUUID,
    AssignUUIDUpdate,
    RemoveSnapshotsUpdate,
    SetCurrentSchemaUpdate,
    SetDefaultSortOrderUpdate,
    SetDefaultSpecUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableRequirement,
    TableUpdate,
    UpgradeFormatVersionUpdate,
)

from dwh.catalog.entries import Layout, entries_of
from dwh.catalog.foreign import SHAPE, is_intact, shape, undoing
from dwh.catalog.manifests import (
    COMPRESSION,
    FORMAT,
    Span,
    own_manifests,
    spans_of,
    state_of,
    written_manifest,
)
from dwh.catalog.owners import (
    CHANGED,
    NAME_MAPPING,
    NEWEST,
    SEQUENCE,
    STATE,
    our_snapshot,
    stands_at,
)
from dwh.catalog.schemas import name_mapping
from dwh.catalog.trimming import LEFT, droppable, left_by, unreadable
from dwh.catalog.wanted import Wanted, as_text
from dwh.core.ledger import Output, WrittenFile

__all__ = ["Base", "Commit", "planned_commit"]

Files = Mapping[tuple[str, date], tuple[WrittenFile, ...]]
ReadFiles = Callable[[Iterable[Output]], Files]


@dataclass(frozen=True)
class Base:
    """The table as it is in the catalog.

    Attributes:
        metadata: None where there is none yet.
        location: where its metadata lies, or is to lie.
    """

    metadata: TableMetadata | None
    location: str
    io: FileIO
    _lists: dict[int, list[ManifestFile]] = field(default_factory=dict, compare=False, repr=False)

    def manifests(self, snapshot: Snapshot) -> list[ManifestFile]:
        """Return the manifests of a snapshot, whose list is opened once."""
        if snapshot.snapshot_id not in self._lists:
            self._lists[snapshot.snapshot_id] = snapshot.manifests(self.io)
        return self._lists[snapshot.snapshot_id]


@dataclass(frozen=True)
class Commit:
    """What to commit.

    Attributes:
        written: files that were written for it, and are nothing without it.
        manifests: how many of them list data.
    """

    requirements: tuple[TableRequirement, ...]
    updates: tuple[TableUpdate, ...]
    written: tuple[str, ...]
    manifests: int


def planned_commit(
    base: Base,
    wanted: Wanted,
    layout: Layout,
    read_files: ReadFiles,
    properties: Mapping[str, str],
    oldest_kept: int,
    kept: Iterable[Span] = (),
) -> Commit | None:
    """Write what a commit needs, and return it; None where the table is at the state already.

    Parameters:
        read_files: returns the files of outputs; called only for those whose manifest must be written.
        properties: that the table should have.
        oldest_kept: snapshots from before this millisecond are dropped.
        kept: spans of the table as it is, beside those of `wanted`, that stay as they are.
    """
    spans = sorted([*kept, *spans_of(wanted, layout)], key=lambda span: span.key)
    state = state_of(spans, layout)
    mapping = _mapping(base, wanted, layout.schema)
    meant = {**properties, NAME_MAPPING: mapping.model_dump_json(), "comment": _comment(wanted)}
    new_properties = _unlike(base, meant)
    is_ours = base.metadata is not None and is_intact(base.metadata, properties)
    if is_ours and not new_properties and _is_there(base.metadata, wanted, layout, state):
        return None
    snapshot_id = secrets.randbits(62) + 1
    manifests, written = _manifests(base, wanted, layout, read_files, spans, state, snapshot_id)
    lost = unreadable(base.metadata, mapping) if base.metadata else []
    more = {
        SHAPE: shape(layout.spec.spec_id, base.location, meant),
        **_left_behind(lost, oldest_kept),
    }
    snapshot = _snapshot(base, wanted, layout, manifests, state, snapshot_id, more)
    _write_list(base, snapshot, manifests)
    updates = (
        *_table_updates(base, layout.schema, layout.spec),
        *(undoing(base.metadata, base.location, properties) if base.metadata else []),
        *([SetPropertiesUpdate(updates=new_properties)] if new_properties else []),
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate(ref_name=MAIN_BRANCH, type=SnapshotRefType.BRANCH, snapshot_id=snapshot_id),
        *_dropped(base.metadata, oldest_kept, lost),
    )
    return Commit(_requirements(base.metadata), updates, (*written, snapshot.manifest_list), len(written))


def _manifests(
    base: Base,
    wanted: Wanted,
    layout: Layout,
    read_files: ReadFiles,
    spans: list[Span],
    state: str,
    snapshot_id: int,
) -> tuple[list[ManifestFile], list[str]]:
    """Return the manifests of the spans, and the paths of those that had to be written."""
    like = _like(base.metadata, state) if base.metadata else None
    known = own_manifests(base.manifests(like)) if like else {}
    missing = [span for span in spans if span.digest not in known]
    files = read_files(output for span in missing for output in span.outputs) if missing else {}
    for span in missing:
        entries = [
            entry
            for output in span.outputs
            for entry in entries_of(
                layout, output, wanted.contracts[output.line], files[output.run_id, output.partition_date]
            )
        ]
        known[span.digest] = written_manifest(base.io, base.location, span, layout, snapshot_id, entries)
    return [known[span.digest] for span in spans], [known[span.digest].manifest_path for span in missing]


def _like(metadata: TableMetadata, state: str) -> Snapshot | None:
    """Return the snapshot whose manifests may serve: one of the very same state, else the current one."""
    same = [each for each in metadata.snapshots if each.summary and each.summary[STATE] == state]
    return same[-1] if same else metadata.current_snapshot()


def _snapshot(
    base: Base,
    wanted: Wanted,
    layout: Layout,
    manifests: list[ManifestFile],
    state: str,
    snapshot_id: int,
    more: Mapping[str, str],
) -> Snapshot:
    metadata = base.metadata
    before = metadata.current_snapshot_id if metadata else None
    summary = {
        SEQUENCE: str(wanted.sequence),
        CHANGED: wanted.changed_at.isoformat(),
        STATE: state,
        NEWEST: as_text(wanted.newest),
        **more,
        "total-data-files": str(
            sum(_count(one.added_files_count, one.existing_files_count) for one in manifests)
        ),
        "total-records": str(sum(_count(one.added_rows_count, one.existing_rows_count) for one in manifests)),
    }
    # When the ledger changed: engines read what was there when their transaction began. Clocks differ.
    changed = int(min(wanted.changed_at.timestamp(), time.time()) * 1000)
    return Snapshot(
        snapshot_id=snapshot_id,
        parent_snapshot_id=before,
        sequence_number=metadata.next_sequence_number() if metadata else 1,
        timestamp_ms=max(changed, metadata.last_updated_ms + 1) if metadata else changed,
        manifest_list=f"{base.location}/metadata/snap-{snapshot_id}-{uuid.uuid4()}.avro",
        summary=Summary(Operation.OVERWRITE if before else Operation.APPEND, **summary),
        schema_id=layout.schema.schema_id,
    )


def _count(*counts: int | None) -> int:
    return sum(count or 0 for count in counts)


def _write_list(base: Base, snapshot: Snapshot, manifests: list[ManifestFile]) -> None:
    with write_manifest_list(
        FORMAT,
        base.io.new_output(snapshot.manifest_list),
        snapshot.snapshot_id,
        snapshot.parent_snapshot_id,
        snapshot.sequence_number,
        COMPRESSION,
    ) as writer:
        writer.add_manifests(manifests)


def _requirements(metadata: TableMetadata | None) -> tuple[TableRequirement, ...]:
    if metadata is None:
        return (AssertCreate(),)
    return (
        AssertTableUUID(uuid=metadata.table_uuid),
        AssertRefSnapshotId(ref=MAIN_BRANCH, snapshot_id=metadata.current_snapshot_id),
        AssertLastAssignedFieldId(last_assigned_field_id=metadata.last_column_id),
    )


def _table_updates(base: Base, schema: Schema, spec: PartitionSpec) -> list[TableUpdate]:
    metadata = base.metadata
    if metadata is None:
        return [
            AssignUUIDUpdate(uuid=uuid.uuid4()),
            UpgradeFormatVersionUpdate(format_version=FORMAT),
            AddSchemaUpdate(schema_=schema),
            SetCurrentSchemaUpdate(schema_id=-1),
            AddPartitionSpecUpdate(spec=spec),
            SetDefaultSpecUpdate(spec_id=-1),
            AddSortOrderUpdate(sort_order=UNSORTED_SORT_ORDER),
            SetDefaultSortOrderUpdate(sort_order_id=-1),
            SetLocationUpdate(location=base.location),
        ]
    updates: list[TableUpdate] = []
    if schema.schema_id not in {one.schema_id for one in metadata.schemas}:
        updates += [AddSchemaUpdate(schema_=schema), SetCurrentSchemaUpdate(schema_id=-1)]
    elif schema.schema_id != metadata.current_schema_id:
        updates += [SetCurrentSchemaUpdate(schema_id=schema.schema_id)]
    if spec.spec_id not in {one.spec_id for one in metadata.partition_specs}:
        updates += [AddPartitionSpecUpdate(spec=spec), SetDefaultSpecUpdate(spec_id=-1)]
    elif spec.spec_id != metadata.default_spec_id:
        updates += [SetDefaultSpecUpdate(spec_id=spec.spec_id)]
    return updates


def _is_there(metadata: TableMetadata | None, wanted: Wanted, layout: Layout, state: str) -> bool:
    """Tell whether a table is at a state of the ledger already, and laid out like that."""
    current = our_snapshot(metadata) if metadata else None
    if metadata is None or current is None or current.summary is None or current.summary[STATE] != state:
        return False
    laid_out = (metadata.current_schema_id, metadata.default_spec_id)
    is_current = stands_at(metadata, (wanted.sequence, wanted.changed_at))
    return is_current and laid_out == (layout.schema.schema_id, layout.spec.spec_id)


def _mapping(base: Base, wanted: Wanted, schema: Schema) -> NameMapping:
    """Return which names in files mean which field, however the lines spell them, and old states did."""
    before = base.metadata
    said = before.properties.get(NAME_MAPPING) if before else None
    return name_mapping(schema, before.schemas if before else [], wanted.contracts.values(), said)


def _left_behind(lost: Iterable[Snapshot], oldest_kept: int) -> dict[str, str]:
    left = left_by(lost, oldest_kept, int(time.time() * 1000))
    return {LEFT: json.dumps(left)} if left else {}


def _comment(wanted: Wanted) -> str:
    return str(wanted.contract.get("doc", "")) if wanted.contracts else ""


def _unlike(base: Base, meant: Mapping[str, str]) -> dict[str, str]:
    """Return the properties that are not as they should be."""
    known: Mapping[str, Any] = base.metadata.properties if base.metadata else {}
    return {key: value for key, value in meant.items() if known.get(key) != value}


def _dropped(
    metadata: TableMetadata | None, oldest_kept: int, unreadable: Iterable[Snapshot]
) -> list[TableUpdate]:
    old = droppable(metadata, oldest_kept) if metadata else []
    ids = list(dict.fromkeys([*old, *(each.snapshot_id for each in unreadable)]))
    return [RemoveSnapshotsUpdate(snapshot_ids=ids)] if ids else []
