"""Inputs that other jobs write: what an environment publishes of a table, or what a line has written of it.

Which outputs are read is settled before Spark starts, and recorded: what is committed or published while a
run is under way does not change what it reads.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

from dwh.core.compatibility import unmet
from dwh.core.contract import ddl
from dwh.core.dates import DateRange, date_spans
from dwh.core.errors import InputError, MissingInputError
from dwh.core.grain import DAY, Grain, date_after, grain_of_contract
from dwh.core.inputs import Input
from dwh.core.ledger import Output, OutputsRead, RunRecord
from dwh.core.ledger.contracts import runs_of_each_contract
from dwh.core.ledger.removed import Removed
from dwh.core.ledger.schema import runs
from dwh.core.sources.earlier import EarlierReads
from dwh.core.sources.upstream import check_line, command_for
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from typing_extensions import Self

__all__ = ["PublishedSource"]


@dataclass(frozen=True)
class PublishedSource:
    """An input at outputs of other jobs. See `dwh.core.sources.Source`.

    Attributes:
        environment: whose publications or outputs are read.
        line: the line whose outputs are read; None for what is published.
        outputs: those that are read, at most one for each logical date.
        torn: whether it is a whole table for each date, and the run's dates one by one would read several.
        removed: logical dates of a whole table, later than what is read, whose output was removed.
    """

    warehouse: Warehouse
    environment: str
    line: str | None
    outputs: tuple[Output, ...]
    torn: bool = False
    removed: Removed | None = None

    @classmethod
    def of(
        cls, need: Input, warehouse: Warehouse, *, environment: str, line: str | None, dates: DateRange
    ) -> PublishedSource:
        """Return the source for the logical dates that a run for some dates needs."""
        wanted, source = _wanted(need, dates), cls(warehouse, environment, line, ())
        found = source.there(need, wanted)
        if wanted is not None or not warehouse.holds_whole(found):
            return replace(source, outputs=tuple(found))
        as_of = [DateRange(day, day).covering(DAY).last for day in (dates.first, dates.last)]
        first, last = (_as_of(found, day, need.may_lack) for day in as_of)
        source = replace(source, outputs=tuple(last), torn=first != last)
        return source.with_removed(need, as_of[-1]) if need.may_lack else source

    def there(self, need: Input, dates: DateRange | None) -> list[Output]:
        """Return what could be read of some logical dates, None for all."""
        ledger = self.warehouse.ledger
        if self.line is None:
            return ledger.published_outputs(environment=self.environment, table=need.name, dates=dates)
        return ledger.newest_outputs(
            environment=self.environment, table=need.name, line=self.line, dates=dates
        )

    def with_removed(self, need: Input, day: date) -> Self:
        """Return the source of a whole table, with what was removed after its output, up to a date."""
        after = self.outputs[-1].partition_date if self.outputs else None
        if after == day:
            return self
        removed = self.warehouse.ledger.removed_outputs(
            environment=self.environment,
            table=need.name,
            line=self.line,
            dates=DateRange(DAY.first, day),
            after=after,
        )
        return replace(self, removed=removed)

    @property
    def where(self) -> str:
        """Whose the outputs are, for people."""
        return (
            f"line {self.line} in {self.environment}" if self.line else f"what {self.environment} publishes"
        )

    def check(self, need: Input, dates: DateRange) -> None:
        """Raise InputError where a contract lacks what the job needs, MissingInputError for missing dates."""
        self._check_contracts(need)
        self._check_grain(need)
        if self.removed:
            raise self._gone(need, self.removed)
        wanted = _wanted(need, dates)
        if need.may_lack:
            return
        if wanted is None:
            missing = [] if self.outputs else [DateRange(*[dates.covering(DAY).last] * 2)]
        else:
            missing = wanted.without({output.partition_date for output in self.outputs})
        if missing:
            if self.line:
                check_line(self.warehouse, table=need.name, line=self.line, environment=self.environment)
            raise self._missing(need, missing)

    def _missing(self, need: Input, spans: Sequence[DateRange]) -> MissingInputError:
        """Return what says which logical dates are missing, and how to get them."""
        past, future = _by_now(spans)
        command = self._command(need, past) if past else None
        return MissingInputError(need.name, self.where, map(str, spans), command, to_come=map(str, future))

    def _command(self, need: Input, spans: list[DateRange]) -> str:
        """Return the command that makes logical dates of the table."""
        return command_for(
            self.warehouse, table=need.name, line=self.line, environment=self.environment, spans=spans
        )

    def _gone(self, need: Input, removed: Removed) -> InputError:
        """Return the error for what was removed: something older would be read in its place."""
        command = self._command(need, [removed.dates])
        return InputError(need.name, self.where, str(removed), f"to make it again, type: {command}")

    def _check_contracts(self, need: Input) -> None:
        """Raise InputError where what a run has written, of those that are read, lacks what the job needs."""
        ledger, newest = self.warehouse.ledger, self.warehouse.contracts(self.outputs)
        with ledger.reading() as connection:
            wanted = runs_of_each_contract(connection, (output.run_id for output in self.outputs))
        for run in ledger.find_runs(runs.c.id.in_(wanted)):
            if problems := _problems(need, _as_read(run.contract, newest[run.line])):
                is_old = run.contract != newest[run.line]
                where = f"{self.where} (line {run.line}{f', run {run.id}' if is_old else ''})"
                remedy = _anew(run, self.environment) if is_old else None
                raise InputError(need.name, where, "; ".join(problems), remedy)

    def _check_grain(self, need: Input) -> None:
        """Raise InputError where there is nothing of the dates as the table has another grain."""
        if self.outputs or need.table.date_column is None:
            return
        ledger = self.warehouse.ledger
        lines = ledger.table_lines(environment=self.environment, table=need.name)
        if self.line in lines if self.line else lines:
            found = ledger.table_grain(table=need.name, line=self.line)
            if found and found != need.table.logical_grain:
                raise InputError(need.name, self.where, _of_another_grain(need, found), None)

    def settled(self, spark: SparkSession, need: Input) -> PublishedSource:
        """Return the source as it is: the ledger has said all."""
        return self

    def read(self, spark: SparkSession, need: Input, dates: DateRange) -> DataFrame:
        """Return the columns that the job needs; raises LostFilesError."""
        columns = [column.to_dict() for column in need.table.columns]
        if not self.outputs:
            return spark.createDataFrame([], ddl(columns))
        frame = self.warehouse.read(spark, list(self.outputs))
        return frame.select(*(column["name"] for column in columns))

    def record(self) -> dict[str, Any]:
        """Return whose outputs are read; the outputs themselves are `reads`."""
        return {"format": "dwh", "environment": self.environment, "line": self.line}

    def reads(self) -> list[OutputsRead]:
        """Return the outputs that are read."""
        days: dict[str, list[date]] = defaultdict(list)
        for output in self.outputs:
            days[output.run_id].append(output.partition_date)
        return [
            OutputsRead(self.outputs[0].table_name, run_id, span.first, span.last)
            for run_id, found in days.items()
            for span in date_spans(found)
        ]

    def as_read(self, need: Input, dates: DateRange, earlier: EarlierReads) -> PublishedSource:
        """Return the source with the outputs that other runs have read, and today's of other dates."""
        wanted = _wanted(need, dates)
        read = {day: run for day, run in earlier.outputs.items() if wanted is None or day in wanted}
        days = earlier.dates or ()
        others = [] if wanted is None else [one for one in self.outputs if one.partition_date not in days]
        found = {one.partition_date: one for one in [*others, *self._written(need.name, read)]}
        return replace(self, outputs=tuple(found[day] for day in sorted(found)), torn=False, removed=None)

    def _written(self, table: str, run_ids: Mapping[date, str]) -> list[Output]:
        """Return the outputs that runs have written, each for its logical date."""
        if not run_ids:
            return []
        span = DateRange(min(run_ids), max(run_ids))
        every = self.warehouse.ledger.outputs(
            environment=self.environment, table=table, line=self.line, dates=span
        )
        return [output for output in every if run_ids.get(output.partition_date) == output.run_id]


