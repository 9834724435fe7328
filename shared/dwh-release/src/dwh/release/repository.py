"""The packages of a monorepo, as their `pyproject.toml` describe them.

A package is a folder one or two levels deep whose pyproject.toml has a table `[tool.dwh]`:

    [tool.dwh]            [tool.dwh]
    line = "0.1"          shared = true

The name of a line's import package and object comes from its entry point in the group `dwh.lines`.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import tomllib
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from dwh.core.errors import DwhError
from dwh.release._git import Git
from dwh.release._line_source import LineSource, read_line_source
from dwh.release._text import text_of
from dwh.release._tree import Tree
from dwh.release.errors import RepositoryError, UnknownPackageError
from dwh.release.versions import parse, parse_line, series

__all__ = ["Package", "Repository"]

_ADDRESS = re.compile(r"https?://[\w.~%:@/+-]+")

_MARKED = 'mark a package with [tool.dwh] in its pyproject.toml: line = "0.1", or shared = true'


@dataclass(frozen=True)
class Package:
    """A Hatch project of the monorepo.

    Attributes:
        name: the distribution.
        folder, path: where it is, and the same relative to the repository's top.
        version: what its pyproject.toml says.
        line: the line's name; None for a shared library.
        module: the import package.
        project: the table `[project]`.
        settings: the table `[tool.dwh]`.
        source: what a line says of itself; None for a shared library.
    """

    name: str
    folder: Path
    path: str
    version: str
    line: str | None
    module: str
    project: dict[str, Any]
    settings: dict[str, Any]
    source: LineSource | None

    @property
    def src(self) -> Path:
        """The folder that is put on the import path."""
        return self.folder / "src"

    @property
    def module_folder(self) -> Path:
        """The folder of the import package."""
        return self.src.joinpath(*self.module.split("."))

    @property
    def status(self) -> str:
        """`main`, `maintenance`, `ended`, or `shared` for a library that is no line."""
        return self.source.status if self.source else "shared"

    def supported(self, today: date) -> bool:
        """Tell whether the package still gets releases."""
        return self.source is None or (
            self.status != "ended" and (self.source.ends is None or self.source.ends >= today)
        )

    @property
    def tag(self) -> str:
        """The tag of the version that pyproject.toml names."""
        return f"{self.name}@{self.version}"

    def relative(self, *parts: str) -> str:
        """Return a path below the package, relative to the repository's top."""
        return "/".join((self.path, *parts))


