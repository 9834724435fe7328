"""The folder where release environments are kept.

    <store>/environments/<id>/          a virtual environment, and `dwh.json`, written last: it is ready
    <store>/requests/<digest>           the id that a request got
    <store>/wheels/<file>               the SHA-256 of a file of a release, as it was first used
    <store>/locks/<id or digest>        held shared by who uses an environment, exclusively by who makes
                                        or removes it; held exclusively by who answers a request

A virtual environment cannot be moved, so it is made in its place, under its lock. Locks are advisory
ones of the operating system: they end with their process, whatever ended that.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from dwh.core.config import Config
from dwh.core.files import write_whole
from dwh.migrate.releases.errors import StoreError, UnknownEnvironmentError, WheelChangedError
from dwh.migrate.releases.wanted import Wanted

__all__ = ["ReleaseEnvironment", "Store"]

_READY = "dwh.json"


@dataclass(frozen=True)
class ReleaseEnvironment:
    """A release environment as its `dwh.json` has it.

    Attributes:
        id: the first characters of `digest`.
        folder: of the virtual environment.
        release: such as `dwh-v0_1==0.1.1`.
        python: its version.
        packages: the version of each package in it.
        files: the SHA-256 of each file of a release, by file name.
        digest: SHA-256 over everything that it holds.
        made_at: an instant in ISO 8601 (UTC).
    """

    id: str
    folder: str
    release: str
    python: str
    packages: Mapping[str, str]
    files: Mapping[str, str]
    digest: str
    made_at: str

    @property
    def interpreter(self) -> Path:
        """The environment's Python."""
        return Path(self.folder) / "bin" / "python"

    @property
    def spark(self) -> str:
        """The version of its pyspark."""
        return self.packages.get("pyspark", "none")

    @property
    def used_at(self) -> datetime:
        """When a run last began to use it (UTC)."""
        return datetime.fromtimestamp((Path(self.folder) / _READY).stat().st_mtime, timezone.utc)

    def is_ready(self) -> bool:
        """Whether it is there, whole, and its Python too."""
        return (Path(self.folder) / _READY).is_file() and self.interpreter.exists()


@dataclass(frozen=True)
class Store:
    """Where release environments are kept. Nothing is read or made before it is asked for."""

    root: Path

    @classmethod
    def of(cls, config: Config) -> Store:
        """Return the configured store, by default one in the user's data folder."""
        if config.release_environments:
            return cls(Path(config.release_environments))
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
        return cls(Path(data) / "dwh" / "release-environments")

    def prepare(self) -> None:
        """Make the store's folders; raises StoreError."""
        try:
            for name in ("environments", "requests", "wheels", "locks"):
                (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(str(self.root), str(error.strerror)) from None

    def environment(self, id: str) -> ReleaseEnvironment | None:
        """Return the environment with an id; None where it is not there, or not whole."""
        folder = self.folder(id)
        try:
            kept = json.loads((folder / _READY).read_text("utf-8"))
        except FileNotFoundError:
            return None
        found = ReleaseEnvironment(id=id, folder=str(folder), **kept)
        return found if found.is_ready() else None

    def environments(self) -> list[ReleaseEnvironment]:
        """Return every environment that is whole, the one that was made last at the end."""
        folders = (self.root / "environments").glob("*")
        found = [made for folder in folders if (made := self.environment(folder.name))]
        return sorted(found, key=lambda made: made.made_at)

    def named(self, name: str) -> list[ReleaseEnvironment]:
        """Return the environments that an id, its beginning, or a release names.

        Raises UnknownEnvironmentError where there is none.
        """
        known = self.environments()
        found = [
            made for made in known if made.release == name or (len(name) > 3 and made.id.startswith(name))
        ]
        if not found:
            raise UnknownEnvironmentError(name, (f"{made.id} ({made.release})" for made in known))
        return found

    def requested(self, wanted: Wanted, wheelhouse: str | None) -> ReleaseEnvironment | None:
        """Return the environment that this request got before, if it is still there."""
        try:
            id = (self.root / "requests" / wanted.digest(wheelhouse)).read_text("ascii")
        except FileNotFoundError:
            return None
        return self.environment(id)

    def remember(self, wanted: Wanted, wheelhouse: str | None, made: ReleaseEnvironment) -> None:
        """Let the same request get the same environment again."""
        write_whole(self.root / "requests" / wanted.digest(wheelhouse), made.id)

    def finish(self, made: ReleaseEnvironment) -> None:
        """Say that an environment is whole."""
        kept: dict[str, Any] = {
            key: value for key, value in asdict(made).items() if key not in ("id", "folder")
        }
        write_whole(Path(made.folder) / _READY, json.dumps(kept, indent=2))

    def discard(self, id: str) -> None:
        """Remove an environment, or what is left of one; the caller holds its lock exclusively."""
        (self.folder(id) / _READY).unlink(missing_ok=True)  # first: what is half there is not there
        shutil.rmtree(self.folder(id), ignore_errors=True)

    def folder(self, id: str) -> Path:
        """Return the folder of the environment with an id."""
        return self.root / "environments" / id

    def check_files(self, files: Mapping[str, str]) -> None:
        """Compare files of releases with their first use, which is recorded; raises WheelChangedError."""
        for name, digest in files.items():
            record = self.root / "wheels" / Path(name).name
            if not record.exists():
                write_whole(record, digest)
            elif (first := record.read_text("ascii")) != digest:
                raise WheelChangedError(name, first, digest, str(record))

    def check_wheelhouse(self, made: ReleaseEnvironment, wheelhouse: str | None) -> None:
        """Compare a wheelhouse's files with those an environment was made of; raises WheelChangedError."""
        files = {name: Path(wheelhouse or "") / name for name in made.files} if wheelhouse else {}
        self.check_files(
            {
                name: hashlib.sha256(file.read_bytes()).hexdigest()
                for name, file in files.items()
                if file.is_file()
            }
        )

    @contextmanager
    def using(self, id: str) -> Iterator[int]:
        """Hold an environment, so that nobody removes it; give the descriptor that holds it.

        A process that inherits the descriptor holds it, too.
        """
        with self._lock(id) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            with suppress(FileNotFoundError):  # somebody removed it before it was held
                os.utime(self.folder(id) / _READY)
            yield descriptor

    @contextmanager
    def alone(self, name: str, waits: Callable[[], None]) -> Iterator[None]:
        """Be the only one who uses an environment, or answers a request.

        Where there are others, waits for them, after a call of `waits`.
        """
        with self._lock(name) as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waits()
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield

    @contextmanager
    def alone_at_once(self, id: str) -> Iterator[None]:
        """Be the only one who uses an environment; raises BlockingIOError when somebody else does."""
        with self._lock(id) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield

    def is_used(self, id: str) -> bool:
        """Whether some process holds an environment now."""
        try:
            with self.alone_at_once(id):
                return False
        except BlockingIOError:
            return True

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        """Give the descriptor of a lock's file; the lock ends with it."""
        descriptor = os.open(self.root / "locks" / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
