"""Other conditions to read a line under: another time, zone, Python, environment, machine, other files.

A contract is a promise, and a promise is the same everywhere. What the line's own modules ask about
where they are is answered otherwise, and they are imported again; the standard library and all else
that they import stay as they are.
"""

from __future__ import annotations

import contextlib
import datetime
import getpass
import locale
import os
import pathlib
import platform
import random
import socket
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import Any

from dwh.release._inspection.file_system import Files, other_files, watched_files
from dwh.release._inspection.libraries import Libraries, other_libraries, watched_libraries
from dwh.release._inspection.replacing import replaced

__all__ = ["CONDITIONS", "REQUIRED", "Asked", "Environ", "watched"]

_Version = namedtuple("_Version", "major minor micro releaselevel serial")
# What `platform.system`, `sys.platform`, `os.name` and `os.linesep` are.
_SYSTEMS = (
    ("Linux", "linux", "posix", "\n"),
    ("Darwin", "darwin", "posix", "\n"),
    ("Windows", "win32", "nt", "\r\n"),
)
_LATER = datetime.datetime(2099, 6, 1, 1, 2, 3)


class _Any(str):
    """A setting that is whatever it is compared with."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def _same(self, *_: object) -> _Any:
        return self

    lower = upper = casefold = strip = _same


class Environ(MutableMapping[str, str]):
    """The environment's variables, and which of them were asked for."""

    def __init__(self, real: MutableMapping[str, str]) -> None:
        self.asked: set[str] = set()
        self._real = real

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._real[name]

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return name in self._real

    def __setitem__(self, name: str, value: str) -> None:
        self._real[name] = value

    def __delitem__(self, name: str) -> None:
        del self._real[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._real)

    def __len__(self) -> int:
        return len(self._real)


class _Today(datetime.date):
    @classmethod
    def today(cls) -> Any:
        return _LATER.date()


