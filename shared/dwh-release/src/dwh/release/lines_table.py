"""The table of lines that pages have between `<!-- lines -->` and `<!-- /lines -->`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from dwh.release._text import text_of
from dwh.release.repository import Package, Repository

__all__ = ["pages_with_lines", "row_of", "table_row"]

_TABLE = re.compile(r"(<!-- lines -->\n).*?(<!-- /lines -->)", re.DOTALL)
_HEAD = "| line | install | import | status |\n|---|---|---|---|\n"


def row_of(package: Package) -> str:
    """Return the row of a line as it is."""
    ends = package.source.ends if package.source else None
    return table_row(package.line or "", package.name, package.module, package.status, ends)


def table_row(line: str, name: str, module: str, status: str, ends: date | None) -> str:
    """Return a row of the table."""
    word = "on" if status == "ended" else "until"
    until = f"{status} {word} {ends}" if ends else status
    return f"| {line} | `pip install {name}` | `{module}` | {until} |\n"


def pages_with_lines(repository: Repository, rows: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each tracked page whose table is another one, and its new text."""
    table = _HEAD + "".join(rows)
    for path in repository.git.tracked():
        if Path(path).suffix in (".md", ".rst", ".txt"):
            text = text_of(repository.root / path)
            changed = _TABLE.sub(lambda match: f"{match[1]}\n{table}\n{match[2]}", text)
            if changed != text:
                yield path, changed
