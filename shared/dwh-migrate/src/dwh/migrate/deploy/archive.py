"""Wheels unpacked into one zip, for a platform that unpacks archives and installs nothing."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import PurePosixPath

from dwh.migrate.deploy.errors import WheelError
from dwh.migrate.deploy.wheels import Wheel

__all__ = ["unpacked"]

_DATA = re.compile(r"[^/]+\.data/(?P<kind>[^/]+)/(?P<path>.+)")
_TIME = (1980, 1, 1, 0, 0, 0)  # any constant: the bytes must not depend on when it was made


def unpacked(wheels: Iterable[Wheel]) -> bytes:
    """Return a zip of what wheels install into site-packages; raises WheelError.

    It has entries for folders, without which a namespace package in a zip is not found.
    """
    files: dict[str, bytes] = {}
    for wheel in wheels:
        for name, content in wheel.contents():
            data = _DATA.fullmatch(name)
            if data and data["kind"] not in ("purelib", "platlib"):
                continue  # scripts, headers and manuals
            path = data["path"] if data else name
            if path.startswith("/") or ".." in PurePosixPath(path).parts:
                raise WheelError(wheel.path.name, f"{name!r} in it leads elsewhere", "do not use it")
            files[path] = content
    folders = {f"{folder}/" for path in files for folder in PurePosixPath(path).parents if folder.name}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        for name in sorted({*files, *folders}):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o40755 << 16 if name in folders else 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, files.get(name, b""))
    return archive.getvalue()
