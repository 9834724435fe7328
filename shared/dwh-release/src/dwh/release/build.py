"""Build a release: sdist and wheel, the same bytes from every clone, checked and tried out.

What is built is the tracked files of the package, as they are recorded as released; the tree itself
is left alone. File modes and times are set, so that no clone's habits reach the archive.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tomlkit
import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dwh.release._text import content_of_file, last_words
from dwh.release.errors import BuildError
from dwh.release.gate import check
from dwh.release.prerelease import Prerelease, require_possible
from dwh.release.released import build_released, ends_of_range
from dwh.release.repository import Package, Repository
from dwh.release.surface import code_digest, file_digests
from dwh.release.tag import require_released
from dwh.release.trial import Trial, belongs, test_requirements, try_out
from dwh.release.wheels import check_files, sha256

__all__ = ["SOURCE_EPOCH", "Built", "build_files", "build_prerelease", "build_release", "built_files"]

# 2026-01-01: any constant. A release's bytes must not depend on when it was built.
SOURCE_EPOCH = "1767225600"


@dataclass(frozen=True)
class Built:
    """The files of a release, with their digests, and what was tried with them."""

    package: Package
    wheel: Path
    sdist: Path
    tried: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        files = {path.name: sha256(path) for path in (self.sdist, self.wheel)}
        return {
            "package": self.package.name,
            "version": self.package.version,
            "sha256": files,
            "tried": list(self.tried),
        }


def build_release(
    repository: Repository, package: Package, output: Path, today: date, trial: Trial | None
) -> Built:
    """Build the release that the tree holds, check it, and put both files into a folder.

    Parameters:
        trial: how to try it out, installed beside every other supported line; None for not at all.

    Raises TreeError when the tree is not the release, LineError where another branch has one of its version,
    and BuildError.
    """
    record = require_released(repository, package, today, f"building {package.tag}")
    return _build(repository, package, record.data["code"], output, today, trial)


def build_prerelease(
    repository: Repository, found: Prerelease, output: Path, today: date, trial: Trial | None
) -> Built:
    """Build a pre-release whose tag is at HEAD, as `build_release` builds a release.

    Raises GateError where the tree could not be released as it is, VersionError where the release could not
    have the number that the pre-release comes before, and BuildError.
    """
    report = check(repository, found.tree, today)
    report.require_passed()
    require_possible(report, found.package.version, f"building {found.package.tag}")
    code = code_digest(file_digests(found.tree.module_folder))
    return _build(repository, found.package, code, output, today, trial)


def _build(
    repository: Repository, package: Package, code: str, output: Path, today: date, trial: Trial | None
) -> Built:
    with tempfile.TemporaryDirectory(prefix="dwh-release-") as folder:
        wheel, sdist = build_files(repository, package, Path(folder, "dist"))
        check_files(package, wheel, sdist, code)
        files = (wheel, sdist)
        tried = tuple(_tried(repository, package, files, Path(folder), today, trial)) if trial else ()
        output.mkdir(parents=True, exist_ok=True)
        kept = [_keep(path, output) for path in (wheel, sdist)]
    return Built(package, kept[0], kept[1], tried)


def _tried(
    repository: Repository,
    package: Package,
    files: tuple[Path, Path],
    folder: Path,
    today: date,
    trial: Trial,
) -> Iterator[str]:
    """Try a wheel out beside every other supported line, and with the oldest libraries that it takes.

    Libraries are those that were released, where there is a release: the tree's may have more.
    """
    others = [other for other in repository.packages if other.path != package.path and belongs(other, today)]
    lines = [other for other in others if other.line]
    needed = repository.required_by([package, *lines], test_requirements(repository, package))
    ends, wheelhouse = ends_of_range(repository, package), folder / "wheelhouse"
    for name, versions in ends.items():
        for version in sorted(set(versions)):
            build_released(repository, repository.package(name), version, wheelhouse, build_files)
    wanted = [o for o in others if o.name not in ends and (o in lines or o in needed)]
    built = {other.name: build_files(repository, other, wheelhouse)[0] for other in wanted}
    newest = [f"{name}=={last}" for name, (_, last) in ends.items()]
    beside = [*(str(built[line.name]) for line in lines), *newest]
    with_them = [*(line.tag for line in lines), *newest]
    yield f"installed with {', '.join(with_them) or 'nothing else'}"
    yield from try_out(repository, package, files, beside, folder, wheelhouse, trial)
    oldest = [f"{name}=={first}" for name, (first, _) in ends.items()]
    if oldest != newest:
        yield f"installed with {', '.join(oldest)}"
        (folder / "oldest").mkdir()
        yield from try_out(repository, package, files, oldest, folder / "oldest", wheelhouse, trial)


def build_files(repository: Repository, package: Package, output: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist of a package from its tracked files; raises BuildError."""
    with tempfile.TemporaryDirectory(prefix="dwh-release-") as folder:
        source = Path(folder, package.name)
        _export(repository, package, source)
        command = [sys.executable, "-m", "build", "--outdir", str(output), *_isolation(package), str(source)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_EPOCH}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = last_words(done.stdout + done.stderr, 10, Path(folder))
        raise BuildError(
            f"building {package.name} {package.version}", said, f"try: python -m build {package.path}"
        )
    return built_files(package, output)


def built_files(package: Package, folder: Path) -> tuple[Path, Path]:
    """Return the wheel and the sdist of the release that the tree holds, in a folder; raises BuildError."""
    stem = f"{canonicalize_name(package.name).replace('-', '_')}-{package.version}"
    return _one(folder, f"{stem}-*.whl"), _one(folder, f"{stem}.tar.gz")


def _export(repository: Repository, package: Package, folder: Path) -> None:
    for path in repository.git.tracked(package.path):
        source, target = repository.root / path, folder / path.removeprefix(f"{package.path}/")
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content_of_file(source))
            target.chmod(0o644)
    project = folder / "pyproject.toml"
    document: Any = tomlkit.parse(project.read_text(encoding="utf-8"))
    if document["project"]["version"] != package.version:  # a pre-release, which the tree does not name
        document["project"]["version"] = package.version
        project.write_text(tomlkit.dumps(document), encoding="utf-8")


def _isolation(package: Package) -> list[str]:
    """Return the option to build without an environment of its own, where all that it needs is here."""
    document = tomllib.loads((package.folder / "pyproject.toml").read_text(encoding="utf-8"))
    needed = map(Requirement, document.get("build-system", {}).get("requires", []))
    return ["--no-isolation"] if all(map(_is_here, needed)) else []


def _is_here(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name))
    except importlib.metadata.PackageNotFoundError:
        return False


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise BuildError(
            f"looking for {pattern}", f"found {len(found)} files", "see [tool.hatch.build] in pyproject.toml"
        )
    return found[0]


def _keep(path: Path, output: Path) -> Path:
    target = output / path.name
    if target.exists() and sha256(target) != sha256(path):
        raise BuildError(
            f"keeping {target}",
            "another file of that name is there, with other bytes",
            f"remove it: rm {target}",
        )
    shutil.copy2(path, target)
    return target
