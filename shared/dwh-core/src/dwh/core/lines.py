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
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, cast

from dwh.core.definition import JobDefinition
from dwh.core.distributions import GROUP, Brought, brought_lines
from dwh.core.errors import (
    DefinitionError,
    DwhError,
    InvalidNameError,
    UnknownJobError,
    UnknownLineError,
    UnknownReleaseError,
)
from dwh.core.line import Line
from dwh.core.names import valid_job
from dwh.core.yanked import warn_if_yanked, yanked_releases

if TYPE_CHECKING:
    from dwh.core.job import Job

__all__ = [
    "InstalledLine",
    "Reference",
    "broken_lines",
    "distribution_of_line",
    "example_requirement",
    "find_job",
    "find_line",
    "installed_lines",
    "line_of",
]


_REFERENCE = re.compile(r"(?P<job>[^@]*)@(?P<version>\d+\.\d+(?P<rest>\.\d+\S*)?)", re.ASCII)


@dataclass(frozen=True)
class InstalledLine:
    """A line as it is installed: its name, import package, distribution and release."""

    name: str
    package: str
    distribution: str
    release: str
    line: Line

    @property
    def requirement(self) -> str:
        """The release as pip takes it: `dwh-v0_1==0.1.1`."""
        return f"{self.distribution}=={self.release}"

    @property
    def yanked(self) -> dict[str, str]:
        """The releases that the line has taken back, with their reasons."""
        return yanked_releases(self.package)

    def job_names(self) -> list[str]:
        """Return the names of the line's jobs, sorted."""
        return [*self._job_names]

    @cached_property
    def _job_names(self) -> tuple[str, ...]:  # a look into folders, for which a command asks many times
        paths = importlib.import_module(self.package).__path__
        names = (module.name for module in pkgutil.iter_modules(paths))
        return tuple(sorted(name for name in names if not name.startswith("_")))

    def job(self, name: str) -> type[Job]:
        """Return the job's class; raises UnknownJobError, or DefinitionError if its module has not one."""
        if name not in self.job_names():
            raise UnknownJobError(name, f"line {self.name}", self.job_names())
        module = _imported(f"{self.package}.{name}")
        found = [
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, JobDefinition)
            and value.__module__ == module.__name__
        ]
        if len(found) != 1:
            raise DefinitionError(
                module.__name__, f"a job's module has one Job class; this one has {len(found)}"
            )
        return cast("type[Job]", found[0])

    def usable_job(self, name: str) -> type[Job] | None:
        """Return the job's class, or None where the line has no such job or it is broken."""
        try:
            return self.job(name)
        except DwhError:
            return None


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
        known = [numbers for name in brought_lines() if (numbers := _numbers(name))]
        opened = [second for first, second in known if first == major and second <= minor]
        return f"{major}.{max(opened, default=0)}"

    def warn_if_yanked(self) -> None:
        """Warn that the release was taken back, where an installed release of its line says so."""
        line = brought_lines().get(self.line_name)
        if self.exact and line and not line.problem:
            warn_if_yanked(line.distribution, line.package, self.version)

    def line(self) -> InstalledLine:
        """Return the installed line that is meant.

        Raises UnknownLineError, UnknownReleaseError, or DefinitionError when the line is broken.
        """
        if not self.exact:
            return find_line(self.version)
        lines = brought_lines()
        for line in lines.values():
            if line.release == self.version:
                return _load(line)
        if (meant := lines.get(self.line_name)) and meant.problem:
            return _load(meant)
        releases = (f"{line.distribution}=={line.release}" for line in lines.values())
        raise UnknownReleaseError(str(self), self.version, releases)


def find_job(reference: str) -> type[Job]:
    """Return the class that a reference such as `carrier_delays@0.1` names.

    Raises InvalidNameError, UnknownLineError, UnknownReleaseError, UnknownJobError, or DefinitionError
    when the line or the job is broken. Other lines do not matter, whatever their state.
    """
    parsed = Reference.parse(reference)
    return parsed.line().job(parsed.job)


