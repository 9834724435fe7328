"""The files of outputs in the ledger: added with a run's receipts, found by run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.ledger.records import ColumnStatistics, WrittenFile
from dwh.core.ledger.schema import output_files

__all__ = ["add_files", "files_of_runs", "of_runs", "statistics_of_runs"]

_AT_ONCE = 5000
"""Runs in one query: databases limit how many values it may hold."""

Files = dict[tuple[str, date], tuple[WrittenFile, ...]]


def add_files(
    connection: sa.Connection, run_id: str, days: Iterable[date], files: Mapping[date, Iterable[WrittenFile]]
) -> None:
    """Record the files of a run's outputs: a row for each logical date, also for one without files."""
    listed = {day: list(files.get(day, ())) for day in days}
    rows = [
        {
            "run_id": run_id,
            "partition_date": day,
            "files": [_listed(file) for file in found],
            "statistics": _kept(found),
        }
        for day, found in listed.items()
    ]
    connection.execute(output_files.insert(), rows)


def files_of_runs(connection: sa.Connection, run_ids: Iterable[str], dates: DateRange | None = None) -> Files:
    """Return the files of runs' outputs as far as they are known, without what their footers say.

    Parameters:
        dates: only of these.
    """
    columns = (output_files.c.run_id, output_files.c.partition_date, output_files.c.files)
    return {
        (run_id, day): tuple(_file(*file) for file in files)
        for of_some in of_runs(output_files.c.run_id, run_ids)
        for run_id, day, files in connection.execute(sa.select(*columns).where(of_some, *_within(dates)))
    }


def statistics_of_runs(
    connection: sa.Connection, run_ids: Iterable[str], dates: DateRange | None = None
) -> Files:
    """Return the files of runs' outputs with what their footers say, where their runs recorded it.

    Parameters:
        dates: only of these.
    """
    known = output_files.c.statistics.is_not(None)
    query = sa.select(output_files).where(known, *_within(dates))
    return {
        (run_id, day): tuple(
            replace(_file(*file), columns=_columns(said))
            for file, said in zip(files, statistics, strict=True)
        )
        for of_some in of_runs(output_files.c.run_id, run_ids)
        for run_id, day, files, statistics in connection.execute(query.where(of_some))
    }


def of_runs(column: sa.Column[str], run_ids: Iterable[str]) -> Iterator[sa.ColumnElement[bool]]:
    """Yield conditions that together hold for these runs, each naming no more of them than a query may."""
    wanted = sorted(set(run_ids))
    for start in range(0, len(wanted), _AT_ONCE):
        yield column.in_(wanted[start : start + _AT_ONCE])


def _within(dates: DateRange | None) -> list[sa.ColumnElement[bool]]:
    day = output_files.c.partition_date
    return [day >= dates.first, day <= dates.last] if dates else []


def _listed(file: WrittenFile) -> list[Any]:
    return [file.path, file.size, file.rows, *([file.modified] if file.modified is not None else [])]


def _file(path: str, size: int, rows: int, modified: str | None = None) -> WrittenFile:
    return WrittenFile(path, size, rows, modified=modified)


def _kept(files: Iterable[WrittenFile]) -> list[dict[str, Any]] | None:
    """Return what is kept of the footers of an output's files; None unless each of them was read."""
    found = [file.columns for file in files]
    if any(columns is None for columns in found):
        return None
    return [
        {name: astuple(said) for name, said in columns.items()} for columns in found if columns is not None
    ]


def _columns(kept: Mapping[str, list[Any]]) -> dict[str, ColumnStatistics]:
    return {name: ColumnStatistics(*said) for name, said in kept.items()}
