"""Bring the tables of a catalog to the ledger's state, and say where they stand."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import TableMetadata

from dwh.catalog.commits import Base, Commit, Files, planned_commit
from dwh.catalog.connecting import CommitConflictError, Connected
from dwh.catalog.entries import Layout, files_of
from dwh.catalog.errors import CatalogError, ForeignTableError
from dwh.catalog.foreign import check_format, is_intact
from dwh.catalog.layouts import layout_of
from dwh.catalog.numbered import adopted, check_numbers, numbered_fields
from dwh.catalog.owners import changed_at, check_owner, fixed_properties, sequence_of, stands_at
from dwh.catalog.recent import Recent, recent_state
from dwh.catalog.settings import CatalogSettings
from dwh.catalog.subjects import Subject, subjects_of
from dwh.catalog.trimming import remove_dropped
from dwh.catalog.wanted import Wanted, changed_dates, last_change, wanted_state
from dwh.core.errors import DwhError
from dwh.core.ledger import Output
from dwh.core.warehouse import Warehouse

__all__ = [
    "Action",
    "Standing",
    "Synced",
    "is_current",
    "named_since",
    "standings",
    "sync_table",
    "sync_tables",
]

Action = Literal["created", "updated", "repaired", "unchanged", "failed"]

_TRIES = 10
_DAY_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class Synced:
    """What became of a table.

    Attributes:
        action: `repaired` where somebody else had changed it.
        sequence: the ledger's, at which the table stands now; None where that is not known.
        problem: why it failed; empty otherwise.
    """

    catalog: str
    subject: Subject
    action: Action
    sequence: int | None
    problem: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a table stands.

    Attributes:
        ledger, catalog: the ledger's sequence, and the one at which the table stands in the catalog; None
        where
            the table is not there, or was changed by another.
        state: `current`, `behind`, `missing` or `changed` by another.
    """

    name: str
    subject: Subject
    ledger: int
    catalog: int | None
    state: Literal["current", "behind", "missing", "changed"]

    @property
    def is_current(self) -> bool:
        """Whether the catalog is at the ledger's state."""
        return self.state == "current"


def sync_tables(
    connected: Connected, warehouse: Warehouse, tables: Iterable[str] | None = None, *, wholly: bool = True
) -> Iterator[Synced]:
    """Bring each table of a catalog to the ledger's state, and yield what became of it.

    One that fails does not keep the others from it. Raises TakenNameError, and LedgerError.

    Parameters:
        tables: only of these tables of the warehouse.
        wholly: look at each, also where the sequence says that it is at the ledger's state.
    """
    settings = connected.settings
    for subject in subjects_of(settings, warehouse.ledger, tables):
        try:
            yield from _synced(connected, warehouse, subject, wholly)
        except DwhError as error:
            yield Synced(settings.name, subject, "failed", None, str(error))


def sync_table(
    connected: Connected, warehouse: Warehouse, subject: Subject, *, wholly: bool = True
) -> Synced | None:
    """Bring one table to the ledger's state; None where the ledger has none. See `sync_tables`.

    Raises CatalogError, ForeignTableError, UnpublishableError and LedgerError.
    """
    for _ in range(_TRIES):
        try:
            return _tried(connected, warehouse, subject, wholly)
        except CommitConflictError as conflict:
            last = conflict
    problem = f"others keep committing to it ({last})"
    raise CatalogError(
        connected.settings.name,
        f"committing to table {subject.name}",
        problem,
        "type: dwh catalog sync, later",
    )


def is_current(connected: Connected, warehouse: Warehouse, subject: Subject, table: IcebergTable) -> bool:
    """Tell whether a table, as it was read before, is at the ledger's state.

    Raises ForeignTableError and LedgerError.
    """
    check_owner(connected.settings, subject, table.metadata.properties)
    is_ours = is_intact(table.metadata, fixed_properties(connected.settings, subject))
    return is_ours and stands_at(table.metadata, last_change(warehouse.ledger, subject))


def standings(
    connected: Connected, warehouse: Warehouse, tables: Iterable[str] | None = None
) -> Iterator[Standing]:
    """Yield where each table of a catalog stands. Raises what `sync_table` raises."""
    for subject in subjects_of(connected.settings, warehouse.ledger, tables):
        change = last_change(warehouse.ledger, subject)
        if change is not None:
            yield _standing(connected, subject, change)


def named_since(connected: Connected, warehouse: Warehouse) -> Iterator[datetime]:
    """Yield for each table of a catalog since when the ledger has what it names; raises CatalogError."""
    for subject in subjects_of(connected.settings, warehouse.ledger):
        with suppress(ForeignTableError):
            table = connected.table(subject)
            if table is not None and (changed := changed_at(table.metadata)):
                yield changed


def _synced(connected: Connected, warehouse: Warehouse, subject: Subject, wholly: bool) -> Iterator[Synced]:
    found = sync_table(connected, warehouse, subject, wholly=wholly)
    if found is not None:
        yield found