def _wanted(need: Input, dates: DateRange) -> DateRange | None:
    """Return the logical dates that are needed, None for all."""
    return None if need.table.date_column is None else need.dates(dates)


def _by_now(spans: Sequence[DateRange]) -> tuple[list[DateRange], list[DateRange]]:
    """Return which logical dates have begun, and which are in the future, where no run can write them."""
    today = spans[0].grain.holding(datetime.now(timezone.utc))
    past = [DateRange(span.first, min(span.last, today)) for span in spans if span.first <= today]
    future = [DateRange(max(span.first, date_after(today)), span.last) for span in spans if span.last > today]
    return past, future


def _as_of(found: Iterable[Output], day: date, may_lack: bool) -> list[Output]:
    """Return, of outputs that are each the whole table, that of a logical date, or the newest before."""
    there = [output for output in found if output.partition_date <= day]
    return [output for output in there[-1:] if may_lack or output.partition_date == day]


def _as_read(contract: Mapping[str, Any], newest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a contract as its outputs are read by the newest of the line: with new columns, as nulls."""
    there = {column["name"] for column in contract["columns"]}
    new = [column for column in newest["columns"] if column["name"] not in there and column["nullable"]]
    return {**contract, "columns": [*contract["columns"], *new]}


def _anew(run: RunRecord, environment: str) -> str:
    """Return what to do where a line's newer outputs have another contract than this one."""
    return (
        "newer outputs of the line have another contract; run these dates again: "
        f"dwh run {run.job}@{run.line} --from {run.first_date} --to {run.last_date} --env {environment}"
    )


def _problems(need: Input, contract: Mapping[str, Any]) -> list[str]:
    """Return what a table's contract lacks for an input."""
    found = {column["name"]: column["type"] for column in contract["columns"]}
    problems = unmet(need.table.columns, found) + _nulls(need, contract)
    partition = need.table.date_column
    if partition is not None and contract["partition_by"] is None:
        problems.append("it is a whole table for each logical date: leave partition_by out of the input")
    elif partition is not None and partition != contract["partition_by"]:
        problems.append(f"its logical date is in {contract['partition_by']}, the job needs {partition}")
    found_grain = grain_of_contract(contract)
    if partition is not None and found_grain != need.table.logical_grain:
        problems.append(_of_another_grain(need, found_grain))
    return problems


def _of_another_grain(need: Input, found: Grain) -> str:
    asked = need.table.logical_grain.name
    return f"a logical date of it is {found.described}, the job needs one for each {asked}"


def _nulls(need: Input, contract: Mapping[str, Any]) -> list[str]:
    """Return which columns may be null by a table's contract, and never are by the input."""
    found = {column["name"] for column in contract["columns"] if column["nullable"]}
    return [
        f"column {column.name} may be null, and the job's input says that it never is: "
        "write nullable=True there, and let transform say what becomes of a null"
        for column in need.table.columns
        if column.name in found and not column.nullable
    ]