def find_line(name: str) -> InstalledLine:
    """Return an installed line; raises UnknownLineError, or DefinitionError when it is broken."""
    lines = brought_lines()
    if name not in lines:
        raise UnknownLineError(name, lines, distribution_of_line(name))
    return _load(lines[name])


def installed_lines() -> dict[str, InstalledLine]:
    """Return the installed lines that can be used, by name, oldest first; `broken_lines` has the others."""
    return {name: line for name, line in _states().items() if isinstance(line, InstalledLine)}


def broken_lines() -> dict[str, DwhError]:
    """Return the installed lines that cannot be used, by name, each with the reason."""
    return {name: error for name, error in _states().items() if isinstance(error, DwhError)}


def distribution_of_line(name: str) -> str | None:
    """Return the name of the distribution that brings a line, or would.

    For a line that is not installed it follows from the name of an installed one, most likely from that
    with the same first number. None where no installed line's distribution is named after it.
    """
    lines, wanted = brought_lines(), _numbers(name)
    if name in lines or wanted is None:
        return lines[name].distribution if name in lines else None
    likely = [
        (numbers[0] == wanted[0], numbers, text)
        for line in lines.values()
        if (numbers := _numbers(line.name)) and (text := _renumbered(line.distribution, numbers, wanted))
    ]
    return max(likely)[2] if likely else None


def example_requirement() -> str:
    """Return a release for a message to show: one that is installed, if there is one."""
    lines = list(brought_lines().values())
    return f"{lines[0].distribution}=={lines[0].release}" if lines else "dwh-v0_1==0.1.1"


def line_of(job: type[Job]) -> InstalledLine:
    """Return the line whose package holds this class; raises DefinitionError if none does."""
    package = job.__module__.rpartition(".")[0]
    for line in brought_lines().values():
        if line.package == package:
            return _load(line)
    raise DefinitionError(
        f"{job.__module__}.{job.__qualname__}",
        f"no installed distribution says that {package or 'its module'} is a line; "
        f"add an entry point to the group {GROUP} and install it",
    )


def _states() -> dict[str, InstalledLine | DwhError]:
    return {name: _state(line) for name, line in brought_lines().items()}


def _state(line: Brought) -> InstalledLine | DwhError:
    try:
        return _load(line)
    except DwhError as error:
        return error


def _load(brought: Brought) -> InstalledLine:
    """Import a line's package; raises DefinitionError when it is broken."""
    if brought.problem:
        raise DefinitionError(f"line {brought.name}", brought.problem)
    module = _imported(brought.package)
    line = getattr(module, brought.attribute, None)
    if not isinstance(line, Line) or not hasattr(module, "__path__"):
        where = f"line {brought.name} of {brought.distribution} {brought.release}"
        raise DefinitionError(where, f"{brought.package}:{brought.attribute} is not the Line of a package")
    return InstalledLine(brought.name, brought.package, brought.distribution, brought.release, line)


def _imported(name: str) -> ModuleType:
    """Import a module of a line; raises DefinitionError, saying why, when that fails in whatever way."""
    try:
        return importlib.import_module(name)
    except DwhError:
        raise
    except ModuleNotFoundError as error:
        hint = "; type: pip check" if error.name and not name.startswith(error.name) else ""
        raise DefinitionError(name, f"cannot be imported: {type(error).__name__}: {error}{hint}") from error
    except (Exception, SystemExit) as error:
        raise DefinitionError(name, f"cannot be imported: {type(error).__name__}: {error}") from error


def _numbers(line: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"(\d+)\.(\d+)", line, re.ASCII)
    return (int(match[1]), int(match[2])) if match else None


def _renumbered(distribution: str, old: tuple[int, int], new: tuple[int, int]) -> str | None:
    """Return a distribution's name with another line's numbers, or None if it does not hold its own."""
    pattern = rf"(?<!\d){old[0]}([._-]){old[1]}(?!\d)"
    text, count = re.subn(pattern, lambda match: f"{new[0]}{match[1]}{new[1]}", distribution)
    return text if count else None
