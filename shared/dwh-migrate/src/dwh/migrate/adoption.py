"""Adopts files that something else wrote: they become outputs of a line, and stay where they are.

Footers and names of folders say which columns, types, rows and logical dates there are. Only a key, and a
null that no footer counts, need the rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from dwh.core.audit import audit_key
from dwh.core.contract import Table
from dwh.core.dates import DateRange, parse_any_date
from dwh.core.errors import AuditError, InvalidDateError, UsageError, listed
from dwh.core.grain import DAY, grain_of
from dwh.core.ledger import RunRecord, WrittenFile
from dwh.core.ledger.records import ADOPTED_STORAGE
from dwh.core.lines import InstalledLine, find_line
from dwh.core.recording import new_run
from dwh.core.session import line_session
from dwh.core.sources.upstream import writer_in
from dwh.core.storage.adopted import read_adopted
from dwh.core.storage.footers import bound_of
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.errors import FilesError
from dwh.migrate.compare.folder import DataFile, Folder, look_at
from dwh.migrate.draft import Inside, draft_of, look_into

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dwh.core.definition import JobDefinition

__all__ = ["Adoption", "prepare_adoption"]


@dataclass(frozen=True)
class Adoption:
    """Files that keep a contract as far as that shows without their rows. Nothing is recorded yet.

    Attributes:
        location: of the files, absolute.
        files: of each logical date.
        unsure: required columns of which no footer says whether they hold nulls.
    """

    warehouse: Warehouse
    line: InstalledLine
    job: type[JobDefinition]
    location: str
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
            frame = read_adopted(session, self.location, table.to_dict(), paths)
            if self.unsure:
                counts = (F.count(F.when(F.col(name).isNull(), 1)).alias(name) for name in self.unsure)
                (row,) = frame.agg(*counts).collect()
                if nulls := {name: row[name] for name in self.unsure if row[name]}:
                    raise AuditError(table.name, [_null(name, rows) for name, rows in nulls.items()])
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
    folder = look_at(place)
    _check_layout(job.writes, folder)
    location = _location(place)
    hidden = [column.name for column in job.writes.columns if column.sensitive]
    insides = look_into(folder, hidden)
    unsure = _check_columns(job.writes, folder, insides)
    files = {file: inside.written for file, inside in zip(folder.files, insides, strict=True)}
    return Adoption(warehouse, found, job, location, _by_date(job.writes, folder, files, day), unsure)


def _writer(line: InstalledLine, table: str) -> type[JobDefinition]:
    job = writer_in(line, table)
    if job is None:
        jobs = filter(None, map(line.usable_job, line.job_names()))
        known = listed(sorted(one.writes.name for one in jobs))
        raise UsageError(f"no job of line {line.name} writes {table}; its jobs write: {known or 'nothing'}")
    grain = job.writes.logical_grain
    if grain != DAY:
        raise UsageError(f"{table} has a logical date for each {grain.name}; only daily ones can be adopted")
    return job


def _check_layout(table: Table, folder: Folder) -> None:
    """Raise FilesError unless folders name what they name in outputs of runs, or nothing."""
    if folder.states and folder.files[0].name == folder.root:
        raise FilesError(f"{folder.path} is a file; name the folder that it is in")
    wanted = [table.partitions, ()] if len(table.partitions) < 2 else [table.partitions]
    if folder.partitioned_by not in wanted:
        found = listed(folder.partitioned_by) or "nothing"
        raise FilesError(
            f"{folder.path}: its folders name {found}, and those of {table.name} name "
            f"{listed(table.partitions) or 'nothing'}; write the files into such folders first"
        )


def _location(place: str) -> str:
    return place.rstrip("/") if "://" in place else str(Path(place).absolute())


def _check_columns(table: Table, folder: Folder, insides: Sequence[Inside]) -> tuple[str, ...]:
    """Return the required columns of which no footer counts nulls; raises AuditError for other problems."""
    found = {column.name: column for column in draft_of(folder, insides, table.name).columns}
    wanted = {column.name: column for column in table.columns}
    problems = [f"column {name} is missing" for name in wanted if name not in found]
    problems += [f"column {name} is not in the contract" for name in found if name not in wanted]
    both = {name: column for name, column in wanted.items() if name in found}
    problems += [
        f"column {name} is {found[name].type}, the contract says {column.type}"
        for name, column in both.items()
        if name not in folder.partitioned_by and found[name].type != column.type
    ]
    unsure = []
    for name in (name for name, column in both.items() if not column.nullable and found[name].nullable):
        counted = [(inside.written.columns or {}).get(name) for inside in insides]
        nulls = sum(one.nulls for one in counted if one is not None and one.nulls is not None)
        if nulls or name in folder.partitioned_by:
            problems.append(_null(name, nulls))
        else:
            unsure.append(name)
    if problems:
        raise AuditError(table.name, problems)
    return tuple(unsure)


def _null(name: str, rows: int) -> str:
    return f"required column {name} is null in {rows:,} rows" if rows else f"a folder's {name} is null"


def _by_date(
    table: Table, folder: Folder, files: Mapping[DataFile, WrittenFile], day: str | None
) -> dict[date, list[WrittenFile]]:
    """Return the files of each logical date; raises UsageError, FilesError and InvalidDateError."""
    if (day is None) == (table.date_column is None):
        said = "say of which with --date" if day is None else "its files say which: leave out --date"
        what = "is whole for each logical date" if day is None else "has logical dates of its own"
        raise UsageError(f"{table.name} {what}; {said}")
    found: dict[date, list[WrittenFile]] = defaultdict(list)
    for file, written in files.items():
        text = day or dict(file.partition).get(str(table.date_column)) or _only_date(table, folder, written)
        found[_past_day(text)].append(written)
    return dict(sorted(found.items()))


def _only_date(table: Table, folder: Folder, file: WrittenFile) -> str:
    """Return the logical date of a file that no folder names, by its footer."""
    name = str(table.date_column)
    said = (file.columns or {}).get(name)
    if said is None or said.lower is None or said.upper is None:
        raise FilesError(f"{folder.path}: the footer of {file.path} does not say which {name} its rows have")
    first, last = (str(bound_of(text, table.column(name).type))[:10] for text in (said.lower, said.upper))
    if first != last:
        raise FilesError(
            f"{folder.path}: {file.path} has rows of several dates, {first} to {last}; write one file or "
            f"more for each date first, such as: frame.write.partitionBy({name!r}).parquet(…)"
        )
    return first


def _past_day(text: str) -> date:
    day = parse_any_date(text)
    if grain_of(day) != DAY or day > datetime.now(timezone.utc).date():
        raise InvalidDateError(text, "it is not a day that has begun (UTC)")
    return day


def _record(adoption: Adoption, audited: bool) -> RunRecord:
    dates = DateRange(min(adoption.files), max(adoption.files))
    record = new_run(adoption.job, adoption.line, dates, adoption.warehouse.config.environment)
    state = "adopted" if audited else "adopted, not audited"
    return replace(
        record,
        location=adoption.location,
        code={**record.code, "state": state},
        storage=ADOPTED_STORAGE,
    )
