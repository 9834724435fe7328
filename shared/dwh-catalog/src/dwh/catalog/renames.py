"""The renames that installed lines declare: by them a column is the same under another name."""

from __future__ import annotations

from dwh.catalog.wanted import Wanted
from dwh.core.changes import Renamed
from dwh.core.errors import DwhError
from dwh.core.lines import installed_lines

__all__ = ["declared_renames"]


def declared_renames(wanted: Wanted) -> dict[str, str]:
    """Return the new name of each column that a line renames, by its old name; also over several lines.

    A line that is not installed here declares nothing: its renamed columns count as new ones.
    """
    found: dict[str, str] = {}
    for job in {output.job for output in wanted.outputs}:
        for old, new in _of_job(job):
            found = {before: new if now == old else now for before, now in found.items()} | {old: new}
    return found


def _of_job(job: str) -> list[tuple[str, str]]:
    declared = []
    for line in installed_lines().values():
        try:
            changes = line.job(job).changes if job in line.job_names() else ()
        except DwhError:
            continue
        declared += [(change.old, change.new) for change in changes if isinstance(change, Renamed)]
    return declared