class Repository:
    """A monorepo of lines and shared libraries.

    Attributes:
        root: its top folder.
        settings: the table `[tool.dwh]` of the top pyproject.toml, which holds for every package.
        surfaces: what was read of packages already: see `dwh.release.surface`.
        packages: each after those that it requires, so that they can be released in this order.

    Parameters:
        folder: a folder in it.
        broken: gets each package that cannot be read, by its path, with why; without it the first is raised.

    Raises RepositoryError when the folder is none, or a package cannot be read.
    """

    def __init__(self, folder: Path, broken: dict[str, DwhError] | None = None) -> None:
        self.broken = broken
        self.surfaces: dict[tuple[str, ...], Any] = {}
        self.git = Git.at(folder)
        self.root = self.git.root
        top = self.root / "pyproject.toml"
        self.settings: dict[str, Any] = _toml(top).get("tool", {}).get("dwh", {}) if top.is_file() else {}
        self.packages = tuple(_packages(self.root, broken))
        if not self.packages:
            raise RepositoryError(f"looking for packages in {self.root}", "there is none", _MARKED)
        self._check_names()
        self.packages = tuple(_in_order_of_release(self.packages))
        self._check_majors()
        self._check_namespaces()

    @cached_property
    def address(self) -> str | None:
        """Where the repository is on the web, as `repository` of [tool.dwh] says; raises RepositoryError."""
        found = self.settings.get("repository")
        if found is None or _ADDRESS.fullmatch(str(found)):
            return str(found).rstrip("/") if found else None
        hint = 'write repository = "https://github.com/…", or leave it out'
        raise RepositoryError("reading [tool.dwh] of pyproject.toml", f"repository is {found!r}", hint)

    @cached_property
    def lines(self) -> tuple[Package, ...]:
        """The lines, oldest first."""
        found = [package for package in self.packages if package.line]
        return tuple(sorted(found, key=lambda package: parse_line(package.line or "")))

    @property
    def main(self) -> Package:
        """The main line; raises RepositoryError unless there is exactly one."""
        found = [package for package in self.lines if package.status == "main"]
        if len(found) != 1:
            names = ", ".join(package.name for package in found) or "none"
            raise RepositoryError(
                "looking for the main line",
                f"exactly one line has the status main, found: {names}",
                'set status="main" in the LINE of one package and "maintenance" in the others',
            )
        return found[0]

    @cached_property
    def tree(self) -> Tree:
        """The files of the working tree, as they were when this was first asked for."""
        return Tree(self.git)

    def required_by(self, packages: Iterable[Package], requirements: Iterable[str] = ()) -> list[Package]:
        """Return the packages that these and further requirements need, also by an extra, at any depth."""
        needed = {canonicalize_name(Requirement(text).name) for text in requirements}
        needed.update(*map(_required, packages))
        for package in reversed(self.packages):  # each comes before what it requires
            if canonicalize_name(package.name) in needed:
                needed |= _required(package)
        return [package for package in self.packages if canonicalize_name(package.name) in needed]

    def package(self, name: str) -> Package:
        """Return a package by its distribution's name as pip would spell it, or by its tag, to the letter.

        Raises UnknownPackageError, or RepositoryError for another tag than the tree's.
        """
        wanted, _, version = name.partition("@")
        for package in self.packages:
            if canonicalize_name(package.name) == canonicalize_name(wanted):
                if version and name != package.tag:
                    raise RepositoryError(
                        f"looking for {name}",
                        f"the tree has {package.tag}",
                        f"type: git switch --detach {package.name}@{version}",
                    )
                return package
        for error in (self.broken or {}).values():
            raise error  # it may be the one that cannot be read
        raise UnknownPackageError(name, [package.name for package in self.packages])

    def required(self, package: Package) -> tuple[Package, ...]:
        """Return the packages of the repository that a package requires, also by an extra."""
        wanted = _required(package)
        return tuple(other for other in self.packages if canonicalize_name(other.name) in wanted)

    def before(self, package: Package) -> Package | None:
        """Return the line before a line."""
        older = [other for other in self.lines if other.line and package.line and _older(other, package)]
        return older[-1] if older else None

    def shared_sources(self) -> list[Path]:
        """Return the `src` folders of the shared libraries."""
        return [package.src for package in self.packages if package.line is None]

    def version_problem(self) -> str | None:
        """Say why VERSION and the main line disagree, or None when they agree."""
        if not self.lines or self.broken:
            return None  # the main line may be what cannot be read
        main, path = self.main, self.root / "VERSION"
        found = text_of(path).strip() if path.is_file() else None
        if found == main.version:
            return None
        says = "there is no file VERSION" if found is None else f"VERSION says {found!r}"
        return f"{says}, but the main line {main.name} is {main.version}; type: echo {main.version} > VERSION"

    def _check_namespaces(self) -> None:
        """Raise RepositoryError where an `__init__.py` would hide the other packages of a namespace."""
        modules = [package.module for package in self.packages]
        for package in self.packages:
            folders = (
                [package.module_folder] if any(m.startswith(f"{package.module}.") for m in modules) else []
            )
            above = [
                package.src.joinpath(*package.module.split(".")[:n])
                for n in range(package.module.count(".") + 1)
            ]
            for folder in [*above, *folders]:
                for stray in sorted(folder.glob("__init__.*")):
                    path = stray.relative_to(self.root).as_posix()
                    said = "it would hide every other package of its namespace"
                    raise RepositoryError(f"looking at {path}", said, f"type: git rm {path}, or rm {path}")

    def _check_names(self) -> None:
        for attribute in ("name", "line", "module"):
            values = [getattr(package, attribute) for package in self.packages if getattr(package, attribute)]
            for value in values:
                if values.count(value) > 1:
                    raise RepositoryError(
                        "reading the packages", f"two have the {attribute} {value}", "rename one"
                    )

    def _check_majors(self) -> None:
        """Raise RepositoryError where two lines claim the same releases: from 1.0 on a line is a MAJOR."""
        for older, newer in pairwise(self.lines):
            if series(older.line or "") == series(newer.line or ""):
                raise RepositoryError(
                    "reading the packages",
                    f"{newer.name} is line {newer.line}, but the releases {newer.line} and later belong to "
                    f"line {older.line} of {older.name}: from 1.0 on a line is a MAJOR",
                    f"release it as {newer.line}.0 of {older.name}, or call it line "
                    f"{parse_line(older.line or '')[0] + 1}.0",
                )


