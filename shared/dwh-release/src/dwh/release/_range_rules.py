"""Rules of the gate about the shared libraries that a package asks for: only what breaks nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from packaging.specifiers import SpecifierSet

from dwh.release._facts import Facts
from dwh.release.imports import Import
from dwh.release.ranges import names, range_of
from dwh.release.record import Records
from dwh.release.repository import Package
from dwh.release.surface import read_surface
from dwh.release.versions import Step, next_release, parse, series

__all__ = ["range_rules"]


def range_rules(facts: Facts) -> Iterator[str]:
    """Yield what is wrong with the ranges of the shared libraries that a package asks for."""
    for library in facts.repository.packages:
        asked = facts.package.project.get("dependencies", [])
        specifier = range_of(asked, library.name)
        if library.line is None and names(asked, library.name):
            yield from _too_wide(facts, library, specifier)
            yield from _unreleased(facts, library, specifier)


def _too_wide(facts: Facts, library: Package, specifier: SpecifierSet) -> Iterator[str]:
    """A range that would take a release that breaks: before 1.0 the range of a library is its minor."""
    where = f"{facts.package.path}/pyproject.toml"
    breaking = next_release(library.version, Step.major)
    taken = [version for version in _releases(facts, library) if specifier.contains(version)]
    later = [version for version in (breaking, "999.0.0") if specifier.contains(version)]
    if later or len({series(version) for version in taken}) > 1:
        newest = max([*taken, library.version], key=parse)
        numbers = ".".join(map(str, series(newest)))
        yield (
            f"{where}: {library.name}{specifier} would take {(later or taken)[0]}, which may break it; write "
            f"{library.name}>={numbers},<{next_release(newest, Step.major).removesuffix('.0')}"
        )
    elif not taken:
        yield (
            f"{where}: no release of {library.name} is in {specifier}, and neither is {library.version} of "
            "the tree; name a range that has one"
        )


def _releases(facts: Facts, library: Package) -> list[str]:
    records = Records(facts.repository.git, library).all
    return sorted({*(record.version for record in records), library.version}, key=parse)


def _unreleased(facts: Facts, library: Package, specifier: SpecifierSet) -> Iterator[str]:
    """A name that the oldest or the newest release in the range has not: readers would get an ImportError."""
    inside = [r for r in Records(facts.repository.git, library).all if specifier.contains(r.version)]
    if not inside:
        yield from _unlisted(facts, library)
    for release in {record.version: record for record in inside[:1] + inside[-1:]}.values():
        for path, row, name in _public(facts.surface.imports, library):
            if not _has(release.data["api"], release.data["files"], name):
                yield (
                    f"{path}:{row}: {library.name} {release.version} has no public {name}, and {specifier} "
                    f"takes it; release {library.name} first, and ask for that release: {library.name}>=…"
                )


def _unlisted(facts: Facts, library: Package) -> Iterator[str]:
    """A name that a library which has no release yet will not promise when it has one."""
    api = read_surface(facts.repository, library).api
    files = [
        file.relative_to(library.module_folder).as_posix() for file in library.module_folder.rglob("*.py")
    ]
    for path, row, name in _public(facts.surface.imports, library):
        if not _has(api, files, name):
            yield f"{path}:{row}: {library.name} has no public {name}; list it in __all__ there"


def _has(api: Collection[str], files: Collection[str], name: str) -> bool:
    module = name.replace(".", "/")
    return name in api or f"{module}.py" in files or f"{module}/__init__.py" in files


def _public(imported: Iterable[Import], library: Package) -> Iterator[Import]:
    """Yield the imports of public names of a library, each named below the library's package."""
    for path, row, name in imported:
        below = name.removeprefix(f"{library.module}.")
        if below != name and not below.rpartition(".")[2].startswith("_"):
            yield Import(path, row, below)
