"""What the modules of a package import, as griffe parses them for the API."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import griffe

__all__ = ["Import", "Importing"]


class Import(NamedTuple):
    """A name that an import statement asks for.

    Attributes:
        path, row: where the statement is written.
        name: the full name, such as `dwh.core.dates.parse`.
    """

    path: str
    row: int
    name: str


class Importing(griffe.Extension):
    """An extension of griffe that notes what is imported, however deep inside functions.

    Attributes:
        found: for each file that was parsed, the row and the full name of each import.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[Path, list[tuple[int, str]]] = {}

    def on_module_node(self, *, node: Any, agent: Any, **_: Any) -> None:
        """Note the imports of a module that griffe has parsed."""
        self.note(agent.filepath, node)

    def note(self, file: Path, module: ast.Module) -> None:
        """Note the imports of a module, unless it holds the types of one alone."""
        if file.suffix == ".py":
            self.found[file] = list(_imports(module))

    def below(self, folder: Path, path: str) -> list[Import]:
        """Return all imports, file by file.

        Parameters:
            folder, path: a folder above the files, and what to call it.
        """
        return [
            Import(f"{path}/{file.relative_to(folder).as_posix()}", row, name)
            for file, imports in sorted(self.found.items())
            for row, name in imports
        ]


def _imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in _statements(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, name) for name in _names_of(node))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements inside, however deep. Expressions, by far the most of a module, hold none."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        for inside in getattr(node, block, ()):
            yield inside
            yield from _statements(inside)


def _names_of(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Yield the full names that an import statement asks for."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif not node.level:
        yield from (f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")
