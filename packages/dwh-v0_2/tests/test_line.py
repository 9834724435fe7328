"""What holds for every job of the line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dwh.jobs.v0_2_0 as line
from dwh.core import find_job
from dwh.core.lines import installed_lines

JOBS = installed_lines()["0.2"].job_names()


@pytest.mark.parametrize("name", JOBS)
def test_each_column_says_what_it_means(name):
    """Each column of an output is documented, and a nullable one says what null means."""
    table = find_job(f"{name}@0.2").writes
    assert table.doc and table.key
    for column in table.columns:
        assert column.doc, column.name
        assert not column.nullable or "null" in column.doc, column.name


@pytest.mark.parametrize("file", sorted(Path(line.__path__[0]).glob("*.py")), ids=lambda file: file.name)
def test_a_line_imports_itself_and_the_base_alone(file):
    """No module imports another line, or anything of dwh but dwh.core."""
    imported = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module)
        elif isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
    ours = {module for module in imported if module.split(".")[0] == "dwh"}
    allowed = ("dwh.core", line.__name__)
    assert all(f"{module}.".startswith(tuple(f"{name}." for name in allowed)) for module in ours), ours