def _older(other: Package, package: Package) -> bool:
    return parse_line(other.line or "") < parse_line(package.line or "")


def _packages(root: Path, broken: dict[str, DwhError] | None) -> Iterator[Package]:
    for path in sorted((*root.glob("[!.]*/pyproject.toml"), *root.glob("[!.]*/[!.]*/pyproject.toml"))):
        try:
            content = _toml(path)
            settings = content.get("tool", {}).get("dwh")
            if settings is not None:
                yield _package(root, path.parent, content.get("project", {}), settings)
        except DwhError as error:
            if broken is None:
                raise
            broken[path.parent.relative_to(root).as_posix()] = error


def _in_order_of_release(packages: Iterable[Package]) -> Iterator[Package]:
    """Yield each package after those of the repository that it requires; raises RepositoryError."""
    by_name = {canonicalize_name(package.name): package for package in packages}
    graph = {name: _required(package) & by_name.keys() for name, package in by_name.items()}
    try:
        yield from (by_name[NormalizedName(name)] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = ", ".join(error.args[1])
        raise RepositoryError(
            "ordering the packages", f"they require each other: {circle}", "break it"
        ) from None


def _required(package: Package) -> set[NormalizedName]:
    """Return the names of what a package requires, also by an extra."""
    extras = package.project.get("optional-dependencies", {}).values()
    texts = [*package.project.get("dependencies", []), *chain.from_iterable(extras)]
    try:
        return {canonicalize_name(Requirement(text).name) for text in texts}
    except InvalidRequirement as error:
        path = package.relative("pyproject.toml")
        raise RepositoryError(f"reading {path}", f"{error}", "correct [project] dependencies") from None


def _toml(path: Path) -> dict[str, Any]:
    if path.read_bytes().startswith(BOM_UTF8):
        said = "it begins with a byte order mark (BOM), which pip and Hatch cannot read"
        raise RepositoryError(f"reading {path}", said, "save it as UTF-8 without the mark")
    try:
        return tomllib.loads(text_of(path))
    except tomllib.TOMLDecodeError as error:
        raise RepositoryError(f"reading {path}", str(error), "fix the file") from error


def _package(root: Path, folder: Path, project: dict[str, Any], settings: dict[str, Any]) -> Package:
    path, line = folder.relative_to(root).as_posix(), settings.get("line")
    name, version = project.get("name"), project.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        raise RepositoryError(
            f"reading {path}/pyproject.toml", "[project] lacks name or version", "write both"
        )
    parse(version)
    if line is None and settings.get("shared") is not True:
        raise RepositoryError(f"reading {path}/pyproject.toml", "[tool.dwh] is neither", _MARKED)
    if line is None:
        return Package(name, folder, path, version, None, _only_module(folder), project, settings, None)
    module, _, attribute = _entry_point(path, project, str(line)).partition(":")
    file = folder.joinpath("src", *module.split("."), "__init__.py")
    source = read_line_source(file, attribute)
    return Package(name, folder, path, version, str(line), module, project, settings, source)


def _entry_point(path: str, project: dict[str, Any], line: str) -> str:
    parse_line(line)
    entries = project.get("entry-points", {}).get("dwh.lines", {})
    if list(entries) != [line] or ":" not in entries[line]:
        raise RepositoryError(
            f"reading {path}/pyproject.toml",
            f'[project.entry-points."dwh.lines"] does not name line {line} alone (found: {dict(entries)})',
            f'write "{line}" = "import.package:LINE"',
        )
    return str(entries[line])


def _only_module(folder: Path) -> str:
    """Return the import package below `src`: the first folder with an `__init__.py` on each way down."""
    place, found = folder / "src", list(_modules(folder / "src"))
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise RepositoryError(
            f"reading {place}", f"it has one import package, found: {names}", "see [tool.dwh]"
        )
    return found[0]


def _modules(folder: Path, above: str = "") -> Iterator[str]:
    for child in sorted(folder.iterdir()) if folder.is_dir() else ():
        if child.is_dir() and child.name.isidentifier() and child.name != "__pycache__":
            name = f"{above}{child.name}"
            if (child / "__init__.py").is_file():
                yield name
            else:
                yield from _modules(child, f"{name}.")
