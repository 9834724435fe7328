"""How a run proceeds: it is prepared, then it reads, transforms, writes, audits and commits.

Until the last step nobody sees anything of it; after it, everything. A process that dies on the
way leaves a run that is recorded as started, and files that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any

from dwh.core.audit import audit_rows, audit_schema, conform
from dwh.core.config import Config, config_of_run, load_config
from dwh.core.dates import DateRange, check_grain
from dwh.core.definition import builds_on_itself, inputs_of, transformed
from dwh.core.engine import engine_of
from dwh.core.errors import (
    InputError,
    InvalidDateError,
    LedgerError,
    RunError,
    WholeTableError,
    one_line,
    without_values,
)
from dwh.core.inputs import Input
from dwh.core.layout import within
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.schema import runs
from dwh.core.line import warn_if_ended
from dwh.core.lines import InstalledLine, line_of
from dwh.core.names import environment_read
from dwh.core.receipt import Receipt
from dwh.core.recording import new_run
from dwh.core.session import interruptible, line_session, spark_session
from dwh.core.sources import Source, as_read_by, check_named, settled_sources, torn_source
from dwh.core.sources.previous import PreviousSource, outdated_after
from dwh.core.sources.spark import SparkSource
from dwh.core.sources.upstream import is_written_by_jobs, refuse_cycles, writer_in
from dwh.core.storage import new_storage
from dwh.core.supported import check_spark
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.core.job import Job

__all__ = ["PreparedRun", "in_runs", "prepare_run", "run_job"]


@dataclass(frozen=True)
class PreparedRun:
    """A run that has all it needs but Spark. Nothing is recorded yet.

    Attributes:
        sources: where each input comes from, by its name.
        like: runs whose outputs of other jobs are read again.
    """

    job: Job
    line: InstalledLine
    dates: DateRange
    warehouse: Warehouse
    sources: Mapping[str, Source]
    like: tuple[str, ...] = ()

    def execute(self, spark: SparkSession | None = None) -> Receipt:
        """Run it, and commit what it wrote. See `Job.run`.

        Parameters:
            spark: by default the active session, else one made from the configuration.
        """
        config = self.warehouse.config
        spark = spark or spark_session(config.spark, config.engine)
        check_spark(self.line, spark.version)
        if len(self.dates) > 1 and builds_on_itself(self.job):
            return _date_by_date(self, spark)
        needs = inputs_of(self.job)
        sources = {need.name: self.sources[need.name].settled(spark, need) for need in needs}
        return replace(self, sources=sources)._executed(spark)

    def _executed(self, spark: SparkSession) -> Receipt:
        config = self.warehouse.config
        run = _record(self, spark)
        self.warehouse.ledger.start_run(run, [one for need in self.sources.values() for one in need.reads()])
        try:
            with config_of_run(_read_with(config)):
                rows, files = _computed(self, spark, run.location)
            _commit(self.warehouse, run, rows, files)
        except BaseException as error:
            said = without_values if self._is_sensitive else one_line
            reason = _failed(self.warehouse, run, error, said)
            if not isinstance(error, Exception):
                raise
            raise RunError(run.id, run.reference, reason) from error
        return _receipt(run, rows, self._outdated())

    @property
    def _is_sensitive(self) -> bool:
        """Whether what an engine says of a row may quote a value that few are to see."""
        tables = (self.job.writes, *(need.table for need in inputs_of(self.job)))
        return any(column.sensitive for table in tables for column in table.columns)

    def _outdated(self) -> list[str]:
        """Return the later dates that rest on what was there before."""
        own = [need for need in inputs_of(self.job) if need.own]
        spans = (outdated_after(self.warehouse, need, self.line.name, self.dates.last) for need in own)
        return [str(span) for found in spans for span in found]


def prepare_run(
    job: Job,
    dates: DateRange,
    *,
    warehouse: Warehouse | None = None,
    config: Config | None = None,
    like: tuple[str, ...] = (),
    beside: str | None = None,
    after: str | None = None,
) -> PreparedRun:
    """Settle what a run needs, so that what is mistyped is told before Spark starts.

    Parameters:
        warehouse: by default the one that the configuration names, made where there is none yet, unless the
            run is refused.
        config: where there is no `warehouse`, what names it; by default it is looked for.
        like: runs whose outputs of other jobs, and snapshots, are read again, where an input means the same.
            Several must have read alike: see `dwh.core.sources.earlier.read_alike`.
        beside: the run of another line, by default the first of `like`, that this one is compared with: where
            that one went on from a history, this one does not begin its own anew.
        after: the run on whose output this one builds, where the job builds on itself; by default the line's
            newest of the date before.

    Raises InvalidDateError, DefinitionError where another job of the line writes the same table, and what
    `dwh.core.sources` raises for an input.
    """
    grain = job.writes.logical_grain
    check_grain(dates, grain, job.name())
    if dates.last > grain.holding(datetime.now(timezone.utc)):
        raise InvalidDateError(str(dates.last), "a logical date in the future has no data yet", None)
    line = line_of(type(job))
    if len(dates) > 1 and job.writes.date_column is None and not builds_on_itself(job):
        where = environment_read((warehouse.config if warehouse else config or load_config()).environment)
        told = (f"{job.name()}@{line.name}", job.writes.name, dates.first, dates.last)
        raise WholeTableError(*told, environment=where)
    warn_if_ended(line.package, line.line)
    if not line.line.ended:  # importing its other jobs would warn of each
        writer_in(line, job.writes.name)  # of two jobs, each would put the other's output out of sight
    needs = inputs_of(job)
    if warehouse is None:
        config = config or load_config()
        check_named(needs, config)
        warehouse = Warehouse.create(config)
    sources = settled_sources(needs, warehouse, dates, line.name, after)
    if any(is_written_by_jobs(need.name, warehouse.config) for need in needs):
        refuse_cycles(type(job), line.name, warehouse)
    if like:
        sources = as_read_by(like, needs, sources, warehouse, dates)
    for other in [beside] if beside else like[:1]:
        _check_beside(other, needs, sources, warehouse, dates)
    if not builds_on_itself(job):  # else each date is prepared again, by itself
        _check_torn(f"{job.name()}@{line.name}", sources, dates)
    for need in needs:
        sources[need.name].check(need, dates)
    return PreparedRun(job, line, dates, warehouse, sources, like)


def in_runs(job: Job, spans: Iterable[DateRange], warehouse: Warehouse) -> list[DateRange]:
    """Return ranges as the job can run them: a date at a time where it holds a whole table, or reads one of
    which each date has another."""
    return [part for span in spans for part in (_alone(span) if _is_torn(job, span, warehouse) else [span])]


def _alone(span: DateRange) -> list[DateRange]:
    return [DateRange(day, day) for day in span]


def _is_torn(job: Job, dates: DateRange, warehouse: Warehouse) -> bool:
    if job.writes.date_column is None or len(dates) == 1:
        return True
    sources = settled_sources(inputs_of(job), warehouse, dates, line_of(type(job)).name)
    return torn_source(sources) is not None


def _check_torn(reference: str, sources: Mapping[str, Source], dates: DateRange) -> None:
    """Raise InputError where each of a run's dates would read another whole table: one run reads one."""
    if found := torn_source(sources):
        name, source = found
        there = f"--env {source.environment}"
        raise InputError(
            name,
            source.where,
            f"each logical date has a whole table of its own, and a run reads one; found {dates}",
            f"type: dwh run {reference} --date {dates.last} {there}, or, to run each that is missing: "
            f"dwh backfill {reference} --from {dates.first} --to {dates.last} {there}",
        )


