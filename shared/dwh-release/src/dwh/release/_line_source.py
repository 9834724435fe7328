"""The `LINE = Line(…)` in the source of a line's package: read and edited without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dwh.release._text import text_of
from dwh.release.errors import RepositoryError

__all__ = ["LineSource", "read_line_source", "with_status"]


@dataclass(frozen=True)
class LineSource:
    """What a line says of itself, and where in its file."""

    status: str
    ends: date | None
    path: Path
    row: int


def read_line_source(path: Path, name: str) -> LineSource:
    """Read `NAME = Line(status="…", ends=date(…))` from a file; raises RepositoryError."""
    try:
        call = _call(path, ast.parse(_source(path)), name)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    status, ends = _argument(call, "status", 0), _argument(call, "ends", 1)
    if not isinstance(status, ast.Constant) or status.value not in ("main", "maintenance", "ended"):
        raise _unusable(path, f'{name} has no status="main", "maintenance" or "ended"')
    return LineSource(str(status.value), _date(path, ends), path, call.lineno)


def with_status(source: str, path: Path, name: str, status: str, ends: date) -> str:
    """Return the source with another status of the line, until or on a date."""
    tree = ast.parse(source)
    call = _call(path, tree, name)
    said, old = _argument(call, "status", 0), _argument(call, "ends", 1)
    if said is None:
        raise _unusable(path, f"{name} has no status")
    day = f"date({ends.year}, {ends.month}, {ends.day})"
    edits = [(said, f'"{status}"')]
    if old is not None:
        edits.append((old, day))
    else:
        edits[0] = (said, f'"{status}",{_gap(call, said, source)}ends={day}')
    for node, text in sorted(edits, key=lambda edit: -edit[0].lineno * 10_000 - edit[0].col_offset):
        source = _replaced(source, node, text)
    return source if _imports_date(tree) else _with_import(source, tree)


def _gap(call: ast.Call, status: ast.expr, source: str) -> str:
    """Return what stands between two arguments: a space, or a new row where the call has one for each."""
    if status.lineno == call.lineno:
        return " "
    row = source.splitlines()[status.lineno - 1]
    return "\n" + row[: len(row) - len(row.lstrip())]


def _source(path: Path) -> str:
    try:
        return text_of(path)
    except OSError as error:
        raise _unusable(path, "it cannot be read") from error


def _call(path: Path, tree: ast.Module, name: str) -> ast.Call:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call) and any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return value
    raise _unusable(path, f"it has no {name} = Line(…), which the entry point names")


def _argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else (call.args[position] if len(call.args) > position else None)


def _date(path: Path, node: ast.expr | None) -> date | None:
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    try:
        return date(*(ast.literal_eval(argument) for argument in getattr(node, "args", ())))
    except (ValueError, TypeError) as error:
        raise _unusable(path, f"ends={ast.unparse(node)} is not a date(year, month, day)") from error


def _replaced(source: str, node: ast.expr, text: str) -> str:
    lines = source.splitlines(keepends=True)
    last, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    head = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    tail = lines[last - 1].encode()[end:].decode()
    return "".join([*lines[: node.lineno - 1], head + text + tail, *lines[last:]])


def _imports_date(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "datetime"
        and any(a.name == "date" for a in node.names)
        for node in tree.body
    )


def _with_import(source: str, tree: ast.Module) -> str:
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    plain = [
        node for node in imports if not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    ]
    row = plain[0].lineno - 1 if plain else (imports[-1].end_lineno or 1 if imports else 1)
    lines = source.splitlines(keepends=True)
    return "".join([*lines[:row], "from datetime import date\n\n", *lines[row:]])


def _unusable(path: Path, problem: str) -> RepositoryError:
    return RepositoryError(f"reading the line in {path}", problem, 'write LINE = Line(status="main")')
