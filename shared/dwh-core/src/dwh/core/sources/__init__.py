"""Inputs, read as a job's `reads` describe them: names and types are the job's, dates those of the run.

Where an input comes from is settled before anything is read. A kind of source is one module, and one line in
`_settled`.

- `catalog`: what Spark finds in a catalog by name, at a snapshot.
- `published`: what other jobs write; `upstream`: which jobs those are.
- `previous`: what the job itself has written for the logical date before.
- `earlier`: what other runs have read, where a run is to read the same.
- `spark`: what Spark reads from a place of the configuration. Of files, `files` says which ones, and reads
  them with a schema, `reader` is the engine's reader, and `csv`, `json` and `typed` tell a file's columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dwh.core.config import Config
from dwh.core.dates import DateRange
from dwh.core.errors import UnknownSourceError
from dwh.core.inputs import Input
from dwh.core.ledger import Ledger, OutputsRead
from dwh.core.names import environment_read
from dwh.core.sources.catalog import CatalogSource
from dwh.core.sources.earlier import EarlierReads, read_by, together
from dwh.core.sources.previous import PreviousSource
from dwh.core.sources.published import PublishedSource
from dwh.core.sources.spark import SparkSource
from dwh.core.sources.upstream import is_written_by_jobs, nobody_writes, writers
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Source", "as_read_by", "check_named", "settled_sources", "torn_source"]


def check_named(needs: Iterable[Input], config: Config) -> None:
    """Raise UnknownSourceError for an input that nothing names, as far as that is known without a ledger."""
    unnamed = [need for need in needs if need.name not in config.sources and not writers(need.name)]
    if unnamed and Ledger(config.ledger).version() is None:
        raise UnknownSourceError(unnamed[0].name, config.origin, config.sources)


class Source(Protocol):
    """Where an input comes from, settled for one run."""

    def check(self, need: Input, dates: DateRange) -> None:
        """Raise a DwhError for what can be known to be wrong before Spark starts."""

    def settled(self, spark: SparkSession, need: Input) -> Source:
        """Return the source with what only Spark can tell; asked once, before the run is recorded."""

    def read(self, spark: SparkSession, need: Input, dates: DateRange) -> DataFrame:
        """Return the columns of an input that a job needs, for the logical dates of a run."""

    def record(self) -> dict[str, Any]:
        """Return what the ledger keeps of it as JSON-able data, without secrets."""

    def reads(self) -> list[OutputsRead]:
        """Return the outputs of other jobs that are read."""

    def as_read(self, need: Input, dates: DateRange, earlier: EarlierReads) -> Source:
        """Return the source as earlier runs have read it, as far as they have asked for the same."""


def settled_sources(
    needs: Iterable[Input], warehouse: Warehouse, dates: DateRange, line: str, after: str | None = None
) -> dict[str, Source]:
    """Return where each input comes from for a run for some dates, by its name.

    The configuration decides. Where it does not name an input, it is what other jobs write.

    Parameters:
        line: the one that runs.
        after: the run on whose output this one builds; None for what the line has written last.

    Raises UnknownSourceError for one that is not configured and that no job writes.
    """
    return {
        need.name: PreviousSource.before(need, warehouse, line, dates, after)
        if need.own
        else _settled(need, warehouse, dates)
        for need in needs
    }


def as_read_by(
    like: Sequence[str],
    needs: Sequence[Input],
    sources: Mapping[str, Source],
    warehouse: Warehouse,
    dates: DateRange,
) -> dict[str, Source]:
    """Return sources as runs have read them (outputs, snapshots), for inputs that mean the same to them.

    Parameters:
        like: the runs; `dwh.core.sources.earlier.read_alike` says which can be read like together.
    """
    read = read_by(like, needs, warehouse)
    earlier = together(read.values()) or {}
    found = dict(sources)
    for need in needs:
        if (before := earlier.get(need.name)) and _same(before.record, sources[need.name]):
            found[need.name] = sources[need.name].as_read(need, dates, before)
    return found


def torn_source(sources: Mapping[str, Source]) -> tuple[str, PublishedSource] | None:
    """Return the input, and its name, of which each logical date of a run would read another whole table."""
    for name, source in sources.items():
        if isinstance(source, PublishedSource) and source.torn:
            return name, source
    return None


def _same(record: Mapping[str, Any], source: Source) -> bool:
    """Return whether an input means the same to a run that has recorded it."""
    return all(record.get(key) == value for key, value in source.record().items())


def _settled(need: Input, warehouse: Warehouse, dates: DateRange) -> Source:
    config = warehouse.config
    place = config.sources.get(need.name)
    if place and not is_written_by_jobs(need.name, config):
        return CatalogSource(place) if place.table else SparkSource(place)
    line = place.line if place else need.line
    if need.name not in warehouse.ledger.table_names() and not writers(need.name):
        if place is None:
            raise UnknownSourceError(need.name, config.origin, config.sources)
        raise nobody_writes(need.name, config.origin)
    environment = environment_read(config.environment)
    return PublishedSource.of(need, warehouse, environment=environment, line=line, dates=dates)
