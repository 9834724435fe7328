"""Which installed distributions say that they bring a line; nothing of them is imported.

Python takes the first of two distributions of one name that it finds, and the code of whichever was
unpacked last. So a line that two of them bring, or one that an uninstall left half behind, cannot be told
from what would run, and is refused where it is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path
from typing import NamedTuple

__all__ = ["GROUP", "Brought", "brought_lines", "entries_of"]

GROUP = "dwh.lines"
_LINE = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)


@dataclass(frozen=True)
class Brought:
    """A line as metadata names it.

    Attributes:
        package, attribute: where its Line is.
        problem: why it cannot be used, with what to type; empty where nothing is known to be wrong.
    """

    name: str
    package: str
    attribute: str
    distribution: str
    release: str
    problem: str = ""


class _Named(NamedTuple):
    """A distribution with its name and its release, which are empty where its metadata is damaged."""

    distribution: Distribution
    name: str
    release: str

    @classmethod
    def of(cls, each: Distribution) -> _Named:
        try:
            metadata = each.metadata  # which is parsed each time
            return cls(each, str(metadata["Name"] or ""), str(metadata["Version"] or ""))
        except Exception:  # the file is missing or no text, for which Pythons raise different things
            return cls(each, "", "")


def brought_lines() -> dict[str, Brought]:
    """Return the lines that installed distributions bring, by name, oldest first."""
    return {**_lines(_places())}


def entries_of(group: str) -> Iterator[tuple[EntryPoint, Distribution]]:
    """Yield the entry points of a group, each with the distribution that has it, in the order of `sys.path`.

    A distribution whose metadata cannot be read has one, named after its folder, with the reason as value.
    """
    yield from _entries(group, _places())


def _places() -> tuple[tuple[str, int], ...]:
    """Return where distributions are looked for, each with when something was last added or removed there.

    As long as this stays the same, nobody looks again: a command asks some twenty times.
    """
    return tuple((place, _changed_at(place)) for place in sys.path)


def _changed_at(place: str) -> int:
    try:
        return Path(place).stat().st_mtime_ns
    except (OSError, ValueError):  # not there, or no path at all
        return 0


@lru_cache(maxsize=1)
def _lines(places: tuple[tuple[str, int], ...]) -> dict[str, Brought]:
    found: dict[str, list[tuple[EntryPoint, _Named]]] = defaultdict(list)
    for entry, each in _entries(GROUP, places):
        found[entry.name].append((entry, _Named.of(each)))
    lines = {name: _brought(name, entries) for name, entries in found.items()}
    return dict(sorted(lines.items(), key=lambda item: _age(item[0])))


@lru_cache(maxsize=8)
def _entries(group: str, _: tuple[tuple[str, int], ...]) -> list[tuple[EntryPoint, Distribution]]:
    found: list[tuple[EntryPoint, Distribution]] = []
    for each in distributions():
        if group not in (each.read_text("entry_points.txt") or ""):
            continue
        try:
            found += ((entry, each) for entry in each.entry_points.select(group=group))
        except Exception as error:  # of whatever kind the parser's are
            found.append((EntryPoint(_folder(each).name, f"unreadable: {error}", group), each))
    return found


def _age(name: str) -> tuple[bool, list[int], str]:
    """Return what lines are sorted by; those whose name is none come last."""
    match = _LINE.fullmatch(name)
    return match is None, [int(number) for number in match.groups()] if match else [], name


def _brought(name: str, entries: Sequence[tuple[EntryPoint, _Named]]) -> Brought:
    entry, first = entries[0]
    package, _, attribute = (part.strip() for part in entry.value.partition(":"))
    return Brought(name, package, attribute, first.name, first.release, _problem(name, package, entries))


def _problem(name: str, package: str, entries: Sequence[tuple[EntryPoint, _Named]]) -> str:
    entry, (first, own, release) = entries[0]
    if not own or not release:
        return f"{_folder(first)} does not say which release it belongs to; type: rm -r {_quoted(first)}"
    if not _LINE.fullmatch(name) or not re.fullmatch(r"[\w.]+\s*:\s*\w+", entry.value):
        return (
            f"{own} {release} says {name} = {entry.value!r} in {GROUP}; its name must be a line, such as "
            "0.1, and its object is written PACKAGE:LINE"
        )
    return _conflict(package, [each for _, each in entries])


def _conflict(package: str, found: Sequence[_Named]) -> str:
    """Return what is wrong where more than one release claims a line; empty where just one does."""
    names = {each.name: each for each in found}
    same_name = (_Named.of(each) for name in names if name for each in distributions(name=name))
    claims = {(each.name, each.release): each.distribution for each in reversed([*found, *same_name])}
    if len(claims) == 1:
        return ""
    shown = " and ".join(
        f"{' '.join(filter(None, identity)) or 'one without a name'} ({_folder(each)})"
        for identity, each in sorted(claims.items())
    )
    if len({_normal(name) for name, _ in claims if name}) > 1:
        remedy = " or ".join(f"pip uninstall {name}" for name, _ in sorted(claims))
        return f"two distributions provide it: {shown}; keep one, type: {remedy}"
    return f"two releases of it are installed: {shown}; {_remedy(package, list(claims.values()))}"


def _remedy(package: str, claims: Sequence[Distribution]) -> str:
    """Return what to type: remove what belongs to no files, where that can be told."""
    left = [each for each in claims if not _fits(each, package)]
    if len(left) == len(claims) - 1:
        return f"the files belong to the other; type: rm -r {' '.join(map(_quoted, left))}"
    return (
        f"remove the one that is not wanted, type: {' or '.join(f'rm -r {_quoted(each)}' for each in claims)}"
    )


def _fits(each: Distribution, package: str) -> bool:
    """Return whether the files of a package are those that a distribution's RECORD lists."""
    folder = package.replace(".", "/") + "/"
    recorded = [path for path in each.files or () if path.as_posix().startswith(folder) and path.hash]
    return bool(recorded) and all(
        path.hash is not None and path.hash.value == _hash(Path(str(path.locate()))) for path in recorded
    )


def _hash(path: Path) -> str:
    if not path.is_file():
        return ""
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()


def _folder(each: Distribution) -> Path:
    return Path(str(getattr(each, "_path", each.locate_file(""))))


def _quoted(each: Distribution) -> str:
    return shlex.quote(str(_folder(each)))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
