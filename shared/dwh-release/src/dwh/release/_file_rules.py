"""Rules of the gate about the files of a package, whatever is in them."""

from __future__ import annotations

from collections.abc import Iterator

from dwh.release._facts import Facts

__all__ = ["file_rules"]


def file_rules(facts: Facts) -> Iterator[str]:
    """Yield what must not be among the files of a package."""
    inside = f"{facts.package.path}/"
    for path in facts.repository.tree.links:
        if path.startswith(inside):
            yield (
                f"{path} is a link: what it leads to is not in the package, and another machine has "
                "something else there; put the file itself in its place"
            )
    for path in facts.repository.tree.conflicts:
        if path.startswith(inside):
            yield f"{path} has conflict markers (<<<<<<<): resolve it, and remove them"
    yield from _outside(facts)


def _outside(facts: Facts) -> Iterator[str]:
    package = facts.package
    inside = package.module_folder.relative_to(facts.repository.root).as_posix() + "/"
    for path in facts.repository.tree.files:
        below = path.startswith(package.relative("src") + "/") and (facts.repository.root / path).is_file()
        if below and not path.startswith(inside):
            yield (
                f"{path} is outside {inside[:-1]}: a wheel would put it among the files of other packages; "
                f"move it below {inside[:-1]}"
            )
