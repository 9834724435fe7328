"""Differences outside the code's promises: Spark settings, commands, requirements, files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from dwh.core.yanked import FILE as YANKED
from dwh.release.findings import Finding, Kind
from dwh.release.jobs import Place
from dwh.release.ranges import is_python, lost, range_of
from dwh.release.repository import Package
from dwh.release.surface import Surface, document_digests, file_digests
from dwh.release.versions import Step

__all__ = ["document_findings", "file_findings", "requirement_findings", "setting_findings"]


def setting_findings(old: Mapping[str, str], new: Surface) -> Iterator[Finding]:
    """Yield the Spark settings that differ: each can change every value that the jobs write."""
    for name in sorted(old.keys() | new.settings.keys()):
        before, after = old.get(name, "not set"), new.settings.get(name, "not set")
        if before != after:
            said = f"Spark setting {name} changed: {before} → {after}"
            yield Finding(Step.major, "setting", name, "setting", said, new.home)


def requirement_findings(package: Package, old: Mapping[str, Any], new: Surface) -> Iterator[Finding]:
    """Yield the differences of commands, other entry points, extras, dependencies and Pythons."""
    project = Place(package.relative("pyproject.toml"), 1)
    groups = "entry points"
    for group in sorted(old[groups].keys() | new.requires[groups].keys()):
        yield from _named(group, old[groups].get(group, {}), new.requires[groups].get(group, {}), project)
    yield from _named("extra", old["extras"], new.requires["extras"], project, Step.patch)
    for name in ("python", "dependencies"):
        before, after = old[name], new.requires[name]
        if _plain(before) != _plain(after):
            said = f"what it requires changed ({name}): {_shown(before)} → {_shown(after)}"
            yield Finding(Step.patch, "code", name, "requirement", said, project)
    yield from _ranges(old, new.requires, project)


def _plain(asked: Any) -> Any:
    """Return requirements in one spelling, in any order."""
    if isinstance(asked, str):
        return SpecifierSet(asked)
    if not asked:
        return asked
    found = map(Requirement, asked)
    return {
        (canonicalize_name(r.name), frozenset(r.extras), r.specifier, str(r.marker), r.url) for r in found
    }


def _ranges(old: Mapping[str, Any], new: Mapping[str, Any], place: Place) -> Iterator[Finding]:
    """Yield what the package no longer runs on: whoever has that cannot take the release."""
    pythons = [SpecifierSet(requires["python"] or "") for requires in (old, new)]
    sparks = [range_of(requires["dependencies"], "pyspark") for requires in (old, new)]
    for name, (before, after) in {"Python": pythons, "Spark": sparks}.items():
        gone = lost(before, after, is_python) if name == "Python" else lost(before, after)
        if gone:
            said = f"it no longer runs on {name} {gone}: {before or 'any'} → {after or 'any'}"
            yield Finding(Step.minor, "code", name, "range", said, place)


def document_findings(package: Package, old: Mapping[str, str] | None) -> Iterator[Finding]:
    """Yield each file beside the code that a wheel shows and that differs from the release."""
    if old is None:
        return
    new = document_digests(package)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            verb = "changed" if name in old and name in new else ("is new" if name in new else "is gone")
            what = "what pyproject.toml says of the package" if name == "pyproject.toml" else name
            said = f"{what} {verb}, which every wheel shows"
            yield Finding(Step.patch, "code", name, "document", said, Place(package.relative(name), 1))


def file_findings(package: Package, old: Mapping[str, str], findings: list[Finding]) -> Iterator[Finding]:
    """Yield each file that differs from the release, unless another finding points to it.

    What is yanked is no change of the code: a notice tells of it.
    """
    new, told = file_digests(package.module_folder), {finding.place.path for finding in findings}
    folder = package.module_folder.relative_to(package.folder).as_posix()
    for name in sorted(old.keys() | new.keys()):
        path = package.relative(folder, name)
        if old.get(name) != new.get(name) and path not in told and name != YANKED:
            verb = "changed" if name in old and name in new else ("is new" if name in new else "is gone")
            if name.rpartition("/")[2] == "py.typed" and name not in new:
                said = f"{name} is gone: callers lose the types"
                yield Finding(Step.major, "code", name, "removed", said, Place(path, 1))
            else:
                yield Finding(Step.patch, "code", name, "code", f"{name} {verb}", Place(path, 1))


def _named(
    group: str, old: Mapping[str, Any], new: Mapping[str, Any], place: Place, changed: Step = Step.major
) -> Iterator[Finding]:
    kind: Kind = "entry point"
    for name in sorted(old.keys() | new.keys()):
        path = f"{group}.{name}"
        if name not in new:
            yield Finding(Step.major, kind, path, "removed", f"{group} {name} is gone", place)
        elif name not in old:
            yield Finding(Step.minor, kind, path, "added", f"{group} {name} is new", place)
        elif _spelled(old[name]) != _spelled(new[name]):
            said = f"{group} {name} changed: {_shown(old[name])} → {_shown(new[name])}"
            yield Finding(changed, kind, path, "changed", said, place)


def _spelled(value: object) -> object:
    """Return where an entry point leads without spaces, and anything else as it is."""
    return "".join(value.split()) if isinstance(value, str) else value


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
