"""Asks uv, and says what went wrong in our words."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dwh.core.errors import DwhError, without_secrets
from dwh.migrate.releases.errors import (
    IndexUnreachableError,
    ReleaseMissingError,
    ReleaseUnsolvableError,
    UnknownPythonError,
    UvMissingError,
    WheelHashError,
    WheelhouseError,
)
from dwh.migrate.releases.installed import installed_releases
from dwh.migrate.releases.wanted import Wanted

__all__ = ["Uv", "clean_variables"]

# They lead to another environment, or to another Spark than the one that is installed in it.
_LEADING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "SPARK_HOME", "PYSPARK_PYTHON")
_LEADING_TOO = ("PYSPARK_DRIVER_PYTHON", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET")

_MISSING = re.compile(r"there is no version of (\S+)|(\S+) was not found in the package registry")
_UNREACHABLE = re.compile(
    r"error sending request|Failed to fetch|network was disabled|[Nn]etwork connectivity is disabled"
)
_NO_PYTHON = re.compile(r"No interpreter found|Invalid version request|not a valid Python|Python download")


@dataclass(frozen=True)
class Uv:
    """uv, with the wheelhouse it takes releases from beside the index."""

    path: str
    wheelhouse: str | None

    @classmethod
    def find(cls, wanted: Wanted, wheelhouse: str | None) -> Uv:
        """Return the uv that is installed beside this Python, or on PATH.

        Raises UvMissingError, or WheelhouseError where the wheelhouse is no folder and no URL.
        """
        path = _beside() or shutil.which("uv")
        if path is None:
            raise UvMissingError(wanted.release, installed_releases())
        if wheelhouse and not _is_url(wheelhouse) and not Path(wheelhouse).is_dir():
            raise WheelhouseError(wheelhouse, "there is no such folder")
        return cls(path, wheelhouse)

    def ask(self, wanted: Wanted, cwd: Path, *words: str, given: str = "") -> str:
        """Run uv in a folder, and return what it printed; raises a DwhError that says what went wrong."""
        done = subprocess.run(
            [self.path, "--color", "never", *words],
            cwd=cwd,  # so that no project's settings count; the user's do
            env=self._variables(),
            input=given,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise self._error(wanted, done.stderr)
        return done.stdout

    def _variables(self) -> dict[str, str]:
        variables = clean_variables(os.environ)
        places = [variables.get("UV_FIND_LINKS"), self.wheelhouse]
        # In a variable, as a URL may hold a password.
        links = [place if _is_url(place) else Path(place).as_uri() for place in places if place]
        return {**variables, "UV_FIND_LINKS": ",".join(links)} if links else variables

    def _error(self, wanted: Wanted, said: str) -> DwhError:
        problem = without_secrets(" ".join(said.replace("error: ", "", 1).replace("cause:", "–").split()))
        release = wanted.release
        if "Hash mismatch" in said:
            return WheelHashError(release, problem)
        if _NO_PYTHON.search(said):
            return UnknownPythonError(wanted.interpreter, problem)
        if _UNREACHABLE.search(said):
            return IndexUnreachableError(release, problem)
        if missing := _MISSING.search(said):
            shown = self.wheelhouse and without_secrets(self.wheelhouse)
            return ReleaseMissingError(release, missing[1] or missing[2], shown, installed_releases())
        return ReleaseUnsolvableError(wanted.requirements, problem)


def clean_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables without those that lead out of a release environment."""
    return {name: value for name, value in variables.items() if name not in (*_LEADING, *_LEADING_TOO)}


def _beside() -> str | None:
    if importlib.util.find_spec("uv"):
        from uv import find_uv_bin

        try:
            return str(find_uv_bin())
        except FileNotFoundError:
            pass
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.is_file() else None


def _is_url(place: str) -> bool:
    return bool(urlsplit(place).scheme)
