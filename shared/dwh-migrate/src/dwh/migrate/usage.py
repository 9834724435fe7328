"""Which DAG names which job or table in which line, read from Python sources that are never run.

`find_uses` reads sources and says how each use stands towards the lines that are installed here,
`check_uses` refuses the uses that nobody should rely on. `_dag_source` reads a source's syntax tree,
`_references` the texts in it.
"""

from __future__ import annotations

import os
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from dwh.compare.safe_text import plural
from dwh.core.errors import DwhError, UsageError
from dwh.core.lines import InstalledLine, broken_lines, installed_lines
from dwh.migrate._dag_source import Mention, read_mentions
from dwh.migrate._references import Named

__all__ = ["State", "Use", "UseError", "check_uses", "find_uses"]

State = Literal[
    "ok",
    "environment",
    "ending",
    "ended",
    "no version",
    "not installed",
    "broken",
    "unknown job",
    "cannot be read",
]

_REMEDIES: dict[State, str] = {
    "no version": "name a line, such as carrier_delays@0.1, or the environment that chooses it",
    "ending": "move to a newer line before the date; dwh compare shows what differs",
    "ended": "move to a newer line; dwh compare shows what differs",
    "not installed": "name an installed line or release (type: dwh jobs), or install it with pip",
    "broken": "its distribution is installed and cannot be used; type: dwh jobs, which says why",
    "unknown job": "there is no such job; type: dwh jobs",
    "cannot be read": "spell it out in the source; of a reference the line is enough, as in f'{job}@0.1'",
}
_LARGEST_SOURCE = 2_000_000  # bytes, whose syntax tree may take a gigabyte


@dataclass(frozen=True)
class Use:
    """A place in a source that names a job, a table or a line, or that cannot be read.

    Attributes:
        path: of the source, relative if the path that was asked for is.
        line_number: where in the source, from 1; 0 where it is the whole source.
        dag: the id of the DAG that it is written in, else the ids of all DAGs of the source.
        job, table: what is named; empty where it is computed, or where a line alone is named.
        line: the release line; None where none is named.
        release: the release; None where a line is named.
        written: how it is written, or why it cannot be read.
        state: how it stands towards the lines that are installed here.
        ends: the last UTC date on which the line gets fixes; None while that is open.
    """

    path: str
    line_number: int
    dag: str
    job: str
    table: str
    line: str | None
    release: str | None
    written: str
    state: State
    ends: date | None

    @property
    def place(self) -> str:
        """Return the path and the line number, as editors take them."""
        return f"{self.path}:{self.line_number}" if self.line_number else self.path

    @property
    def passes(self) -> bool:
        """Return whether it names a line that will stay, or leaves the line to an environment."""
        return self.state in ("ok", "environment")


class UseError(DwhError):
    """Some uses name no version or one that is not there to stay, or cannot be read."""

    code = "DWH951"

    def __init__(self, uses: Iterable[Use]) -> None:
        self.uses = tuple(uses)
        failed = Counter(use.state for use in self.uses if not use.passes)
        reasons = (f"{count} {state}: {_REMEDIES[state]}" for state, count in failed.items())
        do = "does" if failed.total() == 1 else "do"
        total = f"{failed.total()} of {plural(len(self.uses), 'place')} {do} not pass"
        super().__init__("\n".join([total, *reasons]))


def check_uses(uses: Iterable[Use]) -> None:
    """Return if every use passes; raises UseError. What cannot be read does not pass."""
    uses = tuple(uses)
    if not all(use.passes for use in uses):
        raise UseError(uses)


def find_uses(paths: Iterable[Path], *, within: int = 90, today: date | None = None) -> list[Use]:
    """Return every use in the Python sources among the paths and below them, in order.

    Below a path, hidden folders, `__pycache__` and virtual environments are left out. A source that
    cannot be read is a use whose state says so.

    Parameters:
        within: a line is `ending` when so many days of it, or fewer, are left.
        today: by default the current UTC date.

    Raises UsageError for a path that does not exist.
    """
    sources = list(dict.fromkeys(source for path in paths for source in _sources(path)))
    today = today or datetime.now(timezone.utc).date()
    lines = installed_lines()
    jobs = {name: line.job_names() for name, line in lines.items()}
    known = _Known(lines, jobs, set(broken_lines()), today, within)
    return [use for source in sources for use in known.uses(source)]


