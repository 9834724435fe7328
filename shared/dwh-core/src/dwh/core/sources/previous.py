"""Inputs that the job itself has written: its line's output of the logical date before.

Each line builds on its own history, also while another one is published. The first logical date has none
before it, and gets no rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dwh.core.contract import Table, ddl
from dwh.core.dates import DateRange, date_spans
from dwh.core.errors import InputError, MissingInputError
from dwh.core.grain import grain_of, grain_of_contract
from dwh.core.inputs import Input
from dwh.core.ledger import Output, RunRecord, WrittenFile
from dwh.core.names import environment_read
from dwh.core.sources.published import PublishedSource
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["PreviousSource", "outdated_after"]


@dataclass(frozen=True)
class PreviousSource(PublishedSource):
    """An input at the job's own output before. See `dwh.core.sources.Source`.

    Attributes:
        gap: the logical dates between the newest output before the run's first date and that date.
    """

    gap: DateRange | None = None

    @classmethod
    def before(
        cls, need: Input, warehouse: Warehouse, line: str, dates: DateRange, after: str | None
    ) -> PreviousSource:
        """Return the source for a run of the line for some dates, the first of which builds on it.

        Parameters:
            after: the run whose output of the date before it is; None for the line's newest one.
        """
        environment = environment_read(warehouse.config.environment)
        if (day := dates.widened(1, 0).first) == dates.first:
            return cls(warehouse, environment, line, ())
        if after is not None:
            written = warehouse.ledger.outputs(
                environment=warehouse.config.environment,
                table=need.name,
                line=line,
                dates=DateRange(day, day),
            )
            mine = tuple(output for output in written if output.run_id == after)
            return cls(warehouse, environment, line, mine)
        if found := warehouse.ledger.newest_outputs(
            environment=environment, table=need.name, line=line, dates=DateRange(day, day)
        ):
            return cls(warehouse, environment, line, tuple(found))
        earlier = warehouse.ledger.newest_outputs(
            environment=environment,
            table=need.name,
            line=line,
            dates=DateRange(grain_of(day).first, day),
        )
        source = cls(warehouse, environment, line, tuple(earlier[-1:]))
        if need.table.date_column is None:
            source = source.with_removed(need, day)
        if not earlier or grain_of(earlier[-1].partition_date) != grain_of(day):
            return source
        gap = DateRange(DateRange(*[earlier[-1].partition_date] * 2).widened(0, 1).last, day)
        return replace(source, gap=gap)

    def check_beside(self, run: RunRecord, need: Input, dates: DateRange, command: str = "") -> None:
        """Raise MissingInputError where another line's run of the same dates had a history to go on from.

        This line would begin from nothing, and give something else.

        Parameters:
            command: what makes the dates that are missing, without them; by default the line's backfill.
        """
        before = dates.widened(1, 0).first
        if self.outputs or run.line == self.line or before == dates.first:
            return
        began = self.warehouse.ledger.newest_outputs(
            environment=self.environment,
            table=need.name,
            line=run.line,
            dates=DateRange(grain_of(before).first, before),
        )
        if began:
            missing = DateRange(began[0].partition_date, before)
            raise self._left_out(need, dates, missing, command or f"dwh backfill {run.job}@{self.line}")

    def check(self, need: Input, dates: DateRange) -> None:
        """Raise InputError where the output has another contract, MissingInputError for dates left out."""
        for output in self.outputs:
            contract = self.warehouse.contracts([output])[output.line]
            if problems := _problems(need.table, contract) + self._nulls(need.table, contract, output):
                raise InputError(
                    need.name, self._where(output), "; ".join(problems), self._anew(output, dates)
                )
        if self.gap and not need.may_lack:
            command = f"dwh backfill {self.outputs[0].job}@{self.line}"
            raise self._left_out(need, dates, self.gap, command)
        if self.removed:
            raise self._gone(need, self.removed)
        if not self.outputs:
            self._check_promoted(need, dates)

    def _check_promoted(self, need: Input, dates: DateRange) -> None:
        """Raise MissingInputError where the date's output was promoted without the one that it builds on."""
        ledger, first = self.warehouse.ledger, DateRange(dates.first, dates.first)
        for output in ledger.newest_outputs(
            environment=self.environment, table=need.name, line=str(self.line), dates=first
        ):
            read = ledger.reads_of([output.run_id]).get(output.run_id, [])
            before = [one.last_date for one in read if one.table_name == need.name]
            if before and output.promoted_from:
                command = f"dwh promote {output.job}@{self.line} --from {output.promoted_from} --to"
                raise MissingInputError(
                    need.name,
                    f"line {self.line} in {self.environment}, on which {dates.first} builds",
                    [str(before[0])],
                    f"{command} {self.environment} --date {before[0]}",
                )

    def _left_out(self, need: Input, dates: DateRange, missing: DateRange, command: str) -> MissingInputError:
        return MissingInputError(
            need.name,
            f"line {self.line} in {self.environment}, on which {dates.first} builds",
            [str(missing)],
            f"{command} --from {missing.first} --to {missing.last} --env {self.environment}",
        )

    def read(self, spark: SparkSession, need: Input, dates: DateRange) -> DataFrame:
        """Return the columns of the job's table; raises LostFilesError."""
        from pyspark.sql import functions as F

        columns = [column.to_dict() for column in need.table.columns]
        if not self.outputs:
            return spark.createDataFrame([], ddl(columns))
        frame = self.warehouse.read(spark, list(self.outputs))
        there = set(frame.columns)
        return frame.select(
            *(
                F.col(column["name"])
                if column["name"] in there
                else F.lit(None).cast(column["type"]).alias(column["name"])
                for column in columns
            )
        )

    def _nulls(self, table: Table, contract: Mapping[str, Any], output: Output) -> list[str]:
        """Return which columns must not be null any more, and may be in an output: its run has not counted
        that there is no null."""
        before = {column["name"] for column in contract["columns"] if column["nullable"]}
        stricter = [column.name for column in table.columns if column.name in before and not column.nullable]
        if not stricter or not output.row_count:
            return []
        at = (output.run_id, output.partition_date)
        files = self.warehouse.ledger.statistics_of([at[0]], DateRange(at[1], at[1])).get(at, ())
        return [
            f"column {name} may be null, and now must not be"
            for name in stricter
            if not files or not all(_has_no_null(file, name) for file in files)
        ]

    def _where(self, output: Output) -> str:
        return f"the output of {output.partition_date} of line {self.line} in {self.environment}"

    def _anew(self, output: Output, dates: DateRange) -> str:
        """Return what to do where an output has another contract."""
        first = self.warehouse.ledger.newest_outputs(
            environment=self.environment, table=output.table_name, line=output.line
        )[0].partition_date
        first = DateRange(first, first).covering(dates.grain).first
        return (
            f"compute its history anew from the first date on: dwh run {output.job}@{output.line} "
            f"--from {first} --to {dates.last} --env {self.environment}"
        )


