"""Does a package make sets, whose order is another one in each process?"""

from __future__ import annotations

import ast
from pathlib import Path

__all__ = ["has_sets"]

_MAKERS = ("set", "frozenset", "hash", "id")


def has_sets(folder: Path) -> bool:
    """Tell whether a module below a folder makes a set, or asks for what only one process knows."""
    sources = (path.read_bytes() for path in folder.rglob("*.py"))
    nodes = (node for source in sources for node in ast.walk(ast.parse(source)))
    return any(
        isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Name) and node.id in _MAKERS)
        for node in nodes
    )
