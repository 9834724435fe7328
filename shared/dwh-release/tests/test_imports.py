"""What modules import is known for each module, wherever the statement is."""

from __future__ import annotations

import ast
from pathlib import Path

from monorepo import Monorepo

from dwh.release.imports import Import, Importing
from dwh.release.surface import read_surface

SOURCE = """
import dwh.extra.money, json
from dwh.extra import money as m, PRECISION
from . import sales
from dwh.extra import *

def late():
    try:
        if True:
            with open("x"):
                from dwh.extra.deep import found
    except ImportError:
        import other
"""


def test_each_name_of_a_statement_is_told_with_its_row() -> None:
    """Inside functions and blocks, too; what is relative, or a star, names nothing of another package."""
    importing = Importing()
    importing.note(Path("/top/a/b.py"), ast.parse(SOURCE))
    importing.note(Path("/top/a/b.pyi"), ast.parse(SOURCE))
    assert importing.below(Path("/top"), "shared/a") == [
        Import("shared/a/a/b.py", row, name)
        for row, name in (
            (2, "dwh.extra.money"),
            (2, "json"),
            (3, "dwh.extra.money"),
            (3, "dwh.extra.PRECISION"),
            (11, "dwh.extra.deep.found"),
            (13, "other"),
        )
    ]


def test_a_module_that_griffe_leaves_out_is_read_too(repo: Monorepo) -> None:
    """A script whose name is no identifier may still be run; what was kept says the same again."""
    folder = "shared/dwh-extra/src/dwh/extra"
    repo.write(f"{folder}/by-hand.py", "def late() -> None:\n    import dwh.extra.money\n")
    for _ in range(2):
        repository = repo.repository()
        found = read_surface(repository, repository.package("dwh-extra")).imports
        assert Import(f"{folder}/by-hand.py", 2, "dwh.extra.money") in found
