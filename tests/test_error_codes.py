"""Every error that a user can meet has a code, and docs/troubleshooting.md says what to do about each.

The sources are read rather than imported, because no environment holds all packages.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("shared/*/src/dwh/**/*.py"), *ROOT.glob("packages/*/src/dwh/**/*.py")])
ROOTS = {"DwhError", "ReleaseError"}  # which are there to be caught: each mistake has a class of its own
DERIVED = re.compile(r"^class \w+\(", re.MULTILINE)
MADE = re.compile(rf"^.*(?<!class )\b(?:{'|'.join(ROOTS)})\(.*$", re.MULTILINE)
HEADING = re.compile(r"^### (DWH\d{3})$", re.MULTILINE)


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    return {path: path.read_text("utf-8") for path in SOURCES}


@pytest.fixture(scope="module")
def codes(texts: dict[Path, str]) -> dict[str, str | None]:
    """The code of every class of errors below the roots; None where it has none of its own."""
    trees = [ast.parse(text) for text in texts.values() if DERIVED.search(text)]
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    known, found = set(ROOTS), {}
    while new := [each for each in classes if each.name not in known and known & set(bases(each))]:
        known.update(each.name for each in new)
        found.update({each.name: own_code(each) for each in new})
    return {name: code for name, code in found.items() if name not in ROOTS}


def bases(of: ast.ClassDef) -> list[str]:
    return [base.id for base in of.bases if isinstance(base, ast.Name)]


def own_code(of: ast.ClassDef) -> str | None:
    for node in of.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code":
            return str(ast.literal_eval(node.value))
    return None


def test_every_error_has_a_code_of_its_own(codes: dict[str, str | None]) -> None:
    """Inherited codes do not count: whoever looks one up must find what to do about this very error."""
    assert len(codes) > 70
    assert [name for name, code in codes.items() if not code] == []
    assert [code for code, count in Counter(codes.values()).items() if count > 1] == []


def test_every_code_has_a_section_and_every_section_a_code(codes: dict[str, str | None]) -> None:
    """The page is the record: a code that disappears, or changes its number, is missed here."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    assert HEADING.findall(page) == sorted(filter(None, codes.values()))


def test_nothing_raises_an_error_that_has_no_code(texts: dict[Path, str]) -> None:
    assert [(path, made[0]) for path, text in texts.items() for made in MADE.finditer(text)] == []
