"""What a maintainer sees: coloured tables at a terminal, plain aligned text in a pipe, JSON on demand."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from dwh.core.output import column_widths, is_unicode, takes_styles

__all__ = ["print_error", "print_json", "print_note", "print_rows", "printable"]

_BESIDE_CELLS = 3  # spaces that a table takes for each column
_STYLES = {
    "major": "red",
    "minor": "yellow",
    "patch": "green",
    "failed": "red",
    "ok": "green",
    "security": "red",
}


def printable(value: object) -> str:
    """Return a value as text in which nothing acts on a terminal."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_json(value: object) -> None:
    """Print JSON-able data."""
    print(json.dumps(value, indent=2, default=str, ensure_ascii=not is_unicode(sys.stdout)))


def print_note(text: str) -> None:
    """Print something beside the result: dimmed, on standard error."""
    print(f"\x1b[2m{text}\x1b[0m" if takes_styles(sys.stderr) else text, file=sys.stderr)


def print_error(text: str) -> None:
    """Print why the command stops, on standard error."""
    head = "\x1b[1;31merror:\x1b[0m" if takes_styles(sys.stderr) else "error:"
    print(head, "\n".join(printable(line) for line in text.splitlines()), file=sys.stderr)


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    texts = [[printable(value) for value in row] for row in rows]
    if not (sys.stdout.isatty() and _print_rich(columns, texts)):
        _print_plain(columns, texts)


def _print_plain(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    widths = [max(len(text) for text in column) for column in zip(columns, *texts, strict=True)]
    for row in (columns, *texts):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _print_rich(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> bool:
    """Print a table for a person, and return whether no word of it is too wide for the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    room = console.width - _BESIDE_CELLS * len(columns)
    widths = column_widths([*zip(columns, *texts, strict=True)], room)
    if widths is None:
        return False
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, overflow="fold", width=width)
    for row in texts:
        table.add_row(*(Text(text, style=_STYLES.get(text.split(" ")[0], "")) for text in row))
    console.print(table)
    return True
