"""How a run proceeds: read, transform, write, audit, commit.

Until the last step nobody sees anything of it; after it, everything. A process that dies on the
way leaves a run that is recorded as started, and files that nothing refers to.
"""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, TypedDict

from dwh.core.audit import audit_rows, audit_schema, conform
from dwh.core.config import Config, SourcePlace, config_of_run
from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.engine import engine_of
from dwh.core.errors import (
    InvalidDateError,
    LedgerError,
    RunError,
    UnknownSourceError,
    one_line,
    without_secrets,
)
from dwh.core.identity import current_user, new_id
from dwh.core.job import Job, transformed
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.lines import InstalledLine, line_of, warn_if_ended
from dwh.core.names import environment_read
from dwh.core.output_files import written_files
from dwh.core.process import this_process
from dwh.core.provenance import provenance
from dwh.core.session import interruptible, line_session, spark_session
from dwh.core.sources import read_source
from dwh.core.storage import place_of, read_run, write_run
from dwh.core.supported import check_spark
from dwh.core.warehouse import Warehouse

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Receipt", "run_job", "source_places"]


class Receipt(TypedDict):
    """What a committed run returns: JSON-able, and small whatever it wrote.

    The ledger keeps more, for each partition.
    """

    run: str
    job: str
    line: str
    release: str
    table: str
    first_date: str
    last_date: str
    partitions: int
    rows: int


def run_job(
    job: Job, dates: DateRange, *, spark: SparkSession | None = None, warehouse: Warehouse | None = None
) -> Receipt:
    """Run a job for some logical dates and commit its output. See `Job.run`."""
    if dates.last > datetime.now(timezone.utc).date():
        raise InvalidDateError(dates.last, "a logical date in the future has no data yet")
    line = line_of(type(job))
    warn_if_ended(line.package, line.line)
    warehouse = warehouse or Warehouse.create()
    places = source_places(job, warehouse)
    spark = spark or spark_session(warehouse.config.spark, warehouse.config.engine)
    check_spark(line, spark.version)
    run = _record(job, line, dates, warehouse, spark, places)
    warehouse.ledger.start_run(run)
    try:
        with config_of_run(_read_with(warehouse.config)):
            rows, files = _execute(job, line, dates, warehouse, spark, places, run.location)
        warehouse.ledger.commit_run(run, rows, files)
    except BaseException as error:
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else one_line(error)
        try:
            warehouse.ledger.fail_run(run.id, reason)
        except LedgerError as lost:
            reason = f"{reason}; that could not be recorded: {lost}"
        if not isinstance(error, Exception):
            raise
        raise RunError(run.id, run.reference, reason) from error
    return Receipt(
        run=run.id,
        job=run.job,
        line=run.line,
        release=run.release,
        table=run.table_name,
        first_date=str(dates.first),
        last_date=str(dates.last),
        partitions=len(rows),
        rows=sum(rows.values()),
    )


def _execute(
    job: Job,
    line: InstalledLine,
    dates: DateRange,
    warehouse: Warehouse,
    spark: SparkSession,
    places: Mapping[str, SourcePlace],
    location: str,
) -> tuple[dict[date, int], dict[date, list[WrittenFile]]]:
    """Read, transform, write and audit; return the rows and the files written for each logical date."""
    place = place_of(warehouse.config.warehouse, location)
    with interruptible(spark), line_session(spark, line.line.settings) as session:
        inputs = {need.short_name: read_source(session, need, places[need.name], dates) for need in job.reads}
        frame = transformed(job, inputs, dates)
        audit_schema(frame, job.writes)
        write_run(conform(frame, job.writes), job.writes, place)
        rows = audit_rows(read_run(session, job.writes.to_dict(), place), job.writes, dates)
        return rows, written_files(session, str(job.writes.partition_by), place)


def _read_with(config: Config) -> Config:
    """Return the configuration with which a run reads tables of the warehouse: that of its environment."""
    return config.in_environment(environment_read(config.environment))


def source_places(job: Job, warehouse: Warehouse) -> dict[str, SourcePlace]:
    """Return where a job's inputs are; raises UnknownSourceError for one that is not configured."""
    config = warehouse.config
    for need in job.reads:
        if need.name not in config.sources:
            raise UnknownSourceError(need.name, config.origin, config.sources)
    return {need.name: config.sources[need.name] for need in job.reads}


def _record(
    job: Job,
    line: InstalledLine,
    dates: DateRange,
    warehouse: Warehouse,
    spark: SparkSession,
    places: Mapping[str, SourcePlace],
) -> RunRecord:
    now = datetime.now(timezone.utc)
    run_id = new_id(now)
    code = provenance(line.distribution, line.package)
    core = provenance("dwh-core", "dwh.core")
    return RunRecord(
        id=run_id,
        job=job.name(),
        line=line.name,
        release=line.release,
        table_name=job.writes.name,
        environment=warehouse.config.environment,
        status="started",
        first_date=dates.first,
        last_date=dates.last,
        started_at=now,
        finished_at=None,
        started_by=current_user(),
        host=socket.gethostname(),
        pid=os.getpid(),
        location=f"{job.writes.name}/{line.name}/_run={run_id}",
        contract=job.writes.to_dict(),
        code={**asdict(code), "core": asdict(core)},
        engine={**engine_of(spark), "python": platform.python_version()},
        inputs=[_input(need, places[need.name]) for need in job.reads],
        error=None,
        process=this_process(),
    )


def _input(need: Table, place: SourcePlace) -> dict[str, Any]:
    """Return what the ledger keeps of an input. Options may hold credentials, so they stay out."""
    path = without_secrets(place.path) if place.path else None
    return {
        "name": need.name,
        "format": place.format,
        "path": path,
        "columns": [c.name for c in need.columns],
    }
