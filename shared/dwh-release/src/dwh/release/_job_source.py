"""Edits of a job's source by its syntax tree, which leave every other character alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

__all__ = ["without_changes", "without_tests_of_changes"]


def without_changes(source: str) -> str:
    """Return a module without the `changes` of its classes, and without imports that only they used."""
    tree = ast.parse(source)
    declared = [
        node
        for outer in tree.body
        if isinstance(outer, ast.ClassDef)
        for node in outer.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _names(node) == ["changes"]
    ]
    if not declared:
        return source
    return _without(source, declared)


def without_tests_of_changes(source: str) -> str:
    """Return a test module without the tests that look at the `changes` of a job.

    They are about the declarations that `without_changes` takes away.
    """
    about = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _looks_at_changes(node)
    ]
    return _without(source, about).rstrip() + "\n" if about else source


def _looks_at_changes(node: ast.FunctionDef) -> bool:
    return any(isinstance(found, ast.Attribute) and found.attr == "changes" for found in ast.walk(node))


def _without(source: str, nodes: Sequence[ast.stmt]) -> str:
    """Return a module without some statements, the empty rows above them, and imports only they used."""
    lines = source.splitlines(keepends=True)
    for node in nodes:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1
        while first and not lines[first - 1].strip():
            first -= 1
        rows = slice(first, node.end_lineno)
        lines[rows] = [""] * len(lines[rows])
    return _without_unused("".join(lines), {name.id for node in nodes for name in _used(node)})


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _used(node: ast.AST) -> list[ast.Name]:
    return [name for name in ast.walk(node) if isinstance(name, ast.Name)]


def _without_unused(source: str, candidates: set[str]) -> str:
    tree = ast.parse(source)
    unused = candidates - {name.id for name in _used(tree)}
    for node in reversed([node for node in tree.body if isinstance(node, ast.ImportFrom)]):
        kept = [alias for alias in node.names if (alias.asname or alias.name) not in unused]
        if len(kept) < len(node.names):
            source = _with_import(source, node, kept)
    return source


def _with_import(source: str, node: ast.ImportFrom, kept: list[ast.alias]) -> str:
    lines = source.splitlines(keepends=True)
    names = [f"{alias.name} as {alias.asname}" if alias.asname else alias.name for alias in kept]
    old = "".join(lines[node.lineno - 1 : node.end_lineno])
    wrapped = re.search(r"\(\s*\n(\s*)", old)
    if not names:
        new = ""
    elif wrapped and len(", ".join(names)) > 60:
        new = f"from {node.module} import (\n" + "".join(f"{wrapped[1]}{name},\n" for name in names) + ")\n"
    else:
        new = f"from {node.module} import {', '.join(names)}\n"
    return "".join([*lines[: node.lineno - 1], new, *lines[node.end_lineno :]])
