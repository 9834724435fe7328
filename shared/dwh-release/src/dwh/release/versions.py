"""Steps between versions, as Semantic Versioning 2.0.0 counts them.

A step says what kind of change it allows: `patch` fixes, `minor` features, `major` breaks. From 1.0
on the step moves the number of the same name. In 0.x the numbers shift one place to the right, as
semver.org's point 4 leaves open and dependency ranges such as `>=0.2,<0.3` assume: a break moves the
second number, a feature or a fix the third.
"""

from __future__ import annotations

import re
from enum import IntEnum

from dwh.release.errors import VersionError

__all__ = [
    "Step",
    "first_release",
    "in_line",
    "is_release",
    "next_release",
    "parse",
    "parse_line",
    "series",
    "split_prerelease",
    "step_between",
]

_RELEASE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)
_PRERELEASE = re.compile(rf"(?P<release>{_RELEASE.pattern})(?P<pre>(a|b|rc|\.dev)[1-9]\d*)", re.ASCII)
_LINE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)


class Step(IntEnum):
    """What a release may change, from nothing to everything."""

    none = 0
    patch = 1
    minor = 2
    major = 3

    @property
    def meaning(self) -> str:
        """Return what the step is for."""
        return ("nothing", "a fix", "a feature", "a breaking change")[self]

    def __str__(self) -> str:
        return self.name


def parse(version: str) -> tuple[int, int, int]:
    """Return the three numbers of a release; raises VersionError."""
    match = _RELEASE.fullmatch(version)
    if match is None:
        hint = "write three numbers, such as 0.1.2"
        if ".post" in version:
            hint = "a hotfix is the next release, with what it must not hold reverted"
        raise VersionError("reading a version", f"{version!r} is not a release", hint)
    major, minor, patch = map(int, match.groups())
    return major, minor, patch


def split_prerelease(version: str) -> tuple[str, str] | None:
    """Return the release that a pre-release comes before, and what follows it: `0.2.1`, `rc1`; else None."""
    match = _PRERELEASE.fullmatch(version)
    return (match["release"], match["pre"]) if match else None


def is_release(version: str) -> bool:
    """Tell whether a text is a release's three numbers."""
    return _RELEASE.fullmatch(version) is not None


def parse_line(line: str) -> tuple[int, int]:
    """Return the two numbers of a line; raises VersionError."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise VersionError("reading a line", f"{line!r} is not a line", "write two numbers, such as 0.3")
    return int(match[1]), int(match[2])


def first_release(line: str) -> str:
    """Return the release that a line is named by: 0.1.0 for line 0.1."""
    return f"{line}.0"


def series(version: str) -> tuple[int, ...]:
    """Return the numbers that only a break moves, of a line or a release: (0, 2) before 1.0, then (1,)."""
    major, minor, *_ = map(int, version.split("."))
    return (major,) if major else (major, minor)


def next_release(version: str, step: Step) -> str:
    """Return the release that a step leads to."""
    major, minor, patch = parse(version)
    place = step if major else max(step - 1, Step.patch)
    if place == Step.major:
        return f"{major + 1}.0.0"
    if place == Step.minor:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def step_between(old: str, new: str) -> Step:
    """Return the largest change that going from `old` to `new` allows; `none` when new is not newer.

    In 0.x the third number allows a feature: what a fix may be called is for the fragments to say.
    """
    before, after = parse(old), parse(new)
    if after <= before:
        return Step.none
    if after[0] > before[0] or (before[0] == 0 and after[1] > before[1]):
        return Step.major
    return Step.minor if before[0] == 0 or after[1] > before[1] else Step.patch


def in_line(line: str, version: str) -> bool:
    """Tell whether a release belongs to a line: before 1.0 by two numbers, from 1.0 on by the first."""
    first, release = (*parse_line(line), 0), parse(version)
    return series(line) == series(version) and release >= first
