"""The surface of a package: everything that it promises to callers and readers, as plain data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dwh.release.api import ApiData, read_api
from dwh.release.jobs import JobData, Place, read_jobs
from dwh.release.repository import Package, Repository

__all__ = ["Surface", "code_digest", "file_digests", "read_surface", "requirements"]


@dataclass(frozen=True)
class Surface:
    """What a package promises.

    Attributes:
        api: its public Python objects.
        jobs: what its jobs write, read and declare to have changed.
        settings: the Spark SQL settings of the line.
        requires: Python versions, dependencies, extras and commands.
        places: where in the tree each of them is written; not recorded.
        home: where to point to when something is gone.
    """

    api: dict[str, ApiData]
    jobs: dict[str, JobData]
    settings: dict[str, str]
    requires: dict[str, Any]
    places: dict[str, Place]
    home: Place

    def place(self, path: str) -> Place:
        """Return where a path is written, or the nearest thing above it that is."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return self.home


def read_surface(repository: Repository, package: Package) -> Surface:
    """Read the surface of a package in the tree; raises ReadError."""
    api, places = read_api(package, package.path)
    jobs = read_jobs(package, repository.shared_sources())
    init = package.module_folder.joinpath("__init__.py").relative_to(repository.root).as_posix()
    row = package.source.row if package.source else 1
    home = Place(init, row)
    return Surface(api, jobs.jobs, jobs.settings, requirements(package), places | jobs.places, home)


def requirements(package: Package) -> dict[str, Any]:
    """Return what an installer and a caller on the command line see of a package."""
    project = package.project
    groups = {
        "scripts": project.get("scripts", {}),
        **{name: entries for name, entries in project.get("entry-points", {}).items() if name != "dwh.lines"},
    }
    return {
        "python": project.get("requires-python"),
        "dependencies": sorted(project.get("dependencies", [])),
        "extras": {name: sorted(values) for name, values in project.get("optional-dependencies", {}).items()},
        "entry points": {group: entries for group, entries in sorted(groups.items()) if entries},
    }


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an import package, bytecode aside."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def code_digest(files: dict[str, str]) -> str:
    """Return the digest of an import package by the formula of `dwh.core.provenance`.

    The same number stands in the receipt of every run of that release.
    """
    return hashlib.sha256(
        "".join(f"{digest}  {name}\n" for name, digest in files.items()).encode()
    ).hexdigest()
