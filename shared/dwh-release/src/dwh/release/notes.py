"""Release notes: the section of a release in CHANGELOG.md.

It is built from what people wrote, the fragments, and from what the code declares, each job's
`changes`: a table of what differs from the line before, and the steps to migrate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from dwh.release._text import text_of
from dwh.release.errors import RecordError
from dwh.release.findings import Finding
from dwh.release.fragments import Fragment
from dwh.release.jobs import JobData
from dwh.release.repository import Package
from dwh.release.wheels import sha256

__all__ = ["JobNotes", "changelog_with", "declared_notes", "release_page", "section", "section_of"]

_TITLES = {
    "breaking": "Breaking changes",
    "security": "Security",
    "feature": "Features",
    "fix": "Fixes",
    "notice": "Notices",
}
_DIFFERENCES = {
    "value": "other values",
    "to_null": "null where there was a value",
    "from_null": "a value where there was null",
    "row_added": "more rows",
    "row_removed": "fewer rows",
}
_HEAD = """\
# Changelog of {name}

What callers of the code and readers of the tables notice, newest release first. Versions follow
[SemVer](https://semver.org): before 1.0 a break moves the second number, anything else the third.
"""


@dataclass(frozen=True)
class _Row:
    old: str
    new: str
    difference: str
    reason: str


@dataclass(frozen=True)
class JobNotes:
    """What one job declares to differ, as rows of a table, and what its readers have to do."""

    table: str
    rows: tuple[_Row, ...]
    steps: tuple[str, ...]


def declared_notes(jobs: dict[str, JobData], known: dict[str, JobData], older: str | None) -> list[JobNotes]:
    """Return the notes on every declared change that the last release did not declare.

    Parameters:
        jobs: the jobs of the tree.
        known: the jobs of the last release of the same line; empty before the first.
        older: the line before, on which a reader can stay.
    """
    found = []
    for name, job in sorted(jobs.items()):
        told = known[name]["changes"] if name in known else []
        fresh = [change for change in job["changes"] if change not in told]
        if fresh:
            steps = [*map(_step, fresh), *_stay(job["writes"]["name"], older)]
            found.append(JobNotes(job["writes"]["name"], tuple(map(_row, fresh)), tuple(steps)))
    return found


def section(
    package: Package,
    version: str,
    day: date,
    fragments: Sequence[Fragment],
    jobs: Sequence[JobNotes],
    older: str | None,
    waived: Sequence[Finding] = (),
    address: str | None = None,
) -> str:
    """Return the section of a release, in Markdown.

    Parameters:
        address: where the repository is on the web: the section links to the page of the release.
        waived: the breaks that a person answered for: readers are told of them all the same.
    """
    groups = [
        (title, [fragment for fragment in fragments if fragment.kind == kind])
        for kind, title in _TITLES.items()
    ]
    text: str = _template().render(
        version=version,
        day=day.isoformat(),
        groups=[(title, members) for title, members in groups if members],
        jobs=jobs,
        line=package.line,
        before=f"line {older}" if older else "before",
        waived=waived,
        page=f"{address}/releases/tag/{_tag(package, version)}" if address else None,
    )
    return text.strip() + "\n"


def changelog_with(name: str, changelog: str, new: str) -> str:
    """Return a changelog with a section put above the newest one."""
    text = changelog or _HEAD.format(name=name)
    head, mark, rest = text.partition("\n## ")
    return f"{head.rstrip()}\n\n{new.strip()}\n" + (f"{mark}{rest}" if mark else "")


def section_of(package: Package, version: str) -> str:
    """Return the section of a release from the changelog; raises RecordError."""
    path = package.folder / "CHANGELOG.md"
    text = text_of(path) if path.is_file() else ""
    for part in text.split("\n## ")[1:]:
        if part.startswith(f"{version} "):
            return f"## {part.strip()}\n"
    raise RecordError(
        f"reading {package.relative('CHANGELOG.md')}",
        f"it has no section for {version}",
        f"type: dwh-release prepare {package.name}; where that was done already, restore the file from git",
    )


def release_page(package: Package, notes: str, files: Iterable[Path], address: str | None) -> str:
    """Return what the page of a release says: its notes, the digests of its files, where all notes are.

    Parameters:
        files: the wheel and the source distribution.
        address: where the repository is on the web.
    """
    lines = [notes, "### SHA-256", ""]
    lines += [f"- `{path.name}`: `{sha256(path)}`" for path in sorted(files)]
    log = package.relative("CHANGELOG.md")
    link = f"[{log}]({address}/blob/{_tag(package, package.version)}/{log})" if address else log
    return "\n".join([*lines, "", f"All releases: {link}", ""])


def _tag(package: Package, version: str) -> str:
    return quote(f"{package.name}@{version}", safe="")


def _row(change: dict[str, Any]) -> _Row:
    kind, reason = change["change"], _cell(change["reason"])
    if kind == "Renamed":
        return _Row(f"`{change['old']}`", f"`{change['new']}`", "renamed", reason)
    if kind == "Retyped":
        types = f"`{_cell(change['old'])}` → `{_cell(change['new'])}`"
        return _Row(f"`{change['column']}`", f"`{change['column']}`", types, reason)
    if kind == "Added":
        return _Row("", f"`{change['column']}`", "added", reason)
    if kind == "Removed":
        return _Row(f"`{change['column']}`", "", "removed", reason)
    column = f"`{change['column']}`" if change["column"] else ""
    return _Row(column, column, _difference(change), reason)


def _difference(change: dict[str, Any]) -> str:
    what = _DIFFERENCES[change["kind"]]
    return what if change["where"] == "true" else f"{what}, where `{_cell(change['where'])}`"


def _step(change: dict[str, Any]) -> str:
    kind = change["change"]
    if kind == "Renamed":
        return f"Read `{change['new']}` where you read `{change['old']}`."
    if kind == "Retyped":
        return f"Read `{change['column']}` as `{change['new']}`; it was `{change['old']}`."
    if kind == "Added":
        return f"`{change['column']}` is new: `SELECT *` and `insertInto` see one column more."
    if kind == "Removed":
        return f"Stop reading `{change['column']}`."
    about = f"`{change['column']}`" if change["column"] else "the rows"
    return f"Expect {_DIFFERENCES[change['kind']]} in {about}: {change['reason']}."


def _stay(table: str, older: str | None) -> Iterator[str]:
    if older:
        yield f'Until then stay on line {older}: `read_table(spark, "{table}", line="{older}")`.'


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


@cache
def _template() -> Any:
    loader = PackageLoader("dwh.release", "templates")
    environment = Environment(  # Markdown, not HTML: nothing is escaped
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )
    return environment.get_template("section.md.jinja")