@dataclass(frozen=True)
class _Known:
    """The lines and jobs against which uses are held, and the date."""

    lines: Mapping[str, InstalledLine]
    jobs: Mapping[str, list[str]]
    broken: Set[str]
    today: date
    within: int

    def uses(self, source: Path) -> Iterator[Use]:
        path = os.fsencode(source).decode("utf-8", "replace")  # a path need not be text
        packages = {line.package: name for name, line in self.lines.items()}
        try:
            mentions = read_mentions(_content(source), packages)
        except (OSError, ValueError, SyntaxError, RecursionError, MemoryError) as error:
            yield _unreadable(path, error)
            return
        for mention in mentions:
            if mention.certain or self._is_meant(mention.named):
                yield self._use(path, mention)

    def _is_meant(self, named: Named) -> bool:
        """Return whether what looks like a reference is one: its job or its line is known, or none is."""
        known = {*self.lines, *self.broken}
        return not known or self._line(named) in known or self._is_job(named.job)

    def _is_job(self, job: str) -> bool:
        return any(job in jobs for jobs in self.jobs.values())

    def _use(self, path: str, mention: Mention) -> Use:
        named, name = mention.named, self._line(mention.named)
        line = self.lines.get(name or "")
        return Use(
            path,
            mention.line_number,
            ", ".join(mention.dags),
            named.job,
            named.table,
            name,
            named.version if named.exact else None,
            mention.written,
            self._state(named, line),
            line.line.ends if line else None,
        )

    def _line(self, named: Named) -> str | None:
        """Return the line that is named, for a release the one that it belongs to."""
        if named.version is None or not named.exact:
            return named.version
        for name, line in self.lines.items():
            if line.release == named.version:
                return name
        major, minor, *_ = named.version.split(".")
        return f"{major}.{minor}" if major == "0" else f"{major}.0"

    def _state(self, named: Named, line: InstalledLine | None) -> State:
        if named.version is None:
            lost = named.problem == "environment" and named.job and self.lines and not self._is_job(named.job)
            return "unknown job" if lost else named.problem or "cannot be read"
        if line is None and self._line(named) in self.broken:
            return "broken"
        if line is None or (named.exact and named.version != line.release):
            return "not installed"
        if named.job and named.job not in self.jobs[line.name]:
            return "unknown job"
        ends = line.line.ends
        if line.line.status == "ended" or (ends and ends < self.today):
            return "ended"
        return "ending" if ends and ends - self.today <= timedelta(days=self.within) else "ok"


def _sources(path: Path) -> Iterator[Path]:
    """Yield the Python files below a folder, sorted, and the folders that cannot be looked into."""
    if not path.is_dir():
        if not path.exists():
            raise UsageError(
                f"there is no file or folder {path}; type: dwh usage PATH, with a folder of DAGs or a file"
            )
        yield path
        return
    seen: set[str] = set()
    unreadable: list[OSError] = []
    for folder, below, files in os.walk(path, onerror=unreadable.append, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen or ("pyvenv.cfg" in files and Path(folder) != path):
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith(".") and name != "__pycache__")
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))
    yield from (Path(error.filename) for error in unreadable)


def _content(source: Path) -> bytes:
    if stat.S_ISFIFO(source.stat().st_mode):
        raise ValueError("it is a pipe")
    if source.stat().st_size > _LARGEST_SOURCE:
        raise ValueError(f"it is larger than {_LARGEST_SOURCE:,} bytes")
    return source.read_bytes()


def _unreadable(path: str, error: Exception) -> Use:
    line_number, why = 0, str(error)
    if isinstance(error, SyntaxError):
        python = ".".join(map(str, sys.version_info[:2]))
        line_number, why = error.lineno or 0, f"not Python {python}: {error.msg}"
    elif isinstance(error, OSError):
        why = error.strerror or why
    elif isinstance(error, RecursionError | MemoryError):
        why = "it is nested too deeply"
    return Use(path, line_number, "", "", "", None, None, why, "cannot be read", None)
