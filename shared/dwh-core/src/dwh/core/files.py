"""Files that others may be reading while they are written."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: whoever reads it, at any time, sees the old one or the new one, whole.

    A file keeps its mode. What is no plain file, such as a link or a pipe, is written into.

    Raises OSError. Then a plain file that was there is still there, and nothing else.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        path.write_text(text, "utf-8")
        return
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_text(text, "utf-8")
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
