"""The release lines and jobs that are installed here, and the references that name them.

A distribution brings a line by an entry point in the group `dwh.lines`, whose name is the line's
and whose object is a `Line`:

    [project.entry-points."dwh.lines"]
    "0.1" = "dwh.jobs.v0_1_0:LINE"

The jobs of a line are the public modules of its package, each with one `Job` class. Nothing here
imports pyspark, unless a job's module does.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from dwh.core.errors import (
    DefinitionError,
    DwhError,
    InvalidNameError,
    UnknownJobError,
    UnknownLineError,
    UnknownReleaseError,
)
from dwh.core.names import valid_job

if TYPE_CHECKING:
    from dwh.core.job import Job

__all__ = [
    "EndedLineWarning",
    "InstalledLine",
    "Line",
    "Reference",
    "Status",
    "find_job",
    "installed_lines",
    "line_of",
    "warn_if_ended",
]


class EndedLineWarning(FutureWarning):
    """A job of a line that gets no more fixes was imported or run."""


Status = Literal["main", "maintenance", "ended"]

_LINE = re.compile(r"\d+\.\d+", re.ASCII)
_REFERENCE = re.compile(r"(?P<job>[^@]*)@(?P<version>\d+\.\d+(?P<rest>\.\d+\S*)?)", re.ASCII)


@dataclass(frozen=True)
class Line:
    """What a line says of itself, in the `__init__.py` of its package.

    Parameters:
        status: `main`, `maintenance` or `ended`.
        ends: the last UTC date on which the line gets fixes; None while that is open.
        settings: Spark SQL settings that its jobs are written for. They hold in every run of the
            line, whatever the session or the configuration says.
    """

    status: Status
    ends: date | None = None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether the line gets no more fixes: it says so, or its last day has passed (UTC)."""
        past = self.ends is not None and self.ends < datetime.now(timezone.utc).date()
        return self.status == "ended" or past


@dataclass(frozen=True)
class InstalledLine:
    """A line as it is installed: its name, import package, distribution and release."""

    name: str
    package: str
    distribution: str
    release: str
    line: Line

    def job_names(self) -> list[str]:
        """Return the names of the line's jobs, sorted."""
        paths = importlib.import_module(self.package).__path__
        return sorted(
            module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_")
        )

    def job(self, name: str) -> type[Job]:
        """Return the job's class; raises UnknownJobError, or DefinitionError if its module has not one."""
        from dwh.core.job import Job

        if name not in self.job_names():
            raise UnknownJobError(name, f"line {self.name}", self.job_names())
        module = _import(f"{self.package}.{name}")
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Job) and value.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise DefinitionError(module.__name__, f"a job's module has one Job class, this has {len(found)}")
        return found[0]


@dataclass(frozen=True)
class Reference:
    """`carrier_delays@0.1`, a job in a line, or `carrier_delays@0.1.1`, a job in exactly that release."""

    job: str
    version: str
    exact: bool

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference; raises InvalidNameError."""
        match = _REFERENCE.fullmatch(text)
        if match is None:
            raise InvalidNameError("reference", text, "JOB@LINE or JOB@RELEASE, such as carrier_delays@0.1")
        return cls(valid_job(match["job"]), match["version"], match["rest"] is not None)

    def __str__(self) -> str:
        return f"{self.job}@{self.version}"

    @property
    def line_name(self) -> str:
        """The line that is meant, `0.1` also for release 0.1.1, whether it is installed or not.

        From 1.0 on a line is a MAJOR: release 1.1.1 belongs to line 1.0, or to the installed line 1.1.
        """
        if not self.exact or self.version.startswith("0."):
            return ".".join(self.version.split(".")[:2])
        major, minor = map(int, self.version.split(".")[:2])
        names = (entry.name for entry in entry_points(group="dwh.lines"))
        known = [_numbers(name) for name in names if _LINE.fullmatch(name)]
        opened = [second for first, second in known if first == major and second <= minor]
        return f"{major}.{max(opened, default=0)}"

    def line(self) -> InstalledLine:
        """Return the installed line that is meant; raises UnknownLineError or UnknownReleaseError."""
        lines = installed_lines()
        if not self.exact:
            if self.version not in lines:
                raise UnknownLineError(self.version, lines)
            return lines[self.version]
        for line in lines.values():
            if line.release == self.version:
                return line
        releases = (f"{line.distribution}=={line.release}" for line in lines.values())
        raise UnknownReleaseError(str(self), self.version, releases)


def find_job(reference: str) -> type[Job]:
    """Return the class that a reference such as `carrier_delays@0.1` names.

    Raises InvalidNameError, UnknownLineError, UnknownReleaseError or UnknownJobError.
    """
    parsed = Reference.parse(reference)
    return parsed.line().job(parsed.job)


def installed_lines() -> dict[str, InstalledLine]:
    """Return the installed lines by name, oldest first."""
    found = {entry.name: _installed(entry) for entry in entry_points(group="dwh.lines")}
    return dict(sorted(found.items(), key=lambda item: _numbers(item[0])))


def line_of(job: type[Job]) -> InstalledLine:
    """Return the line whose package holds this class; raises DefinitionError if none does."""
    package = job.__module__.rpartition(".")[0]
    for line in installed_lines().values():
        if line.package == package:
            return line
    raise DefinitionError(
        f"{job.__module__}.{job.__qualname__}",
        f"no installed distribution says that {package or 'its module'} is a line; "
        "add an entry point to the group dwh.lines and install it",
    )


def warn_if_ended(package: str, line: Line) -> None:
    """Warn whoever imports or runs a job of a line that has ended, and say what to do."""
    if line.ended:
        when = f" on {line.ends} (UTC)" if line.ends else ""
        warnings.warn(
            f"{package}: this line ended{when} and gets no more fixes; `dwh jobs` lists those that go on, "
            "`dwh rollout plan JOB OLD NEW` shows the way to one",
            EndedLineWarning,
            stacklevel=3,
        )


def _numbers(line: str) -> tuple[int, int]:
    first, second = line.split(".")
    return int(first), int(second)


def _installed(entry: EntryPoint) -> InstalledLine:
    if not _LINE.fullmatch(entry.name) or entry.dist is None:
        raise DefinitionError(
            f"entry point {entry.name!r} in dwh.lines", "its name must be a line, such as 0.1"
        )
    line = getattr(_import(entry.module), entry.attr, None)
    if not isinstance(line, Line):
        raise DefinitionError(f"entry point {entry.name!r} in dwh.lines", f"{entry.value} is not a Line")
    return InstalledLine(entry.name, entry.module, entry.dist.name, entry.dist.version, line)


def _import(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except DwhError:
        raise
    except Exception as error:
        raise DefinitionError(module, f"cannot be imported: {type(error).__name__}: {error}") from error
