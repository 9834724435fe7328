"""What the jobs of a line in the tree declare: contracts, inputs, changes. No Spark is started."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from dwh.release.errors import ReadError
from dwh.release.repository import Package

__all__ = ["ColumnData", "JobData", "Jobs", "Place", "TableData", "read_jobs"]

_SCRIPT = Path(__file__).with_name("_read_jobs.py")


class ColumnData(TypedDict):
    """A column of a contract, as `dwh.core.Column.to_dict` gives it."""

    name: str
    type: str
    nullable: bool
    doc: str


class TableData(TypedDict):
    """A contract, as `dwh.core.Table.to_dict` gives it."""

    name: str
    columns: list[ColumnData]
    key: list[str]
    partition_by: str | None
    doc: str
    may_be_empty: bool


_Named = TypedDict("_Named", {"class": str})


class JobData(_Named):
    """What a job declares; `class` is the name of its class."""

    reads: list[TableData]
    writes: TableData
    changes: list[dict[str, Any]]


@dataclass(frozen=True)
class Place:
    """A file, relative to the repository's top, and a row in it."""

    path: str
    row: int

    def __str__(self) -> str:
        return f"{self.path}:{self.row}"


@dataclass(frozen=True)
class Jobs:
    """The jobs of a line, its Spark settings, and where each contract and column is written."""

    jobs: dict[str, JobData]
    settings: dict[str, str]
    places: dict[str, Place]


def read_jobs(package: Package, sources: list[Path]) -> Jobs:
    """Import a line's jobs in a process of their own; raises ReadError.

    Parameters:
        package: a line.
        sources: `src` folders of the tree to import before what is installed.
    """
    if package.source is None:
        return Jobs({}, {}, {})
    name = str(package.project["entry-points"]["dwh.lines"][package.line]).partition(":")[2]
    folders = [str(folder) for folder in (package.src, *sources)]
    # -I leaves PYTHONPATH and the current folder out, -B leaves no bytecode in the tree.
    command = [sys.executable, "-I", "-B", str(_SCRIPT), *folders, package.module, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReadError(
            f"reading the jobs of {package.name}",
            _last_words(done.stderr),
            f'try: PYTHONPATH={package.path}/src python -c "import {package.module}"',
        )
    return _jobs(json.loads(done.stdout), package.folder.parents[package.path.count("/")])


def _jobs(answer: dict[str, Any], root: Path) -> Jobs:
    places = {path: Place(_relative(Path(file), root), row) for path, (file, row) in answer["places"].items()}
    return Jobs(answer["jobs"], answer["settings"], places)


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _last_words(stderr: str) -> str:
    """Return the last line of a traceback with the file and row that it came from."""
    lines = [line.strip() for line in stderr.strip().splitlines()] or ["it said nothing"]
    files = [line for line in lines if line.startswith("File ") and "importlib" not in line]
    return f"{lines[-1]} ({files[-1]})" if files else lines[-1]
