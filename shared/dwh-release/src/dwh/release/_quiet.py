"""Changes of a module that change nothing that it does: words, layout, and a line's own status."""

from __future__ import annotations

import ast

__all__ = ["same_behaviour"]

_STATUS = ("status", "ends")


def same_behaviour(old: bytes | None, new: bytes | None) -> bool:
    """Tell whether two sources differ in comments, docstrings, layout and the line's status alone."""
    if old is None or new is None:
        return False
    try:
        return _acts(old) == _acts(new)
    except (SyntaxError, ValueError):
        return False


def _acts(source: bytes) -> str:
    return ast.dump(_Silent().visit(ast.parse(source)))


class _Silent(ast.NodeTransformer):
    """Takes away docstrings, the status of a Line, and the import of `date` that its end needs."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        self.generic_visit(node)
        words = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if words else node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "Line":
            node.args = node.args[2:]
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in _STATUS]
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        only_date = node.module == "datetime" and [alias.name for alias in node.names] == ["date"]
        return None if only_date else node
