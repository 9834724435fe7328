"""Annotations of types as they are compared: one text for all the ways to write one type."""

from __future__ import annotations

import ast

__all__ = ["alternatives", "plain_type"]

_OLD_NAMES = {
    "List": "list",
    "Dict": "dict",
    "Set": "set",
    "FrozenSet": "frozenset",
    "Tuple": "tuple",
    "Type": "type",
}
_HOMES = ("typing", "typing_extensions", "builtins", "collections.abc")


def plain_type(text: str | None) -> str | None:
    """Return an annotation in one spelling; as it is written where it is not an expression."""
    types = alternatives(text)
    return " | ".join(sorted(types)) if types else None


def alternatives(text: str | None) -> frozenset[str]:
    """Return the types of a union, each in one spelling; a type that is none is the only one."""
    if text is None:
        return frozenset()
    try:
        node = _Plain().visit(ast.parse(text.replace("{line}", "_line_"), mode="eval").body)
    except SyntaxError:
        return frozenset({text})
    return frozenset(ast.unparse(one).replace("_line_", "{line}") for one in _members(node))


class _Plain(ast.NodeTransformer):
    """Rewrites quotes, Optional, Union, and the names of typing."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, str):
            return node
        try:
            return self._plain(ast.parse(node.value, mode="eval").body)
        except SyntaxError:
            return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        home = ast.unparse(node.value)
        return self._plain(ast.Name(node.attr)) if home in _HOMES else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(_OLD_NAMES.get(node.id, node.id))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        name = self._plain(node.value)
        kind = ast.unparse(name)
        if kind in ("Literal", "Annotated"):  # texts in them are values
            return ast.Subscript(name, node.slice)
        inside = self._plain(node.slice)
        if kind == "Optional":
            return _union([inside, ast.Constant(None)])
        if kind == "Union":
            return _union(inside.elts if isinstance(inside, ast.Tuple) else [inside])
        return ast.Subscript(name, inside)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        sides = [self._plain(node.left), self._plain(node.right)]
        return _union(sides) if isinstance(node.op, ast.BitOr) else node

    def _plain(self, node: ast.expr) -> ast.expr:
        found: ast.expr = self.visit(node)
        return found


def _union(types: list[ast.expr]) -> ast.expr:
    """Return the union of some types, in an order that only they decide."""
    members = {ast.unparse(one): one for kind in types for one in _members(kind)}
    first, *rest = (members[text] for text in sorted(members))
    for one in rest:
        first = ast.BinOp(first, ast.BitOr(), one)
    return first


def _members(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]
