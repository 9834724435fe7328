"""Differences between what jobs promised and what they promise: jobs, tables and inputs.

Which difference breaks a contract is decided by `dwh.core.compatibility`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dwh.core.compatibility import Difference, input_added, input_differences, output_differences
from dwh.release.findings import Finding, Kind
from dwh.release.jobs import JobData
from dwh.release.surface import Surface
from dwh.release.versions import Step

__all__ = ["contract_findings", "renames"]


def contract_findings(old: dict[str, JobData], new: Surface) -> Iterator[Finding]:
    """Yield the differences of a surface's jobs from recorded ones."""
    for name in sorted(old.keys() - new.jobs.keys()):
        yield _gone(name, old[name], new)
    for name, job in sorted(new.jobs.items()):
        if name not in old:
            message = f"job {name} is new: it writes {job['writes']['name']}"
            yield Finding(Step.minor, "contract", name, "added", message, new.place(f"{name}.writes"), name)
        else:
            yield from _job(name, old[name], job, new)


def renames(job: JobData) -> dict[str, str]:
    """Return the declared new name of each renamed column."""
    return {str(c["old"]): str(c["new"]) for c in job["changes"] if c["change"] == "Renamed"}


@dataclass(frozen=True)
class _Place:
    """Where the differences of one table are reported, and how."""

    new: Surface
    job: str
    kind: Kind
    path: str

    def finding(self, found: Difference) -> Finding:
        path = f"{self.path}.{found.column}" if found.column else self.path
        said, place = f"{path}: {found.message}", self.new.place(path)
        return Finding(
            Step[found.step], self.kind, path, found.aspect, said, place, self.job, found.declaration
        )


def _gone(name: str, job: JobData, new: Surface) -> Finding:
    table = job["writes"]["name"]
    heirs = [other for other, data in new.jobs.items() if data["writes"]["name"] == table]
    hint = f"; {table} is now written by {heirs[0]}: a job's name is part of every reference" if heirs else ""
    return Finding(
        Step.major, "contract", name, "removed", f"job {name} is gone, it wrote {table}{hint}", new.home, name
    )


def _job(name: str, old: JobData, job: JobData, new: Surface) -> Iterator[Finding]:
    at = _Place(new, name, "contract", f"{name}.writes")
    yield from map(at.finding, output_differences(old["writes"], job["writes"], renames(job)))
    was, now = ({table["name"]: table for table in data["reads"]} for data in (old, job))
    for table in now.keys() - was.keys():
        place = _Place(new, name, "input", f"{name}.reads.{table}")
        yield place.finding(input_added(now[table]))
    for table in was.keys() - now.keys():
        place = _Place(new, name, "input", f"{name}.reads.{table}")
        yield place.finding(Difference("patch", "", "removed", "the job no longer needs this input"))
    for table in was.keys() & now.keys():
        place = _Place(new, name, "input", f"{name}.reads.{table}")
        yield from map(place.finding, input_differences(was[table], now[table]))
