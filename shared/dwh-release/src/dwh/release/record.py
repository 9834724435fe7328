"""The released surfaces of a package: `released/<version>.json`, committed at each release.

A file holds the surface, the digests of the code and of what a wheel shows beside it, the fixes that
were released with it, the digest of the release before, and the digest of all that. So an edit shows,
and an edit with a digest made to fit shows in the file after it, in the tag, or in the commit that
recorded it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import tomllib

from dwh.release._git import Git
from dwh.release._text import text_of
from dwh.release.errors import RecordError, VersionError
from dwh.release.jobs import JobData, Place
from dwh.release.repository import Package
from dwh.release.surface import Surface, code_digest, document_digests, file_digests
from dwh.release.versions import is_release, parse

__all__ = ["Record", "Records", "make_record"]

FORMAT = 2
_READ = (1, FORMAT)
_SECTION = re.compile(r"^## (\d+\.\d+\.\d+) ", re.MULTILINE)
_KEYS = {
    "format": int, "package": str, "version": str, "date": str, "code": str, "files": dict, "fixes": dict,
    "api": dict, "jobs": dict, "settings": dict, "requires": dict, "digest": str,
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One release, as its file has it."""

    data: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The release."""
        return str(self.data["version"])

    @property
    def jobs(self) -> dict[str, JobData]:
        """What its jobs declared."""
        return dict(self.data["jobs"])

    @property
    def fixes(self) -> dict[str, str]:
        """The names of the fixes in it, with `fix` or `security`."""
        return dict(self.data["fixes"])

    @property
    def module(self) -> str | None:
        """The import package; None where the record is too old to say so."""
        return self.data.get("module")

    @property
    def documents(self) -> dict[str, str] | None:
        """The digests of what a wheel shows beside its code; None where the record is too old."""
        return self.data.get("documents")

    @property
    def waived(self) -> dict[str, str]:
        """The ids of the breaks that a person answered for, with the reasons."""
        return dict(self.data.get("waived", {}))

    @property
    def surface(self) -> Surface:
        """What the release promises."""
        home = Place(f"released/{self.version}.json", 1)
        return Surface(self.data["api"], self.jobs, self.data["settings"], self.data["requires"], {}, home)

    def text(self) -> str:
        """Return the file's content."""
        return json.dumps(self.data, indent=1, sort_keys=False, ensure_ascii=False) + "\n"


