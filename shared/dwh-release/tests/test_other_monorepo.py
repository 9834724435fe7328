"""Another company's monorepo: other folders and names, three lines, versions from 1.0 on."""

from __future__ import annotations

import json

import pytest
from monorepo import Monorepo

MAIN, OLD = "feeds/acme-feeds-2.0", "feeds/acme-feeds-1.0"
SRC, OLD_SRC = f"{MAIN}/src/acme/feeds/r2_0", f"{OLD}/src/acme/feeds/r1_0"
NOTE = 'Column("note", "string", "null where nobody wrote one", nullable=True),\n'
TAX = NOTE + '            Column("tax", "bigint", "cents", nullable=True),\n'


def test_status_knows_its_packages(other: Monorepo) -> None:
    """By their [tool.dwh], wherever they are."""
    rows = {row["package"]: row["status"] for row in json.loads(other.run("status", "--json").out)}
    assert rows == {
        "acme-feeds-0.9": "maintenance",
        "acme-feeds-1.0": "maintenance",
        "acme-feeds-2.0": "main",
        "acme-tools": "shared",
    }


def test_from_one_on_a_feature_is_a_minor_release(other: Monorepo) -> None:
    """2.0.0 becomes 2.1.0, in the same line; a patch step is refused."""
    other.replace(f"{SRC}/sales.py", NOTE, TAX)
    other.run("change", "acme-feeds-2.0", "--kind", "feature", "--text", "`sales` has the tax.")
    other.commit()
    assert "the smallest step is minor (2.1.0)" in other.run("prepare", "acme-feeds-2.0", "patch").err
    assert other.run("prepare", "acme-feeds-2.0").code == 0
    assert other.read("VERSION") == "2.1.0\n"


def test_a_fix_goes_to_each_older_line(other: Monorepo) -> None:
    """And is listed until it did; the tag has the package's own name."""
    other.replace(f"{SRC}/sales.py", 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    text = "Refunds no longer lower the revenue."
    other.run("change", "acme-feeds-2.0", "--kind", "fix", "--name", "refunds", "--text", text)
    commit = other.commit()
    assert {fix["lacks"] for fix in json.loads(other.run("unported", "--json").out)} == {
        "acme-feeds-0.9",
        "acme-feeds-1.0",
    }
    for line, version in (("acme-feeds-1.0", "1.0.1"), ("acme-feeds-0.9", "0.9.1")):
        assert other.run("port", commit, "--to", line).code == 0
        other.commit(f"Port to {line}")
        assert other.run("prepare", line, "patch").code == 0
        assert other.run("tag", line).code == 0
        assert f"{line}@{version}" in other.git("tag").split()
    assert "from acme.feeds.r1_0._inputs" in other.read(f"{OLD_SRC}/sales.py")
    assert json.loads(other.run("unported", "--json").out) == []


def test_its_next_line_is_opened(other: Monorepo) -> None:
    """With names in its own style."""
    said = other.run("line", "3.0")
    assert said.code == 0, said.all
    assert "from acme.feeds.r3_0._inputs" in other.read("feeds/acme-feeds-3.0/src/acme/feeds/r3_0/sales.py")
    assert other.read("VERSION") == "3.0.0\n"
    assert other.run("check").code == 0


def test_its_maintenance_lines_have_branches(other: Monorepo) -> None:
    """Named by their first release."""
    assert other.run("branch", "acme-feeds-1.0").code == 0
    assert other.git("rev-parse", "1.0.0-maintenance") == other.git("rev-parse", "HEAD")


def test_a_maintenance_line_from_one_on_takes_fixes_only(other: Monorepo) -> None:
    """Though SemVer would let it have a feature: that goes to the main line."""
    other.replace(f"{OLD_SRC}/sales.py", NOTE, TAX)
    said = other.run("check", "acme-feeds-1.0")
    assert said.code == 1 and "takes fixes only: a feature goes to the main line, acme-feeds-2.0" in said.out


def test_a_line_from_one_on_is_a_major(other: Monorepo) -> None:
    """Line 2.2 would hold releases of line 2.0: it is neither opened nor accepted."""
    said = other.run("line", "2.2")
    assert said.code == 2 and "a line is a MAJOR" in said.err and "such as 3.0" in said.err
    other.replace(f"{OLD}/pyproject.toml", 'line = "1.0"', 'line = "2.2"')
    other.replace(f"{OLD}/pyproject.toml", '"1.0" = "acme', '"2.2" = "acme')
    said = other.run("check", "acme-feeds-2.0")
    assert said.code == 2 and "acme-feeds-1.0 is line 2.2" in said.err and "or call it line 3.0" in said.err


@pytest.mark.breadth
def test_a_distribution_with_dots_is_built(other: Monorepo) -> None:
    """Its files have the name that packaging gives them."""
    said = other.run("build", "acme-feeds-2.0", "--no-install", "--json")
    assert said.code == 0, said.all
    names = json.loads(said.out)[0]["sha256"]
    assert sorted(names) == ["acme_feeds_2_0-2.0.0-py3-none-any.whl", "acme_feeds_2_0-2.0.0.tar.gz"]