def _check_beside(
    other: str, needs: Iterable[Input], sources: Mapping[str, Source], warehouse: Warehouse, dates: DateRange
) -> None:
    """Raise MissingInputError where a job would begin its history anew beside a run that did not."""
    for need in needs:
        source = sources[need.name]
        if isinstance(source, PreviousSource):
            (run,) = warehouse.ledger.find_runs(runs.c.id == other)
            source.check_beside(run, need, dates)


def run_job(
    job: Job, dates: DateRange, *, spark: SparkSession | None = None, warehouse: Warehouse | None = None
) -> Receipt:
    """Prepare a run of a job for some logical dates, and execute it. See `Job.run`."""
    return prepare_run(job, dates, warehouse=warehouse).execute(spark)


def _computed(
    run: PreparedRun, spark: SparkSession, location: str
) -> tuple[dict[date, int], dict[date, list[WrittenFile]]]:
    """Read, transform, write and audit; return the rows and the files written for each logical date."""
    job, dates, storage = run.job, run.dates, new_storage(run.warehouse.config.warehouse)
    needs = inputs_of(job)
    with interruptible(spark), line_session(spark, run.line.line.settings) as session:
        read = [(need, source) for need in needs if isinstance(source := run.sources[need.name], SparkSource)]
        listed = [source.listed(session) for _, source in read]
        inputs = {need.short_name: run.sources[need.name].read(session, need, dates) for need in needs}
        frame = transformed(job, inputs, dates)
        audit_schema(frame, job.writes)
        output = conform(frame, job.writes)
        if any(need.has_window for need in needs):
            output = within(output, job.writes, dates)
        storage.write(output, job.writes, location)
        for (need, source), before in zip(read, listed, strict=True):
            source.check_kept(session, need, before)
        files = storage.files(session, job.writes, location, dates)
        rows = {day: sum(file.rows for file in found) for day, found in files.items()}
        is_unique = storage.is_unique(session, job.writes, location, files)
        written = None if is_unique else storage.written(session, job.writes, location)
        return audit_rows(written, job.writes, dates, listed=rows), files