class Records:
    """The released files of a package, checked as they are read; raises RecordError."""

    def __init__(self, git: Git, package: Package) -> None:
        self._git, self._package = git, package
        self._folder = package.folder / "released"

    @cached_property
    def all(self) -> tuple[Record, ...]:
        """The releases, oldest first."""
        found = [self._read(path.name) for path in self._folder.glob("*.json")]
        records = tuple(sorted(found, key=lambda record: parse(record.version)))
        for before, after in zip((None, *records), records, strict=False):
            self._check_chain(before, after)
        return records

    @cached_property
    def last(self) -> Record | None:
        """The newest release, or None before the first one."""
        if not self.all:
            self._require_never_released()
        return self.all[-1] if self.all else None

    @property
    def fixes(self) -> dict[str, str]:
        """Every fix that was ever released here."""
        return {name: kind for record in self.all for name, kind in record.fixes.items()}

    def path(self, version: str) -> str:
        """Return where a release is kept, relative to the repository's top."""
        return self._package.relative("released", f"{version}.json")

    def witness(self, version: str) -> str | None:
        """Return the tag of a release, else the commit that recorded it; None where git has neither."""
        return self._git.history.witness(f"{self._package.name}@{version}", self.path(version))

    def module(self) -> str | None:
        """Return the import package of the newest release; None where nothing tells."""
        last = self.last
        if last is None or last.module:
            return last.module if last else None
        witness = self.witness(last.version)
        text = self._git.blob(witness, self._package.relative("pyproject.toml")) if witness else None
        entries = tomllib.loads((text or b"").decode()).get("project", {}).get("entry-points", {})
        found = entries.get("dwh.lines", {}).get(self._package.line, "")
        return str(found).partition(":")[0] or None

    def known(self, revision: str) -> list[str]:
        """Return the releases that the changelog at a revision has, newest first."""
        text = self._git.blob(revision, self._package.relative("CHANGELOG.md")) or b""
        return _SECTION.findall(text.decode("utf-8", "replace"))

    def edited(self) -> Iterator[tuple[str, str]]:
        """Yield each released file that is not what git knows it was, and the tag or commit that does.

        A record of an older format may be made anew, as long as no tag names it.
        """
        for record in self.all:
            path, witness = self.path(record.version), self.witness(record.version)
            held = self._git.blob(witness, path) if witness else None
            if held is None or witness is None or (data := json.loads(held)) == record.data:
                continue
            if data["format"] == FORMAT or "@" in witness:
                yield path, witness.removeprefix("refs/tags/")

    def false_tags(self) -> Iterator[tuple[str, str]]:
        """Yield each released file that its own tag has not, and the tag."""
        for record in self.all:
            path, witness = self.path(record.version), self.witness(record.version)
            if witness and "@" in witness and self._git.blob(witness, path) is None:
                yield path, witness.removeprefix("refs/tags/")

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield each release that has no file, and who knows of it."""
        there = {record.version for record in self.all}
        first = min(map(parse, there), default=parse("0.0.0"))
        for version, witness in self._witnesses():
            if version not in there and parse(version) > first:
                there.add(version)
                yield version, witness

    def _witnesses(self) -> Iterator[tuple[str, str]]:
        name, folder = self._package.name, self._package.relative("released")
        for tag in sorted(self._git.history.tags):
            version = tag.removeprefix(f"{name}@")
            if version != tag and is_release(version):
                yield version, f"tag {tag}"
        log = self._package.folder / "CHANGELOG.md"
        text = text_of(log) if log.is_file() else ""
        yield from ((version, "CHANGELOG.md") for version in _SECTION.findall(text))
        yield from ((version, "CHANGELOG.md at HEAD") for version in self.known("HEAD"))
        for path, commit in self._git.history.added.items():
            version = path.rpartition("/")[2].removesuffix(".json")
            own = path.rpartition("/")[0] == folder and is_release(version)
            if own and not self._git.history.is_withdrawn(name, version, path):
                yield version, f"commit {commit[:10]}"

    def _read(self, name: str) -> Record:
        path = self._package.relative("released", name)
        doing = f"reading {path}"
        restore = f"a release never changes; restore it: git checkout {self._package.name}@… -- {path}"
        try:
            data = json.loads((self._folder / name).read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise RecordError(doing, f"it is corrupt: {error}", restore) from error
        wrong = [
            key
            for key, kind in _KEYS.items()
            if not isinstance(data, dict) or not isinstance(data.get(key), kind)
        ]
        if wrong:
            raise RecordError(doing, f"it is corrupt: {', '.join(wrong)} missing or of another type", restore)
        if data["format"] not in _READ:
            raise RecordError(
                doing, f"its format is {data['format']}, this tool reads {FORMAT}", "upgrade dwh-release"
            )
        if _digest(data) != data["digest"]:
            raise RecordError(
                doing, "a released file was edited: its digest does not fit its content", restore
            )
        if name != f"{data['version']}.json" or data["package"] != self._package.name:
            raise RecordError(doing, f"it holds {data['package']} {data['version']}", restore)
        return Record(data)

    def _check_chain(self, before: Record | None, after: Record) -> None:
        expected = after.data["previous"]
        found = {"version": before.version, "digest": before.data["digest"]} if before else None
        if expected == found:
            return
        doing = f"reading {self.path(after.version)}"
        if expected is None or (before and parse(before.version) > parse(expected["version"])):
            said = f"release {before.version if before else '?'} is not in its history"
            raise RecordError(doing, said, "remove the file that does not belong there")
        missing = self.path(expected["version"])
        state = "was edited" if before and before.version == expected["version"] else "is missing"
        hint = (
            "a release never changes; restore it: git checkout "
            f"{self._package.name}@{expected['version']} -- {missing}"
        )
        raise RecordError(doing, f"the release before it, {missing}, {state}", hint)

    def _require_never_released(self) -> None:
        """Raise RecordError when a tag, the changelog or a commit knows a release that no file holds."""
        for version, witness in self.missing():
            path = self.path(version)
            raise RecordError(
                f"reading {path}",
                f"it is missing, but {witness} says there was a release",
                f"type: {self.restore(version)}",
            )

    def restore(self, version: str) -> str:
        """Return the command that brings a released file back."""
        witness = self.witness(version) or "HEAD"
        return f"git checkout {witness.removeprefix('refs/tags/')[:40]} -- {self.path(version)}"


def make_record(
    package: Package,
    version: str,
    surface: Surface,
    fixes: dict[str, str],
    previous: Record | None,
    day: date,
    waived: Mapping[str, str],
) -> Record:
    """Return the record of a release; raises VersionError when it is not newer than the one before.

    Parameters:
        fixes: the names of the fixes in it, with `fix` or `security`.
        waived: the ids of the findings that a person answered for, with the reasons.
    """
    if previous and parse(version) <= parse(previous.version):
        raise VersionError(
            f"recording {package.name}", f"{version} is not after {previous.version}", "raise it"
        )
    files = file_digests(package.module_folder)
    data: dict[str, Any] = {
        "format": FORMAT,
        "package": package.name,
        "module": package.module,
        "version": version,
        "date": day.isoformat(),
        "previous": {"version": previous.version, "digest": previous.data["digest"]} if previous else None,
        "code": code_digest(files),
        "files": files,
        "documents": document_digests(package),
        "fixes": dict(sorted(fixes.items())),
        "waived": dict(sorted(waived.items())),
        **({"ends": str(package.source.ends)} if package.source and package.source.ends else {}),
        "requires": surface.requires,
        "settings": surface.settings,
        "jobs": surface.jobs,
        "api": dict(sorted(surface.api.items())),
    }
    return Record({**data, "digest": _digest(data)})


def _digest(data: Mapping[str, Any]) -> str:
    content = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
