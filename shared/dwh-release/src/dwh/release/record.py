"""The released surfaces of a package: `released/<version>.json`, committed at each release.

A file holds the surface, the digest of the code, the fixes that were released with it, the digest of
the release before, and the digest of all that. So an edit shows, and an edit with a digest made to
fit shows in the file after it, or in the tag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from dwh.release._git import Git
from dwh.release.errors import RecordError, VersionError
from dwh.release.jobs import JobData
from dwh.release.repository import Package
from dwh.release.surface import Surface, code_digest, file_digests
from dwh.release.versions import parse

__all__ = ["Record", "Records", "make_record"]

FORMAT = 1
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

    def edited(self) -> list[str]:
        """Return the released files that are not what their tags hold."""
        return [
            path for record in self.all if (path := self.path(record.version)) and self._differs(record, path)
        ]

    def _differs(self, record: Record, path: str) -> bool:
        tagged = self._git.blob(f"refs/tags/{self._package.name}@{record.version}", path)
        return tagged is not None and tagged != (self._git.root / path).read_bytes()

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
        if data["format"] != FORMAT:
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
        """Raise RecordError when the changelog or a tag knows a release that no file holds."""
        version = self._package.version
        log = self._package.folder / "CHANGELOG.md"
        tags = self._git.tags(f"{self._package.name}@*")
        if tags or (log.is_file() and f"\n## {version} " in log.read_text(encoding="utf-8")):
            path = self.path(version)
            witness = f"tag {tags[0]}" if tags else "CHANGELOG.md"
            raise RecordError(
                f"reading {path}",
                f"it is missing, but {witness} says there was a release",
                f"type: git checkout HEAD -- {path}",
            )


def make_record(
    package: Package,
    version: str,
    surface: Surface,
    fixes: dict[str, str],
    previous: Record | None,
    day: date,
) -> Record:
    """Return the record of a release; raises VersionError when it is not newer than the one before."""
    if previous and parse(version) <= parse(previous.version):
        raise VersionError(
            f"recording {package.name}", f"{version} is not after {previous.version}", "raise it"
        )
    files = file_digests(package.module_folder)
    data: dict[str, Any] = {
        "format": FORMAT,
        "package": package.name,
        "version": version,
        "date": day.isoformat(),
        "previous": {"version": previous.version, "digest": previous.data["digest"]} if previous else None,
        "code": code_digest(files),
        "files": files,
        "fixes": dict(sorted(fixes.items())),
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
