"""What the package index knows: asked by pip, with the machine's settings."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys

from dwh.release.errors import RecordError

__all__ = ["has_release"]

_OPTIONS = ("--disable-pip-version-check", "--retries", "1", "--timeout", "15", "--pre", "-vv")
# The list at pip's end leaves out what was yanked; the links that it found or passed over do not.
_KNOWN = r"(?:Found link|Skipping link: yanked) .*-{}(?:-\S+\.whl|\.tar\.gz)"
# pip goes on where an index does not answer, and then knows of no release: only this line tells.
_UNANSWERED = re.compile(r"Could not fetch URL (?!.*404 Client Error)(.*?)(?: - skipping)?$", re.MULTILINE)


def has_release(name: str, version: str) -> bool:
    """Tell whether an index has this release, also one for other Pythons; downloads nothing.

    Raises RecordError where one of the indexes does not answer.
    """
    doing = f"asking the index for {name} {version}"
    command = [*_pip(doing), "index", "versions", *_OPTIONS, "--ignore-requires-python", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if re.search(_KNOWN.format(re.escape(version)), done.stdout):
        return True
    unanswered = _UNANSWERED.search(f"{done.stdout}\n{done.stderr}")
    if unanswered or (done.returncode and "No matching distribution found" not in done.stderr):
        said = unanswered[1] if unanswered else (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise RecordError(doing, said, f"once it answers, try again; see: pip index versions {name}")
    return False


def _pip(doing: str) -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    found = shutil.which("pip") or shutil.which("pip3")
    if found is None:
        raise RecordError(doing, "pip is not installed here", "install pip, and try again")
    return [found]
