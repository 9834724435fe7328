"""Wheels unpacked into one zip, for a platform that unpacks archives and installs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from dwh.deploy.bundle import zipped
from dwh.deploy.errors import WheelError
from dwh.deploy.wheels import Wheel

__all__ = ["unpacked"]

_DATA = re.compile(r"[^/]+\.data/(?P<kind>[^/]+)/(?P<path>.+)")


def unpacked(wheels: Iterable[Wheel]) -> bytes:
    """Return a zip of what wheels install into site-packages; raises WheelError."""
    files: dict[str, bytes] = {}
    for wheel in wheels:
        for name, content in wheel.contents():
            data = _DATA.fullmatch(name)
            if data and data["kind"] not in ("purelib", "platlib"):
                continue  # scripts, headers and manuals
            path = data["path"] if data else name
            if path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise WheelError(wheel.path.name, f"{name!r} in it points outside the wheel", "do not use it")
            files[path] = content
    return zipped(files)
