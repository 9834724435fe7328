"""The lines that were ended, in `ended.toml` at the repository's top: written by `dwh-release end`.

    [[ended]]
    line = "0.1"
    package = "dwh-v0_1"
    release = "0.1.2"
    on = 2027-12-31
    reason = "its last reader has moved to line 0.2"

An entry stays when the line's folder goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import tomlkit
import tomllib

from dwh.release._text import text_of
from dwh.release.errors import FragmentError

__all__ = ["ENDED", "Ended", "ended_content", "read_ended"]

ENDED = "ended.toml"


@dataclass(frozen=True)
class Ended:
    """The end of a line: its package, the release that was its last one then, the day, and why."""

    line: str
    package: str
    release: str
    on: date
    reason: str


def read_ended(root: Path) -> dict[str, Ended]:
    """Return the ends of lines by their packages; raises FragmentError."""
    path = root / ENDED
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(text_of(path)).get("ended", [])
        return {entry["package"]: Ended(**entry) for entry in entries}
    except (tomllib.TOMLDecodeError, TypeError, KeyError, AttributeError) as error:
        raise FragmentError(f"reading {ENDED}", str(error), f"type: git checkout HEAD -- {ENDED}") from error


def ended_content(ends: dict[str, Ended]) -> str:
    """Return the content of an `ended.toml`."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Lines that get no more fixes. Written by: dwh-release end LINE"))
    tables = tomlkit.aot()
    for end in ends.values():
        table = tomlkit.table()
        table.update(vars(end))
        tables.append(table)
    document.append("ended", tables)
    return tomlkit.dumps(document)
