"""Ranges of versions: which Pythons and Sparks a package runs on, and what it no longer does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

__all__ = ["is_python", "lost", "names", "python_bounds", "range_of"]

_MINORS = 41  # of Python 3: those that there are, and more than will come for decades


def python_bounds(requires: str | None) -> list[list[int]]:
    """Return the oldest and the newest Python 3 that a package says it runs on."""
    allowed = [minor for minor in range(_MINORS) if SpecifierSet(requires or "").contains(f"3.{minor}.99")]
    return [[3, minor, 99] for minor in dict.fromkeys(allowed[:1] + allowed[-1:])]


def is_python(version: Version) -> bool:
    """Tell whether a version is of a Python 3 that there is or may come. Nobody knows of a Python 4."""
    return version.major == 3 and version.minor < _MINORS


def names(dependencies: Iterable[str], name: str) -> bool:
    """Tell whether one of these requirements asks for a distribution."""
    wanted = canonicalize_name(name)
    return any(
        canonicalize_name(requirement.name) == wanted for requirement in map(Requirement, dependencies)
    )


def range_of(dependencies: Iterable[str], name: str) -> SpecifierSet:
    """Return which versions of a distribution all of these requirements allow: any, if none names it."""
    found = [
        r for r in map(Requirement, dependencies) if canonicalize_name(r.name) == canonicalize_name(name)
    ]
    specifier = SpecifierSet()
    for requirement in found:
        specifier &= requirement.specifier
    return specifier


def lost(
    old: SpecifierSet, new: SpecifierSet, among: Callable[[Version], bool] = lambda version: True
) -> str | None:
    """Return the version nearest to the new range that the old one allows and it does not, or None.

    Parameters:
        among: which versions there are.
    """
    if old == new:
        return None
    mentioned = re.findall(r"\d+(?:\.\d+)*", f"{old},{new}")
    near = (version for text in mentioned for version in _around(text))
    candidates = set(filter(among, (*_grid(), *near)))
    gone = [version for version in candidates if old.contains(version) and not new.contains(version)]
    if not gone:
        return None
    kept = [version for version in candidates if new.contains(version)]
    return str(min(gone) if kept and min(gone) > min(kept) else max(gone))


@cache
def _grid() -> tuple[Version, ...]:
    return tuple(Version(f"{major}.{minor}.0") for major in range(8) for minor in range(21))


def _around(text: str) -> Iterator[Version]:
    """Yield a version and its neighbours on both sides."""
    numbers = [*map(int, text.split(".")), 0, 0][:3]
    for place, number in enumerate(numbers):
        for near in (number - 1, number, number + 1):
            if near >= 0:
                yield Version(".".join(map(str, [*numbers[:place], near, *numbers[place + 1 :]])))
