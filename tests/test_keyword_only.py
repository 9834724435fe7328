"""What is easily swapped is passed by its name, in every package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SWAPPED = {"job", "environment", "table", "line", "target"}
TEXTS = ("str", "str | None")
ROOT = Path(__file__).parent.parent


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield each function of the shared packages but commands, whose arguments click passes by name."""
    for path in sorted(ROOT.glob("shared/*/src/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and not any(
                "command" in ast.unparse(d) for d in node.decorator_list
            ):
                yield f"{path.name}:{node.lineno} {node.name}", node


def by_position(function: ast.FunctionDef) -> list[str]:
    """Return the arguments that are texts, easily swapped, and taken by position."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    return [
        a.arg for a in arguments if a.arg in SWAPPED and a.annotation and ast.unparse(a.annotation) in TEXTS
    ]


def test_no_two_names_of_different_things_are_passed_by_position() -> None:
    """Jobs, environments, tables and lines are texts: a function that takes two of them names them."""
    found = {name: by_position(function) for name, function in functions()}
    assert not {name: some for name, some in found.items() if len(some) > 1}
