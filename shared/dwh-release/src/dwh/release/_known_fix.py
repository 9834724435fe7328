"""Whether a line has the fix already that a commit brings.

A fix is known by its fragment's name, which a port keeps. Two lines may have given one name to two fixes,
though; then what the fragments say tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from dwh.release._renaming import Renaming
from dwh.release.errors import PortError
from dwh.release.fixes import fixes_of, read_decisions
from dwh.release.fragments import KINDS
from dwh.release.repository import Package, Repository

__all__ = ["fragments_among", "known_fix"]

_FIXES = ("fix", "security")


def fragments_among(paths: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the path, name and kind of each fragment among some files."""
    for path in paths:
        name, kind, suffix = (*Path(path).name.rsplit(".", 2), "", "")[:3]
        if Path(path).parent.name == "changes" and suffix == "md" and kind in KINDS:
            yield path, name, kind


def known_fix(
    repository: Repository, commit: str, below: list[str], source: Package, target: Package, doing: str
) -> str | None:
    """Return the fix that a commit brings and the line has already: open, released or decided.

    Parameters:
        below: the files of the source that the commit changed.

    Raises PortError where the line has another fix of that name.
    """
    brought = [
        (path, name)
        for path, name, kind in fragments_among(below)
        if kind in _FIXES and repository.git.blob(commit, path) is not None
    ]
    taken = {decision.name for decision in read_decisions(target) if decision.decision == "ported"}
    have = fixes_of(repository, target)
    for path, name in brought:
        if name in have and name not in taken:
            _require_same(repository, (commit, path), name, Renaming.between(source, target), target, doing)
    names = [name for _, name in brought]
    return names[0] if names and {*names} <= have.keys() | taken else None


def _require_same(
    repository: Repository,
    brought: tuple[str, str],
    name: str,
    renaming: Renaming,
    target: Package,
    doing: str,
) -> None:
    content = repository.git.blob(*brought) or b""
    ours, theirs = _said_there(repository, target, name), _said(renaming.content(content))
    if ours is None or ours == theirs:
        return
    raise PortError(
        doing,
        f"{target.name} has a fix called {name}, too, which says {ours!r}",
        f"if it is the same one, type: dwh-release unported {name} --in {target.name} --decision ported "
        f'--reason "…"; if not, give the fragment of this one another name (git mv) in the commit that '
        "makes the fix, or take that commit by hand",
    )


def _said_there(repository: Repository, target: Package, name: str) -> str | None:
    """Return what a line's fragment says, or said when it was last in the tree."""
    for kind in _FIXES:
        path = target.relative("changes", f"{name}.{kind}.md")
        file, git = repository.root / path, repository.git
        last = git.try_run("log", "-n1", "--format=%H", "--diff-filter=AM", "--", path)
        content = file.read_bytes() if file.is_file() else git.blob(last, path) if last else None
        if content is not None:
            return _said(content)
    return None


def _said(content: bytes) -> str:
    """Return what a fragment says of the change, without what to do about it, on one row."""
    text = content.decode("utf-8", "replace")
    return " ".join(text.partition("\n## ")[0].split())
