"""The surface of a package: everything that it promises to callers and readers, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomllib

from dwh.release._text import content_of_file
from dwh.release.api import Api, read_api
from dwh.release.api_data import ApiData
from dwh.release.errors import ReadError
from dwh.release.imports import Import
from dwh.release.jobs import JobData, Place
from dwh.release.keeping import digest_of, keep
from dwh.release.looking import look
from dwh.release.repository import Package, Repository

# What an installer sees is compared word by word; the version is another in each release.
_COMPARED = (
    "version", "requires-python", "dependencies", "optional-dependencies",
    "scripts", "gui-scripts", "entry-points",
)  # fmt: skip
_COMPILED = (".so", ".pyd", ".pyc", ".pyo")
_LICENCES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")

__all__ = [
    "Surface",
    "code_digest",
    "document_digests",
    "file_digests",
    "promised_paths",
    "read_surface",
    "requirements",
]


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
        faults: why a job cannot be called as every job is, a contract is not the same everywhere, or a
            promised name cannot be looked at.
        imports: what its modules import; not recorded.
    """

    api: dict[str, ApiData]
    jobs: dict[str, JobData]
    settings: dict[str, str]
    requires: dict[str, Any]
    places: dict[str, Place]
    home: Place
    faults: tuple[str, ...] = ()
    imports: tuple[Import, ...] = ()

    def place(self, path: str) -> Place:
        """Return where a path is written, or the nearest thing above it that is."""
        while path:
            if path in self.places:
                return self.places[path]
            path = path.rpartition(".")[0]
        return self.home


def read_surface(repository: Repository, package: Package, promised: Iterable[str] = ()) -> Surface:
    """Read the surface of a package in the tree; raises ReadError.

    Parameters:
        promised: the paths of the API that a release has: a name that is still there keeps its promise,
            wherever it is defined.
    """
    paths = promised_paths(promised)
    key = (package.name, *paths)
    if key not in repository.surfaces:
        repository.surfaces[key] = _surface(repository, package, paths)
    return repository.surfaces[key]  # type: ignore[no-any-return]


def _surface(repository: Repository, package: Package, promised: list[str]) -> Surface:
    _require_sources(package)
    seen = look(repository, package, promised)
    read = _read_api(repository, package, seen)
    places = {**read.places, **{path: Place(*place) for path, place in seen["places"].items()}}
    init = package.module_folder.joinpath("__init__.py").relative_to(repository.root).as_posix()
    home = Place(init, package.source.row if package.source else 1)
    return Surface(
        read.objects,
        seen["jobs"],
        seen["settings"],
        requirements(package),
        places,
        home,
        tuple(_faults(package, seen, places, home)),
        tuple(read.imports),
    )


def _require_sources(package: Package) -> None:
    """Raise ReadError for a compiled module: nobody can look at what it promises."""
    for path in _files_below(package.module_folder):
        if path.suffix in _COMPILED:
            shown = package.relative(path.relative_to(package.folder).as_posix())
            said = "it is compiled, and only sources can be compared with what was released"
            hint = f"type: rm {shown}; what is compiled needs a distribution of its own"
            raise ReadError(f"reading {shown}", said, hint)


def _read_api(repository: Repository, package: Package, seen: Mapping[str, Any]) -> Api:
    def read() -> dict[str, Any]:
        api = read_api(package, package.path, seen)
        return {**api._asdict(), "places": {path: vars(place) for path, place in api.places.items()}}

    digest = digest_of([repository.tree.digest(package.src)], [package.path, package.module, seen])
    found = keep(repository.git, "apis", digest, read)
    places = {path: Place(**place) for path, place in found["places"].items()}
    return Api(found["objects"], places, [Import(*one) for one in found["imports"]])


def promised_paths(api: Iterable[str]) -> list[str]:
    """Return the paths of an API that must still lead somewhere; a constructor is compared by its calls."""
    return [path for path in api if not path.endswith(".__init__")]


