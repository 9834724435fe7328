"""Files as git keeps them: a clone that checks text out with CRLF has the same releases as every other."""

from __future__ import annotations

from pathlib import Path

__all__ = ["content_of_file", "with_lf"]


def with_lf(content: bytes) -> bytes:
    """Return a text with LF at the end of each row; what is no text as it is."""
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


def content_of_file(path: Path) -> bytes:
    """Return a file's content as a clone with LF has it."""
    return with_lf(path.read_bytes())
