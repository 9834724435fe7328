"""Releases that a line has taken back."""

from __future__ import annotations

import pytest

from dwh.core.lines import Reference, installed_lines
from dwh.core.yanked import YankedReleaseWarning, parse_yanked

YANKED = """
[[yanked]]
release = "7.1.1"
date = 2026-11-25
reason = "sums are doubled"
"""


def test_a_line_knows_what_it_has_taken_back(installed_line):
    """A line without the file has taken nothing back."""
    package = installed_line("7.1", release="7.1.2")
    assert installed_lines()["7.1"].yanked == {}
    (package / "yanked.toml").write_text(YANKED, "utf-8")
    assert installed_lines()["7.1"].yanked == {"7.1.1": "sums are doubled"}


def test_naming_a_yanked_release_exactly_warns(installed_line, recwarn):
    """Another release, or the line, does not."""
    (installed_line("7.1", release="7.1.2") / "yanked.toml").write_text(YANKED, "utf-8")
    for text in ("takings@7.1", "takings@7.1.0", "takings@7.2.1"):
        Reference.parse(text).warn_if_yanked()
    assert not recwarn.list
    with pytest.warns(
        YankedReleaseWarning, match=r"dwh-v7_1 7\.1\.1 was yanked: sums are doubled; name the line"
    ):
        Reference.parse("takings@7.1.1").warn_if_yanked()


@pytest.mark.parametrize("text", ["[[yanked]]\nrelease = '1'", "yanked = 1", "yanked = ['a']", "yanked ="])
def test_what_is_not_such_a_list_is_refused(text):
    """Whoever edited it by hand is told."""
    with pytest.raises(ValueError):
        parse_yanked(text)