def _faults(
    package: Package, seen: Mapping[str, Any], places: Mapping[str, Place], home: Place
) -> Iterator[str]:
    for job, said in seen["uncallable"].items():
        yield f"{places.get(job, home)}: {said}: whoever runs a line's jobs calls them all alike"
    missing = {
        path: name for path, name in seen["missing"].items() if path.rpartition(".")[0] not in seen["missing"]
    }
    for library in sorted({*missing.values()}):
        names = ", ".join(path for path, needed in sorted(missing.items()) if needed == library)
        yield (
            f"{home}: {names} cannot be looked at, for want of the library {library}; install it where "
            "dwh-release runs, and check again"
        )
    if seen["unsteady"]:
        yield (
            f"{home}: what {package.name} promises is not the same everywhere: {seen['unsteady']}; write "
            "down what holds, without asking where it runs"
        )


def requirements(package: Package) -> dict[str, Any]:
    """Return what an installer and a caller on the command line see of a package."""
    project = package.project
    groups = {
        **{name: project.get(name, {}) for name in ("scripts", "gui-scripts")},
        "shared-scripts": dict.fromkeys(_shared_scripts(package), "a file"),
        **{name: entries for name, entries in project.get("entry-points", {}).items() if name != "dwh.lines"},
    }
    return {
        "python": project.get("requires-python"),
        "dependencies": sorted(project.get("dependencies", [])),
        "extras": {name: sorted(values) for name, values in project.get("optional-dependencies", {}).items()},
        "entry points": {group: entries for group, entries in sorted(groups.items()) if entries},
    }


def _shared_scripts(package: Package) -> dict[str, Path]:
    """Return the files that Hatch installs beside the interpreter, by the commands' names."""
    wheel = _pyproject(package).get("tool", {}).get("hatch", {}).get("build", {}).get("targets", {})
    found: dict[str, Path] = {}
    for source, name in wheel.get("wheel", {}).get("shared-scripts", {}).items():
        path = package.folder / source
        files = _files_below(path) if path.is_dir() else [path]
        found |= {Path(name, file.relative_to(path)).as_posix().strip("/"): file for file in files}
    return found


def _pyproject(package: Package) -> dict[str, Any]:
    return tomllib.loads((package.folder / "pyproject.toml").read_text(encoding="utf-8"))


def file_digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of an import package, bytecode aside."""
    return {path.relative_to(folder).as_posix(): _digest(path) for path in _files_below(folder)}


def _digest(path: Path) -> str:
    return hashlib.sha256(content_of_file(path)).hexdigest()


def _files_below(folder: Path) -> list[Path]:
    """Return the files in a folder, however deep, bytecode that Python keeps aside."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]


def document_digests(package: Package) -> dict[str, str]:
    """Return the SHA-256 of what a wheel holds beside its code: read-me, licences, metadata, scripts."""
    content = _pyproject(package)
    project = {key: value for key, value in content["project"].items() if key not in _COMPARED}
    told = [project, content.get("build-system"), content.get("tool", {}).get("hatch")]
    words = json.dumps(told, sort_keys=True, default=str)
    digests = {"pyproject.toml": hashlib.sha256(words.encode()).hexdigest()}
    for path in sorted(package.folder.iterdir()):
        shown = path.name == _readme(project) or path.name.upper().startswith(_LICENCES)
        if shown and path.is_file():
            digests[path.name] = _digest(path)
    scripts = (path for path in _shared_scripts(package).values() if path.is_file())
    return digests | {path.relative_to(package.folder).as_posix(): _digest(path) for path in scripts}


def _readme(project: dict[str, Any]) -> str | None:
    readme = project.get("readme")
    return readme.get("file") if isinstance(readme, dict) else readme


def code_digest(files: dict[str, str]) -> str:
    """Return the digest of an import package by the formula of `dwh.core.provenance`.

    The same number stands in the receipt of every run of that release.
    """
    return hashlib.sha256(
        "".join(f"{digest}  {name}\n" for name, digest in files.items()).encode()
    ).hexdigest()
