"""The warehouse: one storage root and one ledger, and how a reader gets a table from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from dwh.core.config import Config, load_config
from dwh.core.dates import DateRange, check_grain, open_range
from dwh.core.engine import remote_address
from dwh.core.errors import InvalidDateError, NoLedgerError, NoOutputError, UnknownTableError, listed
from dwh.core.followers import tell_followers
from dwh.core.grain import DAY, grain_of
from dwh.core.layout import folder_of_contract
from dwh.core.ledger import Ledger, Output
from dwh.core.ledger.records import NEW_STORAGE
from dwh.core.ledger.schema import runs
from dwh.core.names import valid_environment, valid_table
from dwh.core.storage import storage_of
from dwh.core.storage.adopted import check_adopted
from dwh.core.storage.output_files import check_known

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Warehouse", "read_table"]


@dataclass(frozen=True)
class Warehouse:
    """One storage root and one ledger, as a configuration names them."""

    config: Config
    ledger: Ledger

    @classmethod
    def open(cls, config: Config | None = None) -> Warehouse:
        """Return the warehouse that is there; by default the configured one. Raises LedgerError."""
        config = config or load_config()
        try:
            return cls(config, _followed(Ledger.open(config.ledger), config))
        except NoLedgerError as error:
            raise NoLedgerError(error.url, config.origin) from None

    @classmethod
    def create(cls, config: Config | None = None) -> Warehouse:
        """Return the warehouse, made where there is none yet. Raises LedgerError."""
        config = config or load_config()
        return cls(config, _followed(Ledger.create(config.ledger), config))

    def published(
        self,
        *,
        table: str,
        environment: str | None = None,
        dates: DateRange | None = None,
        as_of: datetime | None = None,
    ) -> list[Output]:
        """Return what an environment, by default the configured one, shows for each logical date.

        Raises InvalidNameError, UnknownTableError, or NoOutputError when it shows nothing, or when the whole
        table that is meant was removed.
        """
        environment = self._environment(environment)
        self._known(table)
        found = self.ledger.published_outputs(environment=environment, table=table, dates=dates, as_of=as_of)
        self._check_removed(found, environment=environment, table=table, dates=dates, as_of=as_of)
        if dates:
            _check_dates(
                table, dates, found or self.ledger.published_outputs(environment=environment, table=table)
            )
        if not found:
            others = self._publishing(table, but=environment)
            wanted = f"environment {environment} publishes nothing" + (f" for {dates}" if dates else "")
            wanted += f" (published by: {listed(others)})" if others else ""
            raise NoOutputError(table, wanted, "type: dwh pins; or name a line whose output to read")
        return found

    def _publishing(self, table: str, *, but: str) -> list[str]:
        """Return the other environments that publish something of a table."""
        others = (name for name in self.ledger.environments() if name != but)
        return [name for name in others if self.ledger.published_outputs(environment=name, table=table)]

    def outputs(
        self,
        *,
        table: str,
        line: str,
        environment: str | None = None,
        dates: DateRange | None = None,
        as_of: datetime | None = None,
    ) -> list[Output]:
        """Return a line's newest output for each logical date in an environment, by default the configured.

        Raises InvalidNameError, UnknownTableError, or NoOutputError when there is none, or when the whole
        table that is meant was removed.
        """
        environment = self._environment(environment)
        self._known(table)
        found = self.ledger.newest_outputs(
            environment=environment, table=table, line=line, dates=dates, as_of=as_of
        )
        self._check_removed(found, environment=environment, table=table, line=line, dates=dates, as_of=as_of)
        if dates:
            every = found or self.ledger.newest_outputs(environment=environment, table=table, line=line)
            _check_dates(table, dates, every)
        if not found:
            wanted = f"line {line} has no output" + (f" for {dates}" if dates else "")
            wanted += f" in environment {environment}"
            raise NoOutputError(table, wanted, self._where_to_look(environment=environment, table=table))
        return found

    def read(self, spark: SparkSession, outputs: list[Output]) -> DataFrame:
        """Return the rows of some outputs of one table, at most one for each logical date.

        Of whole tables one at a time is read: see `current`.
        The columns come as the line of the newest has them; where another line lacks one, it is null.
        Raises LostFilesError when files of an output are gone, or are not what its run wrote.
        """
        newest_first = sorted(outputs, key=lambda output: output.sequence, reverse=True)
        contracts = self.contracts(newest_first)
        files = self.ledger.files_of(output.run_id for output in newest_first)
        check_adopted(self.ledger, newest_first, files)
        parts: dict[tuple[str, str], list[Output]] = defaultdict(list)
        for output in newest_first:
            parts[output.line, output.storage].append(output)
        frames = [
            storage_of(self.config.warehouse, kind).read(spark, found, contracts[line], files)
            for (line, kind), found in parts.items()
        ]
        return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), frames)

    def check_there(self, outputs: Iterable[Output]) -> None:
        """Raise LostFilesError where files of outputs of one table are gone, or of another size.

        No engine starts: what only an engine reaches is looked for by whoever reads it.
        """
        if remote_address(self.config.spark):
            return
        found = list(outputs)
        files = self.ledger.files_of(output.run_id for output in found)
        check_adopted(self.ledger, found, files)
        contracts = self.contracts(found)
        for line, contract in contracts.items():
            of_line = [output for output in found if (output.line, output.storage) == (line, NEW_STORAGE)]
            check_known(self.config.warehouse, of_line, files, folder_of_contract(contract))

    def current(self, outputs: list[Output]) -> list[Output]:
        """Return which of some outputs, at most one for each logical date, are the table to a reader.

        That is all of them, but of whole tables the one of the newest date.
        """
        newest = max(outputs, key=lambda output: output.partition_date)
        if self.holds_whole([newest]):
            return [newest]
        if not any(output.line != newest.line for output in outputs):
            return outputs
        whole = [
            line for line, contract in self.contracts(outputs).items() if contract["partition_by"] is None
        ]
        return [output for output in outputs if output.line not in whole]

    def holds_whole(self, outputs: Iterable[Output]) -> bool:
        """Return whether the newest date's output holds the whole table, and not that date alone."""
        newest = max(outputs, key=lambda output: output.partition_date, default=None)
        return newest is not None and self.contracts([newest])[newest.line]["partition_by"] is None

    def contracts(self, outputs: Iterable[Output]) -> dict[str, Mapping[str, Any]]:
        """Return, by line, the contract under which outputs are read: that of the newest of each line."""
        in_order = sorted(outputs, key=lambda output: output.sequence)
        newest = {output.line: output.run_id for output in in_order}
        records = self.ledger.find_runs(runs.c.id.in_(newest.values()))
        return {record.line: record.contract for record in records}

    def _environment(self, wanted: str | None) -> str:
        """Return the environment that is meant; an empty name is not the default, but a mistake."""
        return valid_environment(self.config.environment if wanted is None else wanted)

    def _check_removed(
        self,
        found: Iterable[Output],
        *,
        environment: str,
        table: str,
        line: str | None = None,
        dates: DateRange | None,
        as_of: datetime | None,
    ) -> None:
        """Raise NoOutputError where the whole table that is meant was removed: an older one is another."""
        if dates is None and as_of is None:
            return  # the newest of all stays
        removed = self.ledger.removed_outputs(
            environment=environment,
            table=table,
            line=line,
            dates=dates or DateRange(DAY.first, DAY.last),
            after=max((output.partition_date for output in found), default=None),
            as_of=as_of,
        )
        if removed:
            hint = f"run that date again, or read one that is there; type: dwh history {table}"
            raise NoOutputError(table, str(removed), f"{hint} --env {environment}")

    def _where_to_look(self, *, environment: str, table: str) -> str:
        lines = ", ".join(self.ledger.table_lines(environment=environment, table=table)) or "none"
        others = [name for name in self.ledger.table_environments(table) if name != environment]
        elsewhere = f"; other environments with outputs: {', '.join(others)}" if others else ""
        command = f"dwh history {table} --env {environment if lines != 'none' or not others else others[0]}"
        return f"lines with an output there: {lines}{elsewhere}; type: {command}"

    def _known(self, table: str) -> None:
        if valid_table(table) not in (known := self.ledger.table_names()):
            raise UnknownTableError(table, known)


