"""Whose a table of a catalog is, and where it stands: kept in its properties and snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot

from dwh.catalog.errors import ForeignTableError
from dwh.catalog.settings import CatalogSettings
from dwh.catalog.subjects import Subject

__all__ = [
    "CHANGED",
    "NAME_MAPPING",
    "NEWEST",
    "SEQUENCE",
    "STATE",
    "changed_at",
    "check_owner",
    "fixed_properties",
    "our_snapshot",
    "sequence_of",
    "stands_at",
]

SEQUENCE, STATE, NEWEST = "dwh.sequence", "dwh.state", "dwh.newest-of-lines"
"""What a snapshot's summary keeps: the sequence, a digest of its files, its lines' newest outputs."""

CHANGED = "dwh.changed"
"""In a snapshot's summary: when what has its sequence was committed to the ledger."""

NAME_MAPPING = "schema.name-mapping.default"
_PUBLISHED = "published"


def fixed_properties(settings: CatalogSettings, subject: Subject) -> dict[str, str]:
    """Return the properties that a table of dwh has: whose it is, and what other engines may do to it.

    No engine may remove files that it takes for its own: they are outputs, which the ledger counts on.
    """
    return {
        **_owner(settings, subject),
        "gc.enabled": "false",
        "commit.retry.num-retries": "0",  # to repeat a commit on another state would undo that state
        "write.metadata.delete-after-commit.enabled": "true",
        "write.metadata.previous-versions-max": "20",
    }


def check_owner(settings: CatalogSettings, subject: Subject, properties: Mapping[str, str]) -> None:
    """Raise ForeignTableError unless a table of the subject's name is the subject's."""
    owner = _owner(settings, subject)
    found = {key: properties.get(key) for key in owner}
    if found == owner:
        return
    if found["dwh.table"] is None:
        whose = "dwh did not make"
    else:
        of = f"{found['dwh.environment']}, {found['dwh.line']}"
        whose = f"is {found['dwh.table']} ({of}) of {found['dwh.warehouse']}"
    key = "published" if subject.line is None else "lines"
    raise ForeignTableError(settings.name, subject.name, whose, f"catalogs.{settings.name}.{key}")


def our_snapshot(metadata: TableMetadata) -> Snapshot | None:
    """Return the current snapshot if it is a commit of dwh, None if it is another's or there is none."""
    snapshot = metadata.current_snapshot()
    return (
        snapshot
        if snapshot and snapshot.summary and STATE in snapshot.summary.additional_properties
        else None
    )


def sequence_of(metadata: TableMetadata) -> int | None:
    """Return the ledger's sequence at which a table stands; None after another's commit."""
    snapshot = our_snapshot(metadata)
    return int(snapshot.summary[SEQUENCE] or -1) if snapshot and snapshot.summary else None


def changed_at(metadata: TableMetadata) -> datetime | None:
    """Return when the ledger changed to the state that a table names; None in a table that is not of dwh.

    After another's commit, it is the last state of dwh, whose files it may name as well.
    """
    ours = [one for one in metadata.snapshots if one.summary and CHANGED in one.summary.additional_properties]
    last = our_snapshot(metadata) or max(ours, key=lambda one: one.sequence_number or 0, default=None)
    said = last.summary.additional_properties.get(CHANGED) if last and last.summary else None
    return datetime.fromisoformat(said) if said else None


def stands_at(metadata: TableMetadata, change: tuple[int, datetime] | None) -> bool:
    """Tell whether a table stands at a change of the ledger.

    A ledger that was brought back from a copy gives the sequence of what was lost to something else.

    Parameters:
        change: its sequence and its time.
    """
    snapshot = our_snapshot(metadata)
    if change is None or snapshot is None or snapshot.summary is None:
        return False
    said = snapshot.summary.additional_properties.get(CHANGED)
    return sequence_of(metadata) == change[0] and said in (None, change[1].isoformat())


def _owner(settings: CatalogSettings, subject: Subject) -> dict[str, str]:
    return {
        "dwh.table": subject.table,
        "dwh.environment": subject.environment,
        "dwh.line": subject.line or _PUBLISHED,
        "dwh.warehouse": settings.data,
    }
