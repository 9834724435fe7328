"""Answers that are kept in the repository's git folder, under the digest of all that they depend on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from dwh.release._git import Git

__all__ = ["digest_of", "is_kept", "keep"]

_TOOL = Path(__file__).parent
_KEPT = 200


def keep(git: Git, name: str, digest: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the answer of this name that is kept under a digest; else make it, and keep it.

    An answer is JSON-able data. It comes back as JSON gives it, also when it was just made.
    """
    path = _path(git, name, digest)
    text = path.read_text(encoding="utf-8") if path.is_file() else None
    if text is None:
        text = json.dumps(make())
        _write(path, text)
    found: dict[str, Any] = json.loads(text)
    return found


def is_kept(git: Git, name: str, digest: str) -> bool:
    """Return whether an answer of this name is kept under a digest."""
    return _path(git, name, digest).is_file()


def digest_of(folders: Iterable[str], asked: object) -> str:
    """Return the digest of some folders' digests, of a question, of this Python, and of the tool."""
    told = [_tool_digest(), sys.version, *_libraries(), json.dumps(asked), *folders]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


def _libraries() -> tuple[str, str]:
    """Return where libraries are installed, and when one last came or went."""
    folder = sysconfig.get_path("purelib")
    return folder, str(os.stat(folder).st_mtime_ns)  # noqa: PTH116


def _path(git: Git, name: str, digest: str) -> Path:
    return git.private(name) / f"{digest}.json"


@cache
def _tool_digest() -> str:
    digest = hashlib.sha256(importlib.metadata.version("griffe").encode())
    for path in sorted(_TOOL.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    for old in sorted(path.parent.glob("*.json"), key=lambda one: -one.stat().st_mtime)[_KEPT:]:
        old.unlink(missing_ok=True)
