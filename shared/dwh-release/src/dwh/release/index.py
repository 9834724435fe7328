"""What the package index knows: asked by pip, with the machine's settings."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile

from dwh.release.errors import RecordError

__all__ = ["has_release"]

_UNKNOWN = ("No matching distribution found", "Could not find a version")
_OPTIONS = ("--disable-pip-version-check", "--no-deps", "--ignore-requires-python", "--quiet")


def has_release(name: str, version: str) -> bool:
    """Tell whether the index has this release; raises RecordError when it cannot be asked."""
    doing, again = f"asking the index for {name} {version}", f"try: pip download {name}=={version}"
    with tempfile.TemporaryDirectory(prefix="dwh-release-") as folder:
        command = [*_pip(doing), "download", *_OPTIONS, "--dest", folder, f"{name}=={version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not any(words in done.stderr for words in _UNKNOWN):
        raise RecordError(doing, (done.stderr.strip().splitlines() or ["it failed"])[-1], again)
    return not done.returncode


def _pip(doing: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise RecordError(doing, "pip is not installed here", "install pip, and try again")
    return [found]