def _followed(ledger: Ledger, config: Config) -> Ledger:
    """Return a ledger that tells the configuration's catalogs what has happened."""
    if config.catalogs:
        ledger.told = partial(tell_followers, config)
    return ledger


def _check_dates(table: str, dates: DateRange, outputs: Sequence[Output]) -> None:
    """Raise InvalidDateError when the dates that were asked for are not of the outputs' grain."""
    if outputs:
        check_grain(dates, grain_of(outputs[-1].partition_date), table)


def read_table(
    spark: SparkSession,
    name: str,
    *,
    line: str | None = None,
    environment: str | None = None,
    start: object = None,
    end: object = None,
    as_of: datetime | None = None,
    warehouse: Warehouse | None = None,
) -> DataFrame:
    """Return a table as an environment publishes it, or as a line has written it.

    What the DataFrame reads is settled now: runs that commit later do not change it.

    Parameters:
        name: such as `flights.carrier_delays`.
        line: such as `0.1`: its newest output for each logical date in the environment, whatever is
            published.
        environment: whose publications or outputs to read; by default that of the run that is under way
            in this thread, else the configured one.
        start, end: the first and last logical date, as `Job.run` takes them; by default all. Of a whole
            table, the newest of these dates is read.
        as_of: read what had been committed, or was published, at that instant; needs a time zone.
        warehouse: by default that of the run, else the one that the configuration names.

    Raises UnknownTableError, NoOutputError, InvalidDateError, InvalidNameError or LedgerError.
    """
    if as_of is not None and (not isinstance(as_of, datetime) or as_of.tzinfo is None):
        raise InvalidDateError(as_of, "as_of needs a datetime with a time zone", None)
    warehouse = warehouse or Warehouse.open()
    dates = open_range(start, end, warehouse.ledger.table_grain(table=name, line=line))
    if line is None:
        found = warehouse.published(table=name, environment=environment, dates=dates, as_of=as_of)
    else:
        found = warehouse.outputs(table=name, line=line, environment=environment, dates=dates, as_of=as_of)
    return warehouse.read(spark, warehouse.current(found))
