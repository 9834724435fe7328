"""Texts as this tool takes them: files as git keeps them, and what other tools print.

A clone that checks text out with CRLF has the same releases as every other.
"""

from __future__ import annotations

import re
from pathlib import Path

from dwh.release.errors import ReadError

__all__ = ["content_of_file", "is_text", "last_words", "text_of", "with_lf"]

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def with_lf(content: bytes) -> bytes:
    """Return a text with LF at the end of each row; what is no text as it is."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def is_text(content: bytes) -> bool:
    """Tell whether a content is a text in UTF-8, in which rows can be merged."""
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def content_of_file(path: Path) -> bytes:
    """Return a file's content as a clone with LF has it."""
    return with_lf(path.read_bytes())


def text_of(path: Path) -> str:
    """Return a file's text, without the mark that some editors begin it with; raises ReadError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        row = path.read_bytes()[: error.start].count(b"\n") + 1
        said = f"row {row} is not UTF-8 (byte {error.object[error.start]:#04x})"
        raise ReadError(f"reading {path}", said, "save it as UTF-8") from error


def last_words(said: str, rows: int, folder: Path | None = None) -> str:
    """Return the last rows that another tool printed, without its colours.

    Parameters:
        folder: one that is gone when this is read; its path is left out.
    """
    text = _COLOURS.sub("", said).strip()
    if folder is not None:
        text = text.replace(f"{folder}/", "").replace(str(folder), "…")
    return "\n".join(text.splitlines()[-rows:])
