"""The page about releasing is typed from its first line to its last, in a clone of this repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.rehearsal

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "releasing.md"


def commands() -> Iterator[str]:
    """Yield each command of the page's console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            assert line.startswith("$ "), line
            yield line.removeprefix("$ ")


@pytest.fixture
def variables() -> Mapping[str, str]:
    """Environment variables under which git commits as somebody, and the tool is on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    somebody = {"NAME": "Maintainer", "EMAIL": "maintainer@example.org"}
    named = {f"GIT_{role}_{key}": text for role in ("AUTHOR", "COMMITTER") for key, text in somebody.items()}
    # With all of its tests, each line is tried out in test_rehearsal.py.
    some = {"PYTEST_ADDOPTS": "-k test_my_job"}
    return {**os.environ, **named, **some, "PATH": path, "GIT_CONFIG_GLOBAL": os.devnull}


@pytest.fixture
def clone(tmp_path: Path, variables: Mapping[str, str]) -> Path:
    """A clone on its branch main, whose remote has the same and takes what is pushed."""
    steps = (
        (tmp_path, "clone", "--bare", ROOT, "origin"),
        (tmp_path, "clone", "origin", "clone"),
        (tmp_path / "clone", "switch", "-C", "main"),
        (tmp_path / "clone", "push", "--force", "origin", "main"),  # which is elsewhere beside another branch
    )
    for folder, *words in steps:
        subprocess.run(["git", *words], cwd=folder, env=variables, check=True, capture_output=True)
    return tmp_path / "clone"


def test_every_command_of_the_page_works_as_typed(clone, variables, say):
    """In order, each in a shell, in the folder of the clone; afterwards nothing is left to release."""
    for command in commands():
        began, words = time.monotonic(), ["bash", "-c", command]
        done = subprocess.run(words, cwd=clone, env=variables, capture_output=True, text=True, timeout=1800)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}\n{done.stderr}"
        say(f"{time.monotonic() - began:.0f} s: $ {command}")
    status = ["git", "status", "--porcelain"]
    assert subprocess.run(status, cwd=clone, env=variables, capture_output=True, text=True).stdout == ""
    log = ["git", "log", "--oneline", "origin/main..main"]
    assert subprocess.run(log, cwd=clone, env=variables, capture_output=True, text=True).stdout == ""
