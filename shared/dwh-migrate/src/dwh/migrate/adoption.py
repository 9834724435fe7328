"""Adopts files that something else wrote: they become outputs of a line, and stay where they are.

Footers and names of folders say which columns, types, rows and logical dates there are. Only a key, and a
null that no footer counts, need the rows.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from dwh.core.audit import audit_key
from dwh.core.dates import DateRange
from dwh.core.errors import AuditError, UsageError, listed
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.records import ADOPTED_STORAGE
from dwh.core.lines import InstalledLine, find_line
from dwh.core.recording import new_run
from dwh.core.session import line_session
from dwh.core.sources.upstream import writer_in
from dwh.core.storage.adopted import read_adopted
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.found_checks import check_columns, check_layout, files_by_date, null_problem
from dwh.migrate.found_tables import FoundTable, absolute
from dwh.migrate.table_readers import found_table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.core.definition import JobDefinition

__all__ = ["Adoption", "prepare_adoption"]


_RUN_FOLDER = "/_run="


@dataclass(frozen=True)
class Adoption:
    """Files that keep a contract as far as that shows without their rows. Nothing is recorded yet.

    Attributes:
        found: what was adopted.
        files: of each logical date.
        unsure: required columns of which no footer says whether they hold nulls.
    """

    warehouse: Warehouse
    line: InstalledLine
    job: type[JobDefinition]
    found: FoundTable
    files: Mapping[date, list[WrittenFile]]
    unsure: tuple[str, ...]

    @property
    def needs_rows(self) -> bool:
        """Whether the audit has to read rows."""
        return bool(self.job.writes.key or self.unsure)

    def audit(self, spark: SparkSession) -> None:
        """Check what only the rows tell; raises AuditError naming what is wrong, with examples."""
        from pyspark.sql import functions as F

        table = self.job.writes
        with line_session(spark, self.line.line.settings) as session:
            paths = {day: [file.path for file in found] for day, found in self.files.items()}
            frame = read_adopted(session, self.found.location, table.to_dict(), paths)
            if self.unsure:
                counts = (F.count(F.when(F.col(name).isNull(), 1)).alias(name) for name in self.unsure)
                (row,) = frame.agg(*counts).collect()
                if nulls := {name: row[name] for name in self.unsure if row[name]}:
                    raise AuditError(table.name, [null_problem(name, rows) for name, rows in nulls.items()])
            audit_key(frame, table)

    def commit(self, *, audited: bool) -> str:
        """Make them outputs of the line, in one transaction; return the run's id."""
        run = _record(self, audited)
        rows = {day: sum(file.rows for file in found) for day, found in self.files.items()}
        self.warehouse.ledger.start_run(run)
        self.warehouse.ledger.commit_run(run, rows, self.files)
        return run.id


def prepare_adoption(
    warehouse: Warehouse, *, table: str, line: str, place: str, day: str | None = None
) -> Adoption:
    """Look at files, and check by footers and names of folders that they keep a line's contract.

    Parameters:
        place: a folder of Parquet files: one folder for each logical date in it, or files of one date each.
        day: which logical date a whole table is of; others say that themselves.

    Raises UsageError, FilesError, AuditError and UnknownLineError.
    """
    found = find_line(line)
    job = _writer(found, table)
    hidden = [column.name for column in job.writes.columns if column.sensitive]
    there = found_table(place, table, hidden)
    _refuse_runs(warehouse.config.warehouse, there)
    check_layout(job.writes, there)
    unsure = check_columns(job.writes, there)
    return Adoption(warehouse, found, job, there, files_by_date(job.writes, there, day), unsure)


def _writer(line: InstalledLine, table: str) -> type[JobDefinition]:
    job = writer_in(line, table)
    if job is None:
        jobs = filter(None, map(line.usable_job, line.job_names()))
        known = listed(sorted(one.writes.name for one in jobs))
        raise UsageError(f"no job of line {line.name} writes {table}; its jobs write: {known or 'nothing'}")
    return job


def _refuse_runs(root: str, found: FoundTable) -> None:
    """Raise FilesError for what runs of the warehouse have written: that may be removed by `dwh gc`.

    Also where links lead there.
    """
    below = f"{_real(absolute(root))}/"
    for file in found.files:
        path = _real(f"{found.location}/{file.written.path}")
        if path.startswith(below) and _RUN_FOLDER in path.removeprefix(below):
            raise FilesError(
                f"{found.place} holds what runs of this warehouse have written, which dwh gc may remove; "
                "what one environment has becomes another's by: dwh promote"
            )


def _real(place: str) -> str:
    """Return where a file of this machine really is; one of a store is where its path says."""
    return place if "://" in place else os.path.realpath(place)


def _record(adoption: Adoption, audited: bool) -> RunRecord:
    dates = DateRange(min(adoption.files), max(adoption.files))
    record = new_run(adoption.job, adoption.line, dates, adoption.warehouse.config.environment)
    state = "adopted" if audited else "adopted, not audited"
    return replace(
        record,
        location=adoption.found.location,
        code={**record.code, "state": state},
        inputs=[{"name": adoption.found.location, **adoption.found.origin}],
        storage=ADOPTED_STORAGE,
    )
