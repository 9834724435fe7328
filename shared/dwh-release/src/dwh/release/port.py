"""Take a commit from one line to another: rewrite its paths and imports, merge each file three ways.

The merge is `git merge-file` on what the file was before the commit, what it was after it, both with
the other line's names, and what it is there. It is worked out in memory and then written at once.
Nothing is committed: the tests of the other line come first.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from dwh.release import fixes, waivers
from dwh.release._known_fix import fragments_among, known_fix
from dwh.release._moved import moved_to
from dwh.release._renaming import Renaming
from dwh.release._text import content_of_file, is_text
from dwh.release.edits import Edits
from dwh.release.errors import GitError, PortError
from dwh.release.foreign_words import foreign_lines, foreign_releases
from dwh.release.fragments import KINDS
from dwh.release.repository import Package, Repository
from dwh.release.versions import Step

__all__ = ["Ported", "port"]

_MARKS = re.compile(rb"^(<{7}|>{7}|[|]{7})( |\r?$)", re.MULTILINE)
_HALVES = re.compile(rb"^={7}\r?$", re.MULTILINE)  # in prose it underlines a heading


@dataclass(frozen=True)
class Ported:
    """What a port did.

    Attributes:
        commit: the commit, whole.
        written, removed: the paths that it changed.
        todo: for each conflict, its path and what to do; empty when the port is complete.
        known: the fix that the line had already, when there was nothing to do.
    """

    commit: str
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    todo: tuple[tuple[str, str], ...] = ()
    known: str | None = None


@dataclass(frozen=True)
class _Merge:
    """One file of the other line: what it becomes, and what is left to do."""

    path: str
    before: bytes | None
    after: bytes | None
    todo: str | None = None


def port(repository: Repository, commit: str, target: Package, today: date) -> Ported:
    """Take a commit to another line; repeating it changes nothing.

    Raises PortError, TreeError when the tree is as little ready as the commit is fit for it.
    """
    doing = f"porting {commit} to {target.name}"
    _require_line(target, today, doing)
    repository.git.require_branch(doing)
    repository.git.require_whole(doing)
    found = _commit(repository, commit, doing)
    changed = _changed(repository, found)
    source = _source(repository, found, changed, target, doing)
    below = [path for path in changed if path.startswith(f"{source.path}/")]
    _require_fit(source, below, target, doing)
    merges = [
        _with_own_words(repository, target, merge)
        for merge in _merges(repository, found, source, target, below)
    ]
    _require_resolved(repository, merges, doing)
    known = known_fix(repository, found, below, source, target, doing)
    edits = [merge for merge in merges if merge.before != merge.after]
    todo = tuple((merge.path, merge.todo) for merge in merges if merge.todo)
    if known or not (edits or todo):
        return Ported(found, known=known or "all of it")
    _require_common(merges, source, target, doing)
    repository.git.require_clean(doing, *(merge.path for merge in edits))
    _write(repository, edits)
    written = tuple(merge.path for merge in edits if merge.after is not None)
    return Ported(found, written, tuple(merge.path for merge in edits if merge.after is None), todo)


def _require_line(target: Package, today: date, doing: str) -> None:
    if target.line is None:
        raise PortError(
            doing, f"{target.name} is a shared library, not a line", "name a line, see: dwh-release status"
        )
    if not target.supported(today):
        raise PortError(
            doing, f"line {target.line} has ended and gets no more releases", "see: dwh-release status"
        )


def _commit(repository: Repository, commit: str, doing: str) -> str:
    git = repository.git
    found = git.commit_of(commit)
    if not found:
        raise PortError(doing, f"{commit!r} names no commit", "see: git log --oneline")
    parents = git.run("rev-list", "--parents", "-n1", found).split()[1:]
    if len(parents) > 1:
        raise PortError(
            doing,
            "it is a merge commit",
            f"port the commits that it merged: git log --oneline {found[:10]}^1..{found[:10]}^2",
        )
    if not parents:
        raise PortError(doing, "it is the first commit and changes everything", "see: git log --oneline")
    return found


def _changed(repository: Repository, commit: str) -> list[str]:
    listed = repository.git.run(
        "diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", "--name-only", commit
    )
    return [path for path in listed.split("\0") if path]


def _source(repository: Repository, commit: str, changed: list[str], target: Package, doing: str) -> Package:
    """Return the line that a commit was made in: another one, or the same on another branch."""
    touched = [p for p in repository.lines if any(path.startswith(f"{p.path}/") for path in changed)]
    names = ", ".join(package.name for package in touched)
    if len(touched) > 1:
        raise PortError(
            doing,
            f"it touches several lines ({names})",
            "split it into a commit for each line: git rebase -i",
        )
    if not touched:
        raise PortError(doing, "it touches no line", "what it changes is shared by all lines already")
    if (
        touched[0] == target
        and repository.git.try_run("merge-base", "--is-ancestor", commit, "HEAD") is not None
    ):
        raise PortError(doing, f"it was made in {target.name} itself", "name the other line with --to")
    return touched[0]


def _require_fit(source: Package, below: list[str], target: Package, doing: str) -> None:
    parts = {path.removeprefix(f"{source.path}/").partition("/")[0] for path in below}
    if "released" in parts or "CHANGELOG.md" in parts:
        raise PortError(
            doing,
            f"it is a release of {source.name}",
            "port the commit that made the fix, see: dwh-release unported",
        )
    for _, name, kind in fragments_among(below):
        if target.status != "main" and KINDS[kind] > Step.patch:
            raise PortError(
                doing,
                f"it brings a {kind} ({name}), and {target.name}, a {target.status} line, takes fixes only",
                "split the fix off into a commit of its own",
            )


def _merges(
    repository: Repository, commit: str, source: Package, target: Package, below: list[str]
) -> Iterator[_Merge]:
    renaming = Renaming.between(source, target)
    for path in below:
        inside = path.removeprefix(f"{source.path}/")
        if inside in (fixes.FILE, waivers.FILE):
            continue
        there = target.relative(renaming.text(inside))
        base, theirs = (
            None if content is None else renaming.content(content)
            for content in (repository.git.blob(f"{commit}^", path), repository.git.blob(commit, path))
        )
        file = repository.root / there
        if base is not None and not file.is_file():
            taken = _paths_there(repository, commit, source, target, renaming)
            there = moved_to(repository, target, there, base, taken) or there
            file = repository.root / there
        ours = content_of_file(file) if file.is_file() else None
        yield _merge(there, ours, base, theirs, (target.name, source.name, commit[:10]))


def _paths_there(
    repository: Repository, commit: str, source: Package, target: Package, renaming: Renaming
) -> set[str]:
    """Return where the files that the source had before a commit are in the other line, if nothing moved."""
    listed = repository.git.run("ls-tree", "-r", "-z", "--name-only", f"{commit}^", "--", source.path)
    below = (path.removeprefix(f"{source.path}/") for path in listed.split("\0") if path)
    return {target.relative(renaming.text(path)) for path in below}


def _with_own_words(repository: Repository, target: Package, merge: _Merge) -> _Merge:
    """Add to a fragment that is new here what it says of releases that the line never had."""
    new = merge.before is None and merge.after is not None and not merge.todo
    if not new or Path(merge.path).parent.name != "changes":
        return merge
    text = (merge.after or b"").decode("utf-8", "replace")
    told = [*foreign_releases(repository, target, text), *foreign_lines(repository, target, text)]
    lies = ", ".join(dict.fromkeys(told))
    if not lies:
        return merge
    return replace(merge, todo=f"it names {lies}: write which releases of {target.name} it is about")


def _merge(
    path: str, ours: bytes | None, base: bytes | None, theirs: bytes | None, labels: tuple[str, str, str]
) -> _Merge:
    target, source, commit = labels
    if ours == theirs or theirs == base:
        return _Merge(path, ours, ours)
    if ours == base or (ours is None and base is None):
        return _Merge(path, ours, theirs)
    if theirs is None:
        return _Merge(
            path,
            ours,
            ours,
            f"{commit} removed it from {source}, but it differs here: remove it, or leave it",
        )
    if ours is None:
        return _Merge(
            path, None, None, f"{target} has no such file: see what {commit} changed, and whether it applies"
        )
    if not (is_text(ours) and is_text(theirs)):
        return _Merge(path, ours, ours, "it is not text and differs here: copy what is needed")
    merged, conflicts = _merge_file(ours, base or b"", theirs, labels)
    many = f"{conflicts} conflict{'s' if conflicts > 1 else ''}"
    todo = (
        f"{many}: keep what {target} needs between <<<<<<< and >>>>>>>, remove the markers"
        if conflicts
        else None
    )
    return _Merge(path, ours, merged, todo)


def _merge_file(ours: bytes, base: bytes, theirs: bytes, labels: tuple[str, str, str]) -> tuple[bytes, int]:
    target, source, commit = labels
    with tempfile.TemporaryDirectory(prefix="dwh-release-") as folder:
        files = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for file, content in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(content)
        named = [f"-L{target}", f"-L{source} before {commit}", f"-L{source} at {commit}"]
        command = ["git", "merge-file", "-p", "--diff3", *named, *map(str, files)]
        done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode > 127:
        raise GitError(
            "merging three ways", done.stderr.decode("utf-8", "replace").strip(), "see: git help merge-file"
        )
    return done.stdout, done.returncode


def _require_resolved(repository: Repository, merges: list[_Merge], doing: str) -> None:
    open_ones = [merge.path for merge in merges if merge.before and _is_open(merge.path, merge.before)]
    if open_ones:
        raise PortError(
            doing,
            f"an earlier port left conflicts in {', '.join(open_ones)}",
            "resolve and commit them first",
        )


def _is_open(path: str, content: bytes) -> bool:
    """Tell whether a row that a merge left is still there, be it one of them."""
    halves = Path(path).suffix not in (".md", ".rst", ".txt") and _HALVES.search(content)
    return bool(halves or _MARKS.search(content))


def _require_common(merges: list[_Merge], source: Package, target: Package, doing: str) -> None:
    code = [merge for merge in merges if "/changes/" not in merge.path and "/tests/" not in merge.path]
    if code and all(merge.before is None and merge.todo for merge in code):
        raise PortError(
            doing,
            f"{target.name} has none of the files that it changes in {source.name} "
            f"({', '.join(m.path for m in code)})",
            f'if it is not affected, say so: dwh-release unported FIX --in {target.name} --decision "not '
            'affected" --reason …',
        )


def _write(repository: Repository, edits: list[_Merge]) -> None:
    with Edits(repository.git) as tree:
        for merge in edits:
            if merge.after is None:
                tree.remove(merge.path)
            else:
                tree.write(merge.path, merge.after)