def outdated_after(warehouse: Warehouse, need: Input, line: str, day: date) -> list[DateRange]:
    """Return the later logical dates of a line that rest on another output of a date than the newest.

    Parameters:
        need: the job's own output, as its `reads` has it.
    """
    environment = warehouse.config.environment
    if environment_read(environment) != environment:  # aside, where nobody builds on what is run
        return []
    later = warehouse.ledger.newest_outputs(
        environment=environment, table=need.name, line=line, dates=DateRange(day, grain_of(day).last)
    )
    found = [output for output in later if grain_of(output.partition_date) == grain_of(day)]
    reads = warehouse.ledger.reads_of(output.run_id for output in found)
    outdated: set[date] = set()
    for before, output in pairwise(found):
        if not need.may_lack and len(DateRange(before.partition_date, output.partition_date)) > 2:
            break  # it began anew after dates that were left out
        read = {one.read_run_id for one in reads.get(output.run_id, ()) if one.table_name == need.name}
        if read != {before.run_id} or before.partition_date in outdated:
            outdated.add(output.partition_date)
    return date_spans(outdated)


def _has_no_null(file: WrittenFile, column: str) -> bool:
    said = (file.columns or {}).get(column)
    return said is not None and said.nulls == 0


def _problems(table: Table, contract: Mapping[str, Any]) -> list[str]:
    """Return why a job could not go on from an output with this contract; newer nullable columns are null."""
    found = {column["name"]: column["type"] for column in contract["columns"]}
    problems = [
        f"there is no column {column.name}, which must not be null"
        if column.name not in found
        else f"column {column.name} is {found[column.name]}, and now {column.type}"
        for column in table.columns
        if found.get(column.name) != column.type and not (column.name not in found and column.nullable)
    ]
    if contract["key"] and set(contract["key"]) != set(table.key):
        was, now = (", ".join(key) or "none" for key in (contract["key"], table.key))
        problems.append(f"its key is ({was}), and now ({now})")
    if contract["partition_by"] != table.date_column:
        was, now = (name or "none" for name in (contract["partition_by"], table.date_column))
        problems.append(f"its partition_by is {was}, and now {now}")
    elif (grain := grain_of_contract(contract)) != table.logical_grain:
        problems.append(f"it is {grain.adjective}, and now {table.logical_grain.adjective}")
    return problems
