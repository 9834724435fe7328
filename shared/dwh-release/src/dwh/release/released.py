"""Released versions of shared libraries, built from where they were released: what readers really have.

A line's fix may need a function that its tree's library has and no release. So a release is tried out with
the oldest and the newest release in its range.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from dwh.release._git import Git
from dwh.release.ranges import names, range_of
from dwh.release.record import Records
from dwh.release.repository import Package, Repository

__all__ = ["build_released", "ends_of_range"]


def ends_of_range(repository: Repository, package: Package) -> dict[str, tuple[str, str]]:
    """Return the oldest and the newest release of each shared library that a package's ranges take."""
    asked = package.project.get("dependencies", [])
    found = {}
    for library in repository.packages:
        if library.line is None and library != package and names(asked, library.name):
            specifier = range_of(asked, library.name)
            inside = [
                r.version for r in Records(repository.git, library).all if specifier.contains(r.version)
            ]
            if inside:
                found[library.name] = (inside[0], inside[-1])
    return found


def build_released(
    repository: Repository,
    library: Package,
    version: str,
    output: Path,
    build: Callable[[Repository, Package, Path], tuple[Path, Path]],
) -> Path:
    """Build a release of a library in a clone of its own, at its tag or the commit that recorded it."""
    witness = Records(repository.git, library).witness(version) or "HEAD"
    commit = repository.git.run("rev-parse", f"{witness}^{{commit}}").strip()
    with tempfile.TemporaryDirectory(prefix="dwh-release-") as folder:
        clone = Git(Path(folder, "clone"))
        repository.git.run(
            "clone", "--quiet", "--shared", "--no-checkout", str(repository.root), str(clone.root)
        )
        clone.run("checkout", "--quiet", "--detach", commit)
        then = Repository(clone.root)
        return build(then, then.package(library.name), output)[0]