def _standing(connected: Connected, subject: Subject, change: tuple[int, datetime]) -> Standing:
    sequence, table = change[0], connected.table(subject)
    if table is None:
        return Standing(connected.settings.name, subject, sequence, None, "missing")
    check_owner(connected.settings, subject, table.metadata.properties)
    stands = sequence_of(table.metadata)
    if not is_intact(table.metadata, fixed_properties(connected.settings, subject)):
        return Standing(connected.settings.name, subject, sequence, stands, "changed")
    state: Literal["current", "behind"] = "current" if stands_at(table.metadata, change) else "behind"
    return Standing(connected.settings.name, subject, sequence, stands, state)


def _tried(connected: Connected, warehouse: Warehouse, subject: Subject, wholly: bool) -> Synced | None:
    settings = connected.settings
    table = connected.table(subject)  # before the ledger is read: see `dwh.catalog.commits`
    properties = fixed_properties(settings, subject)
    if table is not None:
        check_owner(settings, subject, table.metadata.properties)
        check_format(settings.name, subject.name, table.metadata)
    metadata = table.metadata if table else None
    is_ours = metadata is None or is_intact(metadata, properties)
    base = connected.base(subject, table)
    recent = None
    since = sequence_of(metadata) or 0 if metadata else 0
    if not wholly and is_ours and metadata and _is_known(warehouse, subject, metadata):
        changed = changed_dates(warehouse.ledger, subject, since)
        if not changed:
            return Synced(settings.name, subject, "unchanged", since)
        recent = recent_state(warehouse, subject, base, changed, settings.data)
    wanted = recent.wanted if recent else wanted_state(warehouse, subject)
    if wanted is None or (table is None and not wanted.outputs):
        return None
    if table is None:
        connected.make_namespace(subject)  # before anything is written for a commit that cannot be made
    with connected.describing(subject):
        commit = _planned(settings, warehouse, base, wanted, recent)
    if commit is None:
        return Synced(settings.name, subject, "unchanged", wanted.sequence)
    _commit(connected, subject, table, base, commit)
    action: Action = "created" if table is None else "updated" if is_ours else "repaired"
    return Synced(settings.name, subject, action, wanted.sequence)


def _is_known(warehouse: Warehouse, subject: Subject, metadata: TableMetadata) -> bool:
    """Tell whether the ledger has the change at which a table stands: it may have been brought back."""
    return stands_at(metadata, last_change(warehouse.ledger, subject, until=sequence_of(metadata)))


def _planned(
    settings: CatalogSettings, warehouse: Warehouse, base: Base, wanted: Wanted, recent: Recent | None
) -> Commit | None:
    layout = recent.layout if recent else _layout(settings, warehouse, base, wanted)
    return planned_commit(
        base,
        wanted,
        layout,
        partial(_read_files, warehouse, wanted, base, layout),
        fixed_properties(settings, wanted.subject),
        int(time.time() * 1000 - settings.keep_days * _DAY_MS),
        recent.kept if recent else (),
    )


def _layout(settings: CatalogSettings, warehouse: Warehouse, base: Base, wanted: Wanted) -> Layout:
    outputs = adopted(wanted.outputs) if base.metadata is None else []
    numbered = numbered_fields(outputs, _files(warehouse, wanted, outputs)) if outputs else {}
    return layout_of(wanted, base.metadata, settings.data, numbered)


def _commit(
    connected: Connected, subject: Subject, table: IcebergTable | None, base: Base, commit: Commit
) -> None:
    try:
        after = connected.commit(subject, table, base, commit)
    except CommitConflictError:
        found = connected.table(subject)  # whose answer was lost may be told that it comes second, to itself
        if found is None or not _has(found.metadata, commit):
            _forget(base, commit)
            raise
        after = found.metadata
    if base.metadata is not None:
        remove_dropped(base.io, base.metadata, after)


def _has(metadata: TableMetadata, commit: Commit) -> bool:
    """Tell whether a commit is made: then what was written for it is the table's."""
    return any(each.manifest_list in commit.written for each in metadata.snapshots)


def _read_files(
    warehouse: Warehouse, wanted: Wanted, base: Base, layout: Layout, outputs: Iterable[Output]
) -> Files:
    outputs = list(outputs)
    found = _files(warehouse, wanted, outputs)
    check_numbers(adopted(outputs), found, layout.schema, base.metadata)
    return found


def _files(warehouse: Warehouse, wanted: Wanted, outputs: Iterable[Output]) -> Files:
    return files_of(warehouse.ledger, warehouse.config.warehouse, outputs, wanted.contracts)


def _forget(base: Base, commit: Commit) -> None:
    """Remove what was written for a commit that is not made."""
    for path in commit.written:
        with suppress(OSError):
            base.io.delete(path)
