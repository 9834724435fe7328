"""Where outputs lie: each kind of storage writes a run's output to a place of its own, and reads it back.

A kind of storage is one module, and one line in `_KINDS`. The ledger keeps which one wrote a location. What
counts as visible is the ledger's to say, and inputs are read by `dwh.core.sources`.

- `parquet`: Parquet files, written once and never changed, in the folders that `dwh.core.layout` names;
  `output_files`: which files those are; `footers`: what these say; `unique`: whether keys repeat in them.
- `adopted`: Parquet files that something else wrote, read where they lie.
- `listing`: which files are at a place, whoever wrote them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.errors import UnknownStorageError
from dwh.core.ledger.records import ADOPTED_STORAGE, NEW_STORAGE, Output, WrittenFile
from dwh.core.storage.adopted import AdoptedFiles
from dwh.core.storage.parquet import ParquetRuns

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["RunStorage", "Storage", "new_storage", "storage_of"]


class Storage(Protocol):
    """What keeps outputs. Locations are those that the ledger keeps."""

    def place(self, location: str) -> str:
        """Return the absolute path, or the URI, of a location."""

    def read(
        self,
        spark: SparkSession,
        outputs: Sequence[Output],
        contract: Mapping[str, Any],
        files: Mapping[tuple[str, date], tuple[WrittenFile, ...]],
    ) -> DataFrame:
        """Return the rows of some outputs of one line of a table.

        Parameters:
            outputs: at most one for each logical date, and at least one; of a whole table just one.
            contract: under which the rows are read; the columns come as it has them.
            files: those that the outputs consist of, by run and logical date, as far as they are known.

        Raises LostFilesError when they are gone, or are not what their run wrote.
        """

    def exists(self, location: str) -> bool:
        """Return whether a run has written anything."""

    def remove(self, location: str) -> None:
        """Remove what a run has written, also while something else removes it, too."""


class RunStorage(Storage, Protocol):
    """A storage that new runs write to, below the root of a warehouse."""

    def location(self, *, table: str, line: str, run_id: str) -> str:
        """Return where a run is to write its output: a place that no other run has."""

    def write(self, frame: DataFrame, table: Table, location: str) -> None:
        """Write a run's output; it is an error when something is there already."""

    def written(self, spark: SparkSession, table: Table, location: str) -> DataFrame:
        """Return everything that one run wrote, with the columns of its contract in order."""

    def files(
        self, spark: SparkSession, table: Table, location: str, dates: DateRange
    ) -> dict[date, list[WrittenFile]]:
        """Return the files that a run for some dates has written, by logical date."""

    def is_unique(
        self,
        spark: SparkSession,
        table: Table,
        location: str,
        files: Mapping[date, Sequence[WrittenFile]],
    ) -> bool:
        """Return whether it is certain, without the engine, that no key repeats in what a run has written.

        Parameters:
            files: all that it has written.
        """


_KINDS: Mapping[str, Callable[[str], Storage]] = {NEW_STORAGE: ParquetRuns, ADOPTED_STORAGE: AdoptedFiles}


def new_storage(root: str) -> RunStorage:
    """Return the storage below the root of a warehouse that new runs write to."""
    return ParquetRuns(root)


def storage_of(root: str, kind: str) -> Storage:
    """Return a storage of a warehouse.

    Parameters:
        kind: as the ledger has it; raises UnknownStorageError for one that this dwh-core does not have.
    """
    if kind not in _KINDS:
        raise UnknownStorageError(kind, _KINDS)
    return _KINDS[kind](root)
