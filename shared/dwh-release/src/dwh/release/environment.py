"""A fresh virtual environment: does a wheel install beside its siblings, and do its tests pass there?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from dwh.release._text import last_words
from dwh.release.errors import BuildError

__all__ = ["Environment"]


class Environment:
    """A virtual environment of its own, made by uv where there is one, else by venv and pip.

    Both take their index from the machine's settings (PIP_…, UV_…).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        beside = Path(sys.executable).with_name("uv")
        self._uv = str(beside) if beside.exists() else shutil.which("uv")
        if self._uv:
            self._call(
                "making an environment",
                [self._uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            )
        else:
            venv.create(folder, with_pip=True)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def install(self, requirements: Sequence[str], wheelhouse: Path) -> None:
        """Install requirements, preferring a folder of wheels; raises BuildError.

        Other places that the machine's settings name count, too. On uv's command line the folder would
        take the place of theirs, on pip's it is one more.
        """
        links = [word for place in self._links(wheelhouse) for word in ("--find-links", place)]
        python = str(self.python)
        if self._uv:
            tool = [self._uv, "pip", "install", "--python", python]
        else:
            tool = [python, "-m", "pip", "--disable-pip-version-check", "install"]
        command = [*tool, "--quiet", *links, *requirements]
        self._call(f"installing {', '.join(Path(one).name for one in requirements)}", command)

    def _links(self, wheelhouse: Path) -> list[str]:
        settings = os.environ.get("UV_FIND_LINKS", "") if self._uv else ""
        return [str(wheelhouse), *filter(None, settings.split(","))]

    def run(self, doing: str, *arguments: str, cwd: Path) -> str:
        """Run the environment's Python, away from the source tree; raises BuildError."""
        return self._call(doing, [str(self.python), *arguments], cwd)

    def _call(self, doing: str, command: list[str], cwd: Path | None = None) -> str:
        environment = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
        }
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment)
        if done.returncode:
            said = last_words(done.stdout + done.stderr, 25, self._folder.parent)
            hint = "get the files with dwh-release build --no-install, and try them yourself"
            raise BuildError(doing, said or f"exit code {done.returncode}", hint)
        return done.stdout