def _date_by_date(run: PreparedRun, spark: SparkSession) -> Receipt:
    """Run each logical date on its own, on what the one before has written; return the receipt of all."""
    receipts: list[Receipt] = []
    for day in run.dates:
        after = receipts[-1]["run"] if receipts else None
        alone = prepare_run(run.job, DateRange(day, day), warehouse=run.warehouse, like=run.like, after=after)
        receipts.append(alone.execute(spark))
    return Receipt(
        **{
            **receipts[-1],
            "first_date": receipts[0]["first_date"],
            "partitions": sum(receipt["partitions"] for receipt in receipts),
            "rows": sum(receipt["rows"] for receipt in receipts),
        }
    )


def _commit(
    warehouse: Warehouse, run: RunRecord, rows: Mapping[date, int], files: Mapping[date, list[WrittenFile]]
) -> None:
    """Commit a run; where the ledger's answer is lost, what it has recorded says whether that was done."""
    try:
        warehouse.ledger.commit_run(run, rows, files)
    except LedgerError:
        if not _has_committed(warehouse, run):
            raise


def _has_committed(warehouse: Warehouse, run: RunRecord) -> bool:
    try:
        return bool(warehouse.ledger.find_runs(runs.c.id == run.id, runs.c.status == "committed"))
    except LedgerError:
        return False


def _failed(
    warehouse: Warehouse, run: RunRecord, error: BaseException, said: Callable[[BaseException], str]
) -> str:
    """Record that a run failed; return why, as `said` tells it, and what else went wrong."""
    reason = "interrupted" if isinstance(error, KeyboardInterrupt) else said(error)
    try:
        warehouse.ledger.fail_run(run.id, reason)
    except LedgerError as lost:
        return f"{reason}; that could not be recorded: {lost}"
    return reason


def _receipt(run: RunRecord, rows: Mapping[date, int], outdated: list[str]) -> Receipt:
    receipt = Receipt(
        run=run.id,
        job=run.job,
        line=run.line,
        release=run.release,
        table=run.table_name,
        first_date=str(run.first_date),
        last_date=str(run.last_date),
        partitions=len(rows),
        rows=sum(rows.values()),
    )
    return {**receipt, "outdated": outdated} if outdated else receipt


def _read_with(config: Config) -> Config:
    """Return the configuration with which a run reads tables of the warehouse: that of its environment."""
    return config.in_environment(environment_read(config.environment))


def _record(run: PreparedRun, spark: SparkSession) -> RunRecord:
    config = run.warehouse.config
    record = new_run(type(run.job), run.line, run.dates, config.environment)
    location = new_storage(config.warehouse).location(
        table=record.table_name, line=record.line, run_id=record.id
    )
    return replace(
        record,
        location=location,
        engine={**engine_of(spark), **record.engine},
        inputs=[_input(need, run.sources[need.name]) for need in inputs_of(run.job)],
    )


def _input(need: Input, source: Source) -> dict[str, Any]:
    """Return what the ledger keeps of an input."""
    window = {"back": need.back, "ahead": need.ahead} if need.has_window else {}
    whole = {"whole": True} if need.table.date_column is None else {}
    columns = [column.name for column in need.table.columns]
    return {"name": need.name, **source.record(), **window, **whole, "columns": columns}
