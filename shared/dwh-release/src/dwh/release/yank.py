"""Take back a release that somebody may have: say so in the notes, and in every later release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import tomlkit

from dwh.core.yanked import FILE, parse_yanked
from dwh.release._text import text_of
from dwh.release.edits import Edits
from dwh.release.errors import RecordError
from dwh.release.fragments import Fragment
from dwh.release.record import Records
from dwh.release.repository import Package, Repository

__all__ = ["yank"]


def yank(repository: Repository, package: Package, version: str, reason: str, today: date) -> str:
    """Record that a release was taken back, in one commit; returns the commit.

    Its section of the changelog says so, a notice goes into the next release's notes, and `yanked.toml`
    into the next release itself, from where `dwh jobs` and exact references take it.

    Raises RecordError for a version that was never released, or one that was yanked already.
    """
    git, doing = repository.git, f"yanking {package.name} {version}"
    git.require_branch(doing)
    git.require_clean(doing, package.path)
    released = [record.version for record in Records(git, package).all]
    if version not in released:
        raise RecordError(doing, "it was never released", f"released are: {', '.join(released) or 'none'}")
    if len(reason.split()) < 2:
        raise RecordError(doing, f"the reason {reason!r} says nothing", "say what is wrong with it")
    with Edits(git) as edits:
        for path, content in _edits(package, version, " ".join(reason.split()), today, doing).items():
            edits.write(path, content)
        return edits.commit(f"Yank {package.name} {version}\n\n{reason}")


def _edits(package: Package, version: str, reason: str, today: date, doing: str) -> Mapping[str, str]:
    name = f"yanked-{version.replace('.', '-')}"
    fragment = Fragment(name, "notice", f"{version} is yanked: {reason}", "", "", "")
    log = package.relative("CHANGELOG.md")
    return {
        package.relative(package.module_folder.relative_to(package.folder).as_posix(), FILE): _listed(
            package, version, reason, today, doing
        ),
        log: _noted(text_of(package.folder / "CHANGELOG.md"), version, reason, today, doing),
        package.relative("changes", f"{name}.notice.md"): fragment.content(),
    }


def _listed(package: Package, version: str, reason: str, today: date, doing: str) -> str:
    """Return the new content of `yanked.toml`."""
    path = package.module_folder / FILE
    text = text_of(path) if path.is_file() else "# Releases that nobody should run any more.\n"
    if version in parse_yanked(text):
        raise RecordError(doing, "it was yanked already", f"see {package.relative('CHANGELOG.md')}")
    document = tomlkit.parse(text)
    entries = document.setdefault("yanked", tomlkit.aot())
    entry = tomlkit.table()
    entry.update({"release": version, "date": today, "reason": reason})
    entries.append(entry)
    return tomlkit.dumps(document)


def _noted(text: str, version: str, reason: str, today: date, doing: str) -> str:
    """Return the changelog in which the section of a release says that it was yanked."""
    head, found, section = text.partition(f"\n## {version} ")
    if not found:
        raise RecordError(doing, "the changelog has no section for it", "restore it from git")
    title, _, body = section.partition("\n")
    return f"{head}{found}{title}\n\n> **Yanked on {today}:** {reason}\n{body}"
