"""Texts as this tool takes them: files as git keeps them, and what other tools print.

A clone that checks text out with CRLF has the same releases as every other.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["content_of_file", "last_words", "with_lf"]

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def with_lf(content: bytes) -> bytes:
    """Return a text with LF at the end of each row; what is no text as it is."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def content_of_file(path: Path) -> bytes:
    """Return a file's content as a clone with LF has it."""
    return with_lf(path.read_bytes())


def last_words(said: str, rows: int, folder: Path | None = None) -> str:
    """Return the last rows that another tool printed, without its colours.

    Parameters:
        folder: one that is gone when this is read; its path is left out.
    """
    text = _COLOURS.sub("", said).strip()
    if folder is not None:
        text = text.replace(f"{folder}/", "").replace(str(folder), "…")
    return "\n".join(text.splitlines()[-rows:])
