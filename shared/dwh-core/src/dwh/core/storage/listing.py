"""Which files are at a place: their sizes and times, and which of them hold rows by Spark's rule.

Nothing is opened. Places on this machine need no library, all others are reached by fsspec.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = ["State", "file_states", "is_visible"]

State = tuple[int, str]
"""The size of a file in bytes, and when it was written or what its store calls its version."""

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created", "ETag", "etag")
"""What file systems call the time of a file's last change, or its version."""


def file_states(place: str) -> dict[str, State]:
    """Return size and time of each file below a place, hidden ones too, by its path there.

    A place that is itself a file has the path `""`. A link to a folder counts as a file: it is not followed.
    Raises whatever the file system raises, and ImportError where fsspec does not reach the place.
    """
    if "://" not in place:
        return dict(_states_here(Path(place).expanduser()))
    from fsspec.core import url_to_fs

    system, base = url_to_fs(place)
    system.invalidate_cache()  # of a listing that an object store's client keeps
    found = system.find(base, detail=True).items()
    return {
        path.removeprefix(base).lstrip("/"): (facts.get("size") or 0, _time(facts)) for path, facts in found
    }


def is_visible(path: str) -> bool:
    """Tell whether Spark reads a file, by its path below what is read.

    What begins with `.`, or with `_` unless it is a partition's folder, is hidden, and all that lies in it.
    """
    return not any(
        part.startswith(".") or (part.startswith("_") and "=" not in part) or part.endswith("._COPYING_")
        for part in path.split("/")
    )


def _states_here(place: Path) -> Iterator[tuple[str, State]]:
    if place.is_file():
        yield "", _state(place)
    for path in place.rglob("*"):
        if path.is_symlink() or path.is_file():
            yield path.relative_to(place).as_posix(), _state(path)


def _state(path: Path) -> State:
    stat = path.stat() if path.exists() else path.lstat()  # of a link that leads nowhere
    written = datetime.fromtimestamp(stat.st_mtime, timezone.utc)
    return stat.st_size, written.isoformat(timespec="microseconds")


def _time(facts: Mapping[str, Any]) -> str:
    return next((str(facts[name]) for name in _TIMES if facts.get(name)), "")
