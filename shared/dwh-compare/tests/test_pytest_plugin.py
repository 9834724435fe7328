"""The plug-in for pytest, as pytest finds it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.smoke

# The comparison is made up: how tables are compared is tested elsewhere, and needs Spark.
TESTS = """\
import pytest
from dwh.compare.errors import DifferenceError
from dwh.compare.model import Comparison, Measurement, Rows, Side, Split

FAILING = Comparison(
    "fail", ("1 row changed <unexpectedly>",), Side("left"), Side("right"), (),
    Rows(1, 1, changed=Split(1, 0, 1)), (), Measurement("join", True),
)

@pytest.mark.parametrize("name", ["a/b c", "<b>"])
def test_tables(name):
    FAILING.assert_pass()

def test_other():
    assert 1 == 2

def test_passes():
    with pytest.raises(DifferenceError):
        FAILING.assert_pass()
"""


@pytest.fixture
def run_pytest(tmp_path):
    """Run pytest on the tests above; return its exit code and what it printed."""

    def run(*words):
        (tmp_path / "test_these.py").write_text(TESTS)
        command = [sys.executable, "-m", "pytest", "--rootdir=.", "-p", "no:cacheprovider", *words]
        # In CI, pytest repeats each message whole at its end.
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "CI"))}
        done = subprocess.run(command, cwd=tmp_path, env=mine, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


def test_a_failing_comparison_shows_its_report(run_pytest):
    """With the place in the test and no traceback; another failure looks as ever."""
    code, printed = run_pytest()
    assert code == 1 and "3 failed, 1 passed" in printed
    assert printed.count("test_these.py:12: the tables are not the same\n\n## ") == 2
    assert "raise DifferenceError" not in printed
    assert "assert 1 == 2" in printed


def test_the_report_is_kept_as_a_page(run_pytest, tmp_path):
    """One for each test that fails so, in a folder that is made, under a name that is safe."""
    _, printed = run_pytest("--dwh-reports", "out/reports")
    pages = sorted((tmp_path / "out" / "reports").iterdir())
    assert len(pages) == 2
    for page in pages:
        assert re.fullmatch(r"test_these\.py-test_tables-[\w.-]*-[0-9a-f]{8}\.html", page.name)
        assert f"the report as a page: out/reports/{page.name}" in printed
        assert "&lt;unexpectedly&gt;" in page.read_text("utf-8")


def test_a_folder_that_cannot_be_made_is_told_before_tests_run(run_pytest, tmp_path):
    """As a mistake in the command."""
    (tmp_path / "taken").touch()
    code, printed = run_pytest("--dwh-reports", "taken/reports")
    assert code == 4 and "ERROR: --dwh-reports: cannot make taken/reports: Not a directory" in printed
