"""What is in a built distribution, checked before it can leave the house."""

from __future__ import annotations

import email
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from packaging.utils import canonicalize_name

from dwh.release._text import last_words
from dwh.release.errors import BuildError
from dwh.release.repository import Package
from dwh.release.surface import code_digest

__all__ = ["check_files", "sha256"]

# W002: a namespace of several packages has empty files, such as py.typed, that are alike.
_IGNORED = "W002"


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_files(package: Package, wheel: Path, sdist: Path, code: str) -> None:
    """Raise BuildError unless both files are what a release must be.

    Parameters:
        code: the digest of the code that was recorded for the release.
    """
    doing = f"checking {wheel.name}"
    problems = [*_stray(package, wheel), *_metadata(package, wheel), *_code(package, wheel, code)]
    if problems:
        raise BuildError(
            doing, "; ".join(problems), f"see [tool.hatch.build] in {package.path}/pyproject.toml"
        )
    _run(doing, "twine", "check", "--strict", str(wheel), str(sdist))
    _run(doing, "check_wheel_contents", f"--ignore={_IGNORED}", str(wheel))


def _stray(package: Package, wheel: Path) -> Iterator[str]:
    """Yield the files that would hide or overwrite another package of the namespace."""
    inside = package.module.replace(".", "/") + "/"
    for name in zipfile.ZipFile(wheel).namelist():
        if name.startswith(inside) or ".dist-info/" in name:
            continue
        file = name.rpartition("/")[2]
        if file.startswith("__init__.") and inside.startswith(name.removesuffix(file)):
            yield f"{name} would hide every other package of its namespace"
        else:
            yield f"{name} is outside {inside}"


def _metadata(package: Package, wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        found = email.message_from_bytes(archive.read(names[0]))
    if (
        canonicalize_name(found["Name"]) != canonicalize_name(package.name)
        or found["Version"] != package.version
    ):
        yield f"it is {found['Name']} {found['Version']}, not {package.name} {package.version}"


def _code(package: Package, wheel: Path, code: str) -> Iterator[str]:
    inside = package.module.replace(".", "/") + "/"
    with zipfile.ZipFile(wheel) as archive:
        names = sorted(
            name for name in archive.namelist() if name.startswith(inside) and not name.endswith("/")
        )
        # The same order as that of the files on disk: by folder and name, not by text.
        names.sort(key=lambda name: Path(name))
        files = {name.removeprefix(inside): hashlib.sha256(archive.read(name)).hexdigest() for name in names}
    if code_digest(files) != code:
        yield f"its code is not what released/{package.version}.json recorded"


def _run(doing: str, module: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = last_words(done.stdout + done.stderr, 25, Path(arguments[-1]).parent)
        raise BuildError(doing, said, f"see: python -m {module} --help")
