"""Which files a release environment is made of, as uv has resolved it: a `pylock.toml` (PEP 751)."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Lock"]


@dataclass(frozen=True)
class Lock:
    """What was resolved.

    Attributes:
        text: the lock itself, which uv installs from, checking each hash.
        packages: the version of each package, by name.
        files: the SHA-256 of each file of them that this machine may install, by package and file name.
    """

    text: str
    packages: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]]

    @classmethod
    def parse(cls, text: str) -> Lock:
        """Read a `pylock.toml`."""
        found = tomllib.loads(text)["packages"]
        packages = {package["name"]: package["version"] for package in found}
        return cls(text, packages, {package["name"]: _files(package) for package in found})

    def digest(self, interpreter: str) -> str:
        """Return what the environment is kept by: SHA-256 over its files and its Python.

        Where the files come from does not count: a mirror serves the same ones.
        """
        held = [interpreter, dict(self.packages), {name: dict(files) for name, files in self.files.items()}]
        return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()

    def files_of(self, *names: str) -> dict[str, str]:
        """Return the SHA-256 of each file of some packages, by file name."""
        wanted = {canonicalize_name(name) for name in names}
        return {
            file: digest
            for name, files in self.files.items()
            if name in wanted
            for file, digest in files.items()
        }


def _files(package: Mapping[str, Any]) -> dict[str, str]:
    offered = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    return {_name(file): file["hashes"]["sha256"] for file in offered}


def _name(file: Mapping[str, Any]) -> str:
    place = file.get("name") or file.get("path") or unquote(urlsplit(file["url"]).path)
    return PurePosixPath(place).name
