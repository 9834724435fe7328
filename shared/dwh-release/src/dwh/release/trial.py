"""Try a release out: in a fresh environment, beside the other packages, with its own tests.

What is tried is what somebody would install, the wheel; the tests are those that the sdist holds.
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomllib
from packaging.specifiers import SpecifierSet

from dwh.release.environment import Environment
from dwh.release.errors import BuildError
from dwh.release.repository import Package, Repository

__all__ = ["Trial", "belongs", "test_requirements", "try_out"]

_IMPORT_ALL = """
from dwh.core.lines import broken_lines, installed_lines
for error in broken_lines().values():
    raise error
for line in installed_lines().values():
    for name in line.job_names():
        print(f"{line.job(name).name()}@{line.release}")
"""


@dataclass(frozen=True)
class Trial:
    """How a release is tried out.

    Attributes:
        tests: which of the tests that `test-marks` names are run, as pytest's `-m` has it; by default all.
    """

    tests: str | None = None


def belongs(package: Package, today: date) -> bool:
    """Tell whether a package is supported, on the Python that runs this."""
    pythons = SpecifierSet(package.project.get("requires-python", ""))
    return package.supported(today) and pythons.contains(".".join(map(str, sys.version_info[:3])))


def try_out(
    repository: Repository,
    package: Package,
    files: tuple[Path, Path],
    beside: Sequence[str],
    folder: Path,
    wheelhouse: Path,
    trial: Trial,
) -> Iterator[str]:
    """Install a wheel into a fresh environment, import all jobs, run the sdist's tests; say what was done.

    Parameters:
        files: the wheel, and the sdist whose tests are run.
        beside: what is installed with it: wheels, and requirements.
        folder: where to make the environment, in `environment`.
        wheelhouse: a folder with wheels that all of them may need.

    Raises BuildError.
    """
    wheel, sdist = files
    tested = any(path.endswith(".py") for path in repository.git.tracked(package.relative("tests")))
    tools = test_requirements(repository, package) if tested else []
    environment = Environment(folder / "environment")
    environment.install([str(wheel), *beside, *tools], wheelhouse)
    beside_it = ", ".join(Path(one).name for one in beside) or "nothing else"
    doing = f"importing every job of {package.tag} (installed with {beside_it})"
    jobs = environment.run(doing, "-I", "-c", _IMPORT_ALL, cwd=folder).split()
    yield f"imported {len(jobs)} jobs"
    if tested:
        marks = _setting(repository, package, "test-marks", "")
        chosen = f"tests (-m {trial.tests!r} alone)" if trial.tests else "tests"
        if trial.tests:
            marks = f"({marks}) and ({trial.tests})" if marks else trial.tests
        yield f"{chosen}: {_run_tests(environment, package, sdist, folder, marks, beside_it)}"


def _run_tests(
    environment: Environment, package: Package, sdist: Path, folder: Path, marks: str, beside: str
) -> str:
    """Run the tests of an sdist against the wheel, away from the sources; return pytest's last line."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    tests = folder / sdist.name.removesuffix(".tar.gz") / "tests"
    if not tests.is_dir():
        raise BuildError(
            f"running the tests of {package.tag}",
            f"{sdist.name} holds no tests",
            f'add "/tests" to [tool.hatch.build.targets.sdist] in {package.path}/pyproject.toml',
        )
    quiet = ("-q", "--disable-warnings", "-p", "no:cacheprovider")
    settings = (*quiet, "--import-mode=importlib", f"--rootdir={tests}", "-m", marks)
    said = environment.run(
        f"running the tests of {package.tag} against its wheel (installed with {beside})",
        "-m",
        "pytest",
        *settings,
        str(tests),
        cwd=folder,
    )
    return said.strip().splitlines()[-1].strip("= ")


def test_requirements(repository: Repository, package: Package) -> list[str]:
    """Return what `test-groups` of [tool.dwh] names, by default the dependency group `test`.

    Groups are those of the package, else those of the repository; without either, pytest it is.
    """
    wanted = _setting(repository, package, "test-groups", ["test"])
    for folder in (package.folder, repository.root):
        path = folder / "pyproject.toml"
        document = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        groups = document.get("dependency-groups", {})
        if all(name in groups for name in wanted):
            return [requirement for name in wanted for requirement in _group(groups, name)]
    return ["pytest"]


def _setting(repository: Repository, package: Package, name: str, default: Any) -> Any:
    """Return what [tool.dwh] of the package says, else that of the repository's pyproject.toml."""
    return package.settings.get(name, repository.settings.get(name, default))


def _group(groups: dict[str, Any], name: str) -> Iterator[str]:
    for entry in groups[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(groups, entry["include-group"])
