"""A folder of wheels, and which of them a release needs on a platform.

Nothing is fetched: what is deployed is what lies in the folder. Where it holds a file `SHA256SUMS`,
as `sha256sum *.whl` prints it, each wheel must be listed there with the hash that it has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from dwh.core.errors import ConfigError, InvalidNameError, UnknownJobError, listed
from dwh.core.lines import Reference
from dwh.deploy.errors import (
    MissingWheelsError,
    NoReleaseError,
    UnsupportedPlatformError,
    WheelError,
)
from dwh.deploy.platforms import PROVIDED, Platform
from dwh.deploy.wheels import Wheel, may_bring_line, read_wheel

__all__ = ["Release", "Wheelhouse"]

_SUMS = "SHA256SUMS"
# A ledger on a platform is PostgreSQL, whose driver comes with this extra.
_DRIVER = Requirement("dwh-core[postgresql]")


@dataclass(frozen=True)
class Release:
    """A job in exactly one release, with all the wheels it needs on a platform, its own first."""

    reference: str
    job: str
    line: str
    platform: Platform
    wheels: tuple[Wheel, ...]

    @property
    def entry(self) -> bytes:
        """The entry script, as the dwh-core among the wheels has it; raises WheelError."""
        core = next(wheel for wheel in self.wheels if wheel.name == "dwh-core")
        return core.read("dwh/core/entry.py")


@dataclass(frozen=True)
class _File:
    """A wheel by its name alone."""

    path: Path
    name: str
    version: Version
    tags: frozenset[Tag]


@dataclass(frozen=True)
class Wheelhouse:
    """A folder of wheels; what lies there is read when it is needed."""

    folder: Path
    _read: dict[Path, Wheel] = field(default_factory=dict, repr=False, compare=False)

    def find_release(self, reference: str, platform: Platform, more: Iterable[str] = ()) -> Release:
        """Return a job's release with the wheels that it needs on a platform, checked.

        Parameters:
            more: what else is needed there, as requirements.

        Raises InvalidNameError unless the reference names an exact release, NoReleaseError,
        UnknownJobError, UnsupportedPlatformError, MissingWheelsError or WheelError.
        """
        own, line, job = self._own(Reference.parse(reference))
        if job not in own.job_names(line):
            raise UnknownJobError(job, own.path.name, own.job_names(line))
        _check_platform(own, platform)
        wheels = tuple(self._needed(reference, own, platform, [_DRIVER, *map(Requirement, more)]))
        for wheel in wheels:
            _check_platform(wheel, platform)
        return Release(reference, job, line, platform, wheels)

    def _own(self, reference: Reference) -> tuple[Wheel, str, str]:
        """Return the wheel that brings a reference's line in its release, the line and the job."""
        try:
            release = Version(reference.version)
        except InvalidVersion:
            release = None
        if str(release) != reference.version or not reference.exact:
            allowed = f"JOB@RELEASE, the release with three numbers (found: {listed(self._releases())})"
            raise InvalidNameError("reference to deploy", str(reference), allowed)
        for file in self._files:
            if file.version == release and self._is_line(file):
                wheel = self._wheel(file.path)
                return wheel, next(iter(wheel.lines)), reference.job
        raise NoReleaseError(str(reference), self.folder, self._releases())

    def _needed(
        self, reference: str, own: Wheel, platform: Platform, more: Iterable[Requirement]
    ) -> Iterator[Wheel]:
        """Yield a wheel and those it needs, each in the newest version that all of them allow."""
        allowed: dict[str, SpecifierSet] = defaultdict(SpecifierSet)
        extras: dict[str, set[str]] = defaultdict(set)
        chosen, missing = {own.name: own}, dict[str, str]()
        queue = [*_requirements(own, set(), platform), *more]
        while queue:
            requirement = queue.pop(0)
            name = canonicalize_name(requirement.name)
            if name in PROVIDED:
                continue
            known = (chosen.get(name), len(extras[name]))
            allowed[name] &= requirement.specifier
            extras[name] |= requirement.extras
            wheel = self._newest(name, allowed[name], platform)
            if wheel is None:
                missing[name] = _shown(requirement.name, extras[name], allowed[name])
            elif (wheel, len(extras[name])) != known:
                chosen[name] = wheel
                queue += _requirements(wheel, extras[name], platform)
        if missing:
            raise MissingWheelsError(reference, self.folder, sorted(missing.values()), platform.python)
        yield own
        yield from (chosen[name] for name in sorted(chosen) if name != own.name)

    def _newest(self, name: str, allowed: SpecifierSet, platform: Platform) -> Wheel | None:
        found = [
            file
            for file in self._files
            if file.name == name and file.tags & platform.tags and allowed.contains(file.version)
        ]
        if not found:
            return None
        return self._wheel(max(found, key=lambda file: (file.version, file.path.name)).path)

    def _releases(self) -> list[str]:
        """Return the releases of lines that lie here, oldest first, for a message."""
        lines = sorted((file for file in self._files if self._is_line(file)), key=lambda file: file.version)
        return [self._wheel(file.path).release for file in lines]

    def _is_line(self, file: _File) -> bool:
        return may_bring_line(file.path) and bool(self._wheel(file.path).lines)

    def _wheel(self, path: Path) -> Wheel:
        if path not in self._read:
            wheel = read_wheel(path)
            if self._sums is not None and self._sums.get(path.name) != wheel.sha256:
                wanted = self._sums.get(path.name, "nothing")
                problem = f"its SHA-256 is {wheel.sha256}, {_SUMS} lists {wanted}"
                raise WheelError(path.name, problem, "fetch the wheel that was released")
            self._read[path] = wheel
        return self._read[path]

    @cached_property
    def _files(self) -> list[_File]:
        """The wheels in the folder, by name; raises ConfigError when there is no such folder."""
        if not self.folder.is_dir():
            raise ConfigError("--wheels", "the folder", str(self.folder), "a folder that exists, with wheels")
        found = []
        for path in sorted(self.folder.glob("*.whl")):
            try:
                name, version, _, tags = parse_wheel_filename(path.name)
            except InvalidWheelFilename as error:
                raise WheelError(
                    path.name, f"this is not the name of a wheel ({error})", "remove it"
                ) from None
            found.append(_File(path, name, version, tags))
        return found

    @cached_property
    def _sums(self) -> dict[str, str] | None:
        path = self.folder / _SUMS
        if not path.is_file():
            return None
        pairs = [line.split(maxsplit=1) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return {pair[-1].lstrip("*"): pair[0].lower() for pair in pairs}


def _requirements(wheel: Wheel, extras: set[str], platform: Platform) -> list[Requirement]:
    """Return what a wheel needs on a platform, with some of its extras."""
    return [
        requirement
        for requirement in wheel.requires
        if requirement.marker is None
        or any(requirement.marker.evaluate({**platform.markers, "extra": extra}) for extra in ("", *extras))
    ]


def _check_platform(wheel: Wheel, platform: Platform) -> None:
    """Raise UnsupportedPlatformError unless a wheel supports the platform's Python and Spark."""
    if not wheel.requires_python.contains(platform.python):
        supported = str(wheel.requires_python)
        raise UnsupportedPlatformError(wheel.release, "Python", supported, platform.name, platform.python)
    for requirement in _requirements(wheel, set(), platform):
        if requirement.name == "pyspark" and not requirement.specifier.contains(platform.spark):
            supported = str(requirement.specifier)
            raise UnsupportedPlatformError(wheel.release, "Spark", supported, platform.name, platform.spark)


def _shown(name: str, extras: set[str], allowed: SpecifierSet) -> str:
    return name + (f"[{','.join(sorted(extras))}]" if extras else "") + str(allowed)
