"""What holds for every module of the tool."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

import dwh.release

pytestmark = pytest.mark.smoke

FOLDER = Path(dwh.release.__path__[0])
MODULES = sorted(path for path in FOLDER.rglob("*.py"))


def public(tree: ast.Module) -> set[str]:
    """The names that a module defines for others."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


def listed(tree: ast.Module) -> list[str]:
    """The names in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return list(ast.literal_eval(node.value))
    return []


def test_each_public_name_lives_in_one_place() -> None:
    """And is listed there."""
    everything: Counter[str] = Counter()
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = listed(tree)
        if "cli" not in path.parts and "_inspection" not in path.parts:
            assert public(tree) <= set(names), path
            everything.update(names)
    assert [name for name, count in everything.items() if count > 1] == []


def test_each_module_says_what_lives_there_and_stays_small() -> None:
    """A docstring, and under 400 lines."""
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), path
        assert len(text.splitlines()) < 400, path


def test_nothing_but_the_base_is_imported_of_dwh() -> None:
    """dwh.release stands on dwh.core alone, and imports no Spark."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not module.startswith("pyspark"), path
            assert not module.startswith("dwh.") or module.startswith(("dwh.core", "dwh.release")), path


def test_what_other_tools_say_is_told_without_colours_and_folders_that_are_gone() -> None:
    """Neither helps whoever reads it later."""
    from dwh.release._text import last_words

    said = "first\n\x1b[31mERROR\x1b[0m /tmp/dwh-x/dist/a.whl is bad\n"
    assert last_words(said, 1, Path("/tmp/dwh-x")) == "ERROR dist/a.whl is bad"
