"""Something to run first: a job, and a logical date for which folders here have its inputs."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path

from dwh.core.config import Config
from dwh.core.definition import inputs_of
from dwh.core.errors import DwhError
from dwh.core.inputs import Input
from dwh.core.job import Job
from dwh.core.lines import InstalledLine
from dwh.core.sources.files import day_of

__all__ = ["landed"]


def landed(config: Config, line: InstalledLine) -> tuple[str, date] | None:
    """Return the first job of a line whose inputs are all configured, and the newest date that they have."""
    for name in line.job_names():
        with suppress(DwhError, OSError):
            if days := _days(config, line.job(name)):
                return f"{name}@{line.name}", max(days)
    return None


def _days(config: Config, job: type[Job]) -> set[date]:
    """Return the dates for which each input of a job with folders of dates, in local folders, has one."""
    inputs = inputs_of(job)
    dated = [need for need in inputs if need.table.date_column]
    if not dated or any(need.own or need.name not in config.sources for need in inputs):
        return set()
    return set.intersection(*(_folders(config, need, job) for need in dated))


def _folders(config: Config, need: Input, job: type[Job]) -> set[date]:
    column, place = need.table.date_column, config.sources[need.name].path
    if column is None or place is None or need.table.logical_grain != job.writes.logical_grain:
        return set()
    values = (folder.name.partition("=")[2] for folder in Path(place).glob(f"{column}=*"))
    days = (day_of(column, value, need.table.logical_grain) for value in values)
    return {day for day in days if day is not None}
