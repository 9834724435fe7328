"""Import a package of the tree in a process of its own and look at it; what was seen once is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dwh.release.errors import ReadError
from dwh.release.keeping import digest_of, keep
from dwh.release.ranges import python_bounds
from dwh.release.repository import Package, Repository

__all__ = ["look"]

_TOOL = Path(__file__).parents[2]
_RUN = (
    f"import sys; sys.path.insert(0, {str(_TOOL)!r}); from dwh.release._inspection.main import main; main()"
)
# A process with another seed gives the members of a set in another order.
_SEEDS = ("1", "2", "3", "4", "5")


def look(repository: Repository, package: Package, promised: Iterable[str] = ()) -> dict[str, Any]:
    """Return what `_inspection` sees in a package; raises ReadError where a line cannot be imported.

    Parameters:
        promised: paths below the import package of which is told whether they still lead somewhere.
    """
    folders = [package.src, *(src for src in repository.shared_sources() if src != package.src)]
    entry = package.project.get("entry-points", {}).get("dwh.lines", {}).get(package.line, "")
    asked = {
        "folders": [folder.relative_to(repository.root).as_posix() for folder in folders],
        "package": package.module,
        "line": entry.partition(":")[2],
        "pythons": python_bounds(package.project.get("requires-python")),
        "promised": sorted(promised),
    }
    digest = digest_of(folders, asked)
    return keep(repository.git, "looks", digest, lambda: _look(repository, package, asked))


def _look(repository: Repository, package: Package, asked: dict[str, Any]) -> dict[str, Any]:
    asked = {**asked, "folders": [str(repository.root / folder) for folder in asked["folders"]]}
    answer = _run(package, asked, "0")
    for path, (file, row) in answer["places"].items():
        answer["places"][path] = (_relative(Path(file), repository.root), row)
    if package.line and not answer["unsteady"] and answer["unordered"]:
        with ThreadPoolExecutor() as pool:
            others = list(pool.map(lambda seed: _run(package, asked, seed), _SEEDS))
        if any(other[key] != answer[key] for other in others for key in ("jobs", "settings")):
            answer["unsteady"] = "in another process a set has another order: write a tuple"
    return answer


def _run(package: Package, asked: dict[str, Any], seed: str) -> dict[str, Any]:
    command = [sys.executable, "-P", "-s", "-c", _RUN]  # -P leaves the current folder out
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        env={**environment, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
    )
    if done.returncode:
        raise ReadError(
            f"reading the jobs of {package.name}",
            _last_words(done.stderr),
            f'try: PYTHONPATH={package.path}/src python -c "import {package.module}"',
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _last_words(stderr: str) -> str:
    """Return the last line of a traceback with the file and row that it came from."""
    lines = [line.strip() for line in stderr.strip().splitlines()] or ["it said nothing"]
    files = [line for line in lines if line.startswith("File ") and "importlib" not in line]
    return f"{lines[-1]} ({files[-1]})" if files else lines[-1]
