"""What the ledger gives back: runs, and the outputs that they committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

__all__ = [
    "ADOPTED_STORAGE",
    "NEW_STORAGE",
    "ColumnStatistics",
    "Output",
    "OutputsRead",
    "RunRecord",
    "WrittenFile",
]

NEW_STORAGE = "parquet"
"""The storage of new runs, and of all that were recorded before the ledger kept it."""

ADOPTED_STORAGE = "adopted"
"""The storage of files that something else wrote, at an absolute location."""


@dataclass(frozen=True)
class RunRecord:
    """A run as the ledger has it. See `dwh.core.ledger.schema.runs` for the fields."""

    id: str
    job: str
    line: str
    release: str
    table_name: str
    environment: str
    status: str
    first_date: date
    last_date: date
    started_at: datetime
    finished_at: datetime | None
    started_by: str
    host: str
    pid: int
    location: str
    contract: Mapping[str, Any]
    code: Mapping[str, Any]
    engine: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]]
    error: str | None
    process: Mapping[str, str] | None = None
    storage: str = NEW_STORAGE

    @property
    def reference(self) -> str:
        """The job in exactly the release that ran: `carrier_delays@0.1.1`."""
        return f"{self.job}@{self.release}"


@dataclass(frozen=True)
class Output:
    """What a committed run wrote for one logical date: a receipt, with the place of the data.

    Attributes:
        environment: whose output it is.
        sequence, committed_at: of the commit, or of the promotion that made it this environment's.
        promoted_from: the environment that it was promoted from; None where its run wrote it here.
        storage: what wrote the location, and reads it. See `dwh.core.storage`.
    """

    environment: str
    run_id: str
    partition_date: date
    job: str
    table_name: str
    line: str
    release: str
    sequence: int
    row_count: int
    committed_at: datetime
    promoted_from: str | None
    location: str
    code_state: str
    storage: str = NEW_STORAGE


@dataclass(frozen=True)
class OutputsRead:
    """Neighbouring logical dates of a table that one run wrote and another one has read as an input."""

    table_name: str
    read_run_id: str
    first_date: date
    last_date: date


@dataclass(frozen=True)
class ColumnStatistics:
    """What a file's footer says of a column; None where it says nothing, or nothing that is certain.

    Attributes:
        nulls: how many rows have no value.
        lower, upper: no value is below, or above: as text, which `dwh.core.storage.footers` writes and reads.
    """

    nulls: int | None = None
    lower: str | None = None
    upper: str | None = None


@dataclass(frozen=True)
class WrittenFile:
    """A file of an output, as the audit found it.

    Attributes:
        path: below the run's location.
        size: in bytes.
        rows: that it holds.
        columns: what its footer says of each column that is neither nested nor in the names of folders;
            None where nobody has looked.
        modified: when an adopted file was last written, or what its store calls its version; of others None.
    """

    path: str
    size: int
    rows: int
    columns: Mapping[str, ColumnStatistics] | None = None
    modified: str | None = None
