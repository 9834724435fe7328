"""Import a package of the tree in a process of its own and look at it; what was seen once is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from dwh.release.errors import ReadError
from dwh.release.keeping import digest_of, is_kept, keep
from dwh.release.ranges import python_bounds
from dwh.release.repository import Package, Repository

__all__ = ["look", "look_at_libraries"]

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
    asked, digest = _question(repository, package, promised)
    return keep(repository.git, "looks", digest, lambda: _look(repository, package, asked))


def look_at_libraries(
    repository: Repository, libraries: Iterable[tuple[Package, Iterable[str]]]
) -> Iterator[Package]:
    """Look at shared libraries so that what one needs of another is imported once; `look` then has it.

    Parameters:
        libraries: with their promised paths, each after those that it requires.

    Yields each as soon as it was looked at. One that cannot be is not yielded: `look` says why.
    """
    wanted = []
    for package, promised in libraries:
        asked, digest = _question(repository, package, promised)
        if is_kept(repository.git, "looks", digest):
            yield package
        else:
            wanted.append((package, asked, digest))
    if not wanted or not hasattr(os, "fork"):
        return
    after = _predecessors(repository, [package for package, _, _ in wanted])
    questions = [{**asked, "after": number} for (_, asked, _), number in zip(wanted, after, strict=True)]
    for number, answer in _answers(repository, questions):
        package, _, digest = wanted[number]
        keep(repository.git, "looks", digest, partial(dict, answer))
        yield package


def _predecessors(repository: Repository, libraries: Sequence[Package]) -> Iterator[int | None]:
    """Yield for each library the number of the last one before it that it requires, or of the first one."""
    yield None
    for place, library in enumerate(libraries[1:], 1):
        required = repository.required(library)
        yield max((number for number in range(place) if libraries[number] in required), default=0)


def _question(
    repository: Repository, package: Package, promised: Iterable[str]
) -> tuple[dict[str, Any], str]:
    """Return what to ask about a package, and the digest of all that the answer depends on."""
    folders = [package.src, *(src for src in repository.shared_sources() if src != package.src)]
    entry = package.project.get("entry-points", {}).get("dwh.lines", {}).get(package.line, "")
    asked = {
        "folders": [folder.relative_to(repository.root).as_posix() for folder in folders],
        "package": package.module,
        "line": entry.partition(":")[2],
        "pythons": python_bounds(package.project.get("requires-python")),
        "promised": sorted(promised),
    }
    return asked, digest_of(map(repository.tree.digest, folders), asked)


def _look(repository: Repository, package: Package, asked: dict[str, Any]) -> dict[str, Any]:
    answer = _run(repository, package, asked, "0")
    for path, (file, row) in answer["places"].items():
        answer["places"][path] = (_relative(Path(file), repository.root), row)
    if package.line and not answer["unsteady"] and answer["unordered"]:
        with ThreadPoolExecutor() as pool:
            others = list(pool.map(lambda seed: _run(repository, package, asked, seed), _SEEDS))
        if any(other[key] != answer[key] for other in others for key in ("jobs", "settings")):
            answer["unsteady"] = "in another process a set has another order: write a tuple"
    return answer


def _run(repository: Repository, package: Package, asked: dict[str, Any], seed: str) -> dict[str, Any]:
    with _started(repository, [{**asked, "after": None}], seed) as process:
        printed, said = process.communicate()
    if process.returncode or not printed:
        raise ReadError(
            f"reading the jobs of {package.name}",
            _last_words(said),
            f'try: PYTHONPATH={package.path}/src python -c "import {package.module}"',
        )
    answer: dict[str, Any] = json.loads(printed)[1]
    return answer


def _answers(repository: Repository, questions: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Any]]:
    with _started(repository, questions, "0") as process:
        yield from map(json.loads, process.stdout or ())


def _started(repository: Repository, questions: Sequence[dict[str, Any]], seed: str) -> subprocess.Popen[str]:
    """Start a process that looks at packages, with the questions as a file to read from."""
    whole = [
        {**asked, "folders": [str(repository.root / folder) for folder in asked["folders"]]}
        for asked in questions
    ]
    command = [sys.executable, "-P", "-s", "-c", _RUN]  # -P leaves the current folder out
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as given:
        json.dump(whole, given)
        given.seek(0)
        return subprocess.Popen(
            command,
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if len(questions) == 1 else subprocess.DEVNULL,
            text=True,
            env={**environment, "PYTHONHASHSEED": seed, "PYTHONUTF8": "1"},
        )


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _last_words(stderr: str) -> str:
    """Return the last line of a traceback with the file and row that it came from."""
    lines = [line.strip() for line in stderr.strip().splitlines()] or ["it said nothing"]
    files = [line for line in lines if line.startswith("File ") and "importlib" not in line]
    return f"{lines[-1]} ({files[-1]})" if files else lines[-1]
