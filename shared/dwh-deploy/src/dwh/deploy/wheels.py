"""A wheel: what it says of itself, and whether its files are those that it was built with."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PathDistribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from dwh.core.distributions import GROUP
from dwh.deploy.errors import WheelError

__all__ = ["Wheel", "may_bring_line", "read_wheel", "sha256"]

_REBUILD = "build or download it again"
# A name becomes part of a URL and of a list with commas.
_NAME = re.compile(r"[A-Za-z0-9._+!-]+\.whl", re.ASCII)

# What the standard library and packaging raise for a file that is no wheel.
_UNREADABLE = (
    *(OSError, ValueError, LookupError, RuntimeError, TypeError, EOFError),
    *(zipfile.BadZipFile, zlib.error),
)


@dataclass(frozen=True)
class Wheel:
    """A wheel that holds what its RECORD says.

    Attributes:
        distribution, version: what it says it is.
        name: of the distribution, as installers compare it.
        content: the file, as it was read once; later changes to it do not count.
        requires, requires_python: what it needs.
        lines: the release lines that it brings: import packages by the lines' names.
        files: the paths in it.
    """

    path: Path
    distribution: str
    name: str
    version: Version
    content: bytes = field(repr=False)
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    lines: Mapping[str, str]
    files: frozenset[str]

    @property
    def release(self) -> str:
        """Its distribution in exactly this release: `dwh-v0_1 0.1.1`."""
        return f"{self.distribution} {self.version}"

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal."""
        return sha256(self.content)

    def job_names(self, line: str) -> list[str]:
        """Return the names of the jobs of a line that it brings, sorted."""
        folder = re.escape(self.lines[line].replace(".", "/"))
        found = (re.fullmatch(rf"{folder}/([^/_][^/]*?)(\.py|/__init__\.py)", file) for file in self.files)
        return sorted(match[1] for match in found if match)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Yield each file in it, sorted by path, and what it holds."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            for file in sorted(self.files):
                yield file, archive.read(file)

    def read(self, file: str) -> bytes:
        """Return what a file in it holds; raises WheelError when it has none of this path."""
        if file not in self.files:
            raise WheelError(self.path.name, f"it has no {file}", "deploy a release that has it")
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return archive.read(file)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_wheel(path: Path) -> Wheel:
    """Read a wheel and check each of its files; raises WheelError."""
    if not _NAME.fullmatch(path.name):
        raise WheelError(path.name, "its name has characters that a wheel's must not have", _REBUILD)
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        content = path.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = frozenset(file for file in archive.namelist() if not file.endswith("/"))
            own = PathDistribution(zipfile.Path(archive, _own_folder(path.name, files)))
            _check_files(path.name, archive, files, own)
            said, release = own.metadata["Name"], own.version
            fits = (canonicalize_name(said), Version(release)) == (name, version)
            requires = tuple(Requirement(text) for text in own.requires or ())
            requires_python = SpecifierSet((own.metadata.get_all("Requires-Python") or [""])[0])
            lines = {entry.name: entry.module for entry in own.entry_points.select(group=GROUP)}
    except _UNREADABLE as error:
        raise WheelError(path.name, f"it cannot be read as a wheel ({error})", _REBUILD) from error
    if not fits:
        raise WheelError(path.name, f"inside it is {said} {release}, not what its name says", _REBUILD)
    return Wheel(path, said, name, version, content, requires, requires_python, lines, files)


def may_bring_line(path: Path) -> bool:
    """Return whether a wheel looks as if it brought a line, at the price of a look into it.

    One that cannot be opened may; `read_wheel` says what is wrong with it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            own = [file for file in archive.namelist() if file.endswith(".dist-info/entry_points.txt")]
            return any(GROUP.encode() in archive.read(file) for file in own)
    except _UNREADABLE:
        return True


def _own_folder(wheel: str, files: frozenset[str]) -> str:
    """Return the folder in which a wheel describes itself."""
    found = {file.partition("/")[0] for file in files if ".dist-info/" in file}
    if len(found) != 1:
        raise WheelError(wheel, f"it has {len(found)} .dist-info folders, not one", _REBUILD)
    return f"{found.pop()}/"


def _check_files(wheel: str, archive: zipfile.ZipFile, files: frozenset[str], own: PathDistribution) -> None:
    """Raise WheelError unless its RECORD lists every file, each with the hash that it has."""
    recorded = {path.as_posix(): path.hash for path in own.files or ()}
    for file in sorted(files):
        if re.fullmatch(r"[^/]+\.dist-info/RECORD(\.jws|\.p7s)?", file):
            continue
        known = recorded.get(file)
        if known is None or known.mode not in ("sha256", "sha384", "sha512"):
            raise WheelError(wheel, f"its RECORD has no hash of {file}", _REBUILD)
        digest = hashlib.new(known.mode, archive.read(file)).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != known.value:
            raise WheelError(wheel, f"{file} in it is not the file that it was built with", _REBUILD)