class _Now(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _LATER.replace(tzinfo=tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _LATER

    today = now


@dataclass(frozen=True)
class Asked:
    """What a line asked about where it is: variables, files, libraries; and the Pythons that it allows."""

    environ: Environ
    files: Files
    libraries: Libraries
    pythons: list[list[int]]


@contextlib.contextmanager
def watched(package: str, pythons: list[list[int]]) -> Iterator[Asked]:
    """Note which environment variables, files and libraries a package asks for."""
    environ = Environ(os.environ)
    with (
        replaced((os, "environ", environ)),
        watched_files(package) as files,
        watched_libraries(package) as libraries,
    ):
        yield Asked(environ, files, libraries, pythons)


def _again(asked: Asked) -> Iterator[tuple[str, Any]]:
    yield "read a second time", contextlib.nullcontext()


def _pythons(asked: Asked) -> Iterator[tuple[str, Any]]:
    for numbers in asked.pythons:
        shown = ".".join(map(str, numbers[:2]))
        version = _Version._make([*numbers, "final", 0])
        yield (
            f"with Python {shown}",
            replaced(
                (sys, "version_info", version),
                (sys, "hexversion", (numbers[0] << 24) + (numbers[1] << 16)),
                (sys, "version", f"{shown}.0 (other)"),
                (platform, "python_version", lambda shown=shown: f"{shown}.0"),
                (platform, "python_version_tuple", lambda shown=shown: (*shown.split("."), "0")),
            ),
        )


def _environments(asked: Asked) -> Iterator[tuple[str, Any]]:
    if variables := asked.environ.asked:
        names = ", ".join(sorted(variables))
        absent = {name: value for name, value in os.environ.items() if name not in variables}
        yield f"without the environment variable {names}", replaced((os, "environ", absent))
        given = {**absent, **{name: _Any("1") for name in variables}}
        yield f"with another environment variable {names}", replaced((os, "environ", given))


def _files(asked: Asked) -> Iterator[tuple[str, Any]]:
    if asked.files.asked:
        yield from other_files(asked.files)


def _libraries(asked: Asked) -> Iterator[tuple[str, Any]]:
    yield from other_libraries(asked.libraries)


def _machines(asked: Asked) -> Iterator[tuple[str, Any]]:
    for system, *names in _SYSTEMS:
        if system != platform.system():
            yield f"on another machine ({system})", _machine(system, *names)


def _machine(system: str, short: str, kind: str, line_end: str) -> Any:
    uname = namedtuple("uname", "sysname nodename release version machine")
    other: list[tuple[object, str, Any]] = [
        (sys, "platform", short),
        (sys, "maxsize", 2**31 - 1),
        (sys, "byteorder", "big" if sys.byteorder == "little" else "little"),
        (sys, "implementation", SimpleNamespace(**{**vars(sys.implementation), "name": "other"})),
        (platform, "python_implementation", lambda: "Other"),
        (platform, "release", lambda: "0"),
        (platform, "version", lambda: "0"),
        (platform, "processor", lambda: "other"),
        (platform, "system", lambda: system),
        (platform, "node", lambda: "elsewhere"),
        (platform, "machine", lambda: "other"),
        (platform, "platform", lambda: "other"),
        (socket, "gethostname", lambda: "elsewhere"),
        (socket, "getfqdn", lambda *_: "elsewhere"),
        (getpass, "getuser", lambda: "somebody"),
        (os, "cpu_count", lambda: 1023),
        (os, "getcwd", lambda: "/elsewhere"),
        (os, "uname", lambda: uname(system, "elsewhere", "0", "0", "other")),
        (os.path, "expanduser", lambda path: os.fspath(path).replace("~", "/elsewhere")),
        (pathlib.Path, "home", classmethod(lambda cls: cls("/elsewhere"))),
        (pathlib.Path, "cwd", classmethod(lambda cls: cls("/elsewhere"))),
    ]
    return _both(
        replaced(*(item for item in other if hasattr(item[0], item[1]))),
        _os_of_the_line(name=kind, linesep=line_end),
    )


@contextlib.contextmanager
def _both(first: Any, second: Any) -> Iterator[None]:
    with first, second:
        yield


@contextlib.contextmanager
def _os_of_the_line(**values: str) -> Iterator[None]:
    """Let modules that are imported meanwhile see other values in `os`, which pathlib could not work with."""
    other = ModuleType("os")
    other.__dict__.update(__getattr__=lambda name: getattr(os, name), __all__=os.__all__, **values)
    sys.modules["os"] = other
    try:
        yield
    finally:
        sys.modules["os"] = os


def _times(asked: Asked) -> Iterator[tuple[str, Any]]:
    random.seed(1)
    now, local, utc, shown = _LATER.timestamp(), time.localtime, time.gmtime, time.strftime
    yield (
        "at another time",
        replaced(
            (time, "time", lambda: now),
            (time, "time_ns", lambda: int(now) * 10**9),
            (time, "localtime", lambda seconds=None: local(now if seconds is None else seconds)),
            (time, "gmtime", lambda seconds=None: utc(now if seconds is None else seconds)),
            (time, "strftime", lambda text, when=None: shown(text, when or utc(now))),
            (datetime, "date", _Today),
            (datetime, "datetime", _Now),
        ),
    )


def _zones(asked: Asked) -> Iterator[tuple[str, Any]]:
    if hasattr(time, "tzset"):
        yield "in another time zone", _zone("Asia/Kathmandu" if time.timezone != -20700 else "UTC0")
    yield (
        "with another locale",
        replaced(
            (locale, "getlocale", lambda *_: ("tr_TR", "ISO8859-9")),
            (locale, "getpreferredencoding", lambda *_: "ISO-8859-9"),
            (sys, "getfilesystemencoding", lambda: "iso8859-9"),
        ),
    )


@contextlib.contextmanager
def _zone(name: str) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = name
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


# Each gives a label and a context manager.
CONDITIONS: tuple[Callable[[Asked], Iterator[tuple[str, Any]]], ...] = (
    _again, _pythons, _environments, _machines, _files, _times, _zones, _libraries,
)  # fmt: skip
# Where a line cannot be read under these, that is no other contract.
REQUIRED = (_libraries,)
