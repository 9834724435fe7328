"""What pytest does with two tables that are not the same: it shows the report, and keeps it as a page.

pytest loads this wherever dwh-compare is installed, so it imports nothing before a test fails.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dwh.compare.errors import DifferenceError

__all__ = ["pytest_addoption", "pytest_configure", "pytest_runtest_makereport"]

_OPTION = "--dwh-reports"
_MOST_CHARACTERS = 100  # of a test's name in that of a file


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dwh-reports`."""
    text = "Write the report of each comparison that fails a test into this folder, as a page."
    parser.getgroup("dwh").addoption(_OPTION, metavar="DIR", type=Path, help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder for reports before any test runs; raises UsageError if that is not possible."""
    folder = config.getoption(_OPTION)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise pytest.UsageError(f"{_OPTION}: cannot make {folder}: {error.strerror}") from None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the report of a comparison in place of a traceback."""
    report = yield
    if report.failed and call.excinfo is not None:
        error = _difference(call.excinfo.value)
        if error is not None:
            report.longrepr = f"{_place(item, call.excinfo)}: the tables are not the same\n\n{error}"
            folder = item.config.getoption(_OPTION)
            if folder is not None:
                report.sections.append(("dwh", _kept(error, folder, f"{item.nodeid} {call.when}")))
    return report


def _difference(error: BaseException) -> DifferenceError | None:
    """Return an error if it is a DifferenceError; one that no test raised yet is not imported."""
    if not isinstance(error, AssertionError) or not type(error).__module__.startswith("dwh.compare."):
        return None
    from dwh.compare.errors import DifferenceError

    return error if isinstance(error, DifferenceError) else None


def _place(item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the file and line of the test that failed."""
    lines = [entry.lineno + 1 for entry in excinfo.traceback if entry.path == item.path]
    return f"{item.location[0]}:{lines[-1]}" if lines else item.nodeid


def _kept(error: DifferenceError, folder: Path, test: str) -> str:
    """Write a report as a page, and return what to tell about it."""
    from dwh.compare.report.html import to_html

    name = re.sub(r"[^\w.-]+", "-", test.removesuffix(" call"))[-_MOST_CHARACTERS:].strip("-.")
    path = folder / f"{name}-{hashlib.sha256(test.encode()).hexdigest()[:8]}.html"
    try:
        path.write_text(to_html(error.comparison), "utf-8")
    except OSError as problem:
        return f"the report cannot be written to {path}: {problem.strerror}"
    return f"the report as a page: {path}"
