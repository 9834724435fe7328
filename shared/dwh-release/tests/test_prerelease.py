"""Pre-releases are tags: prepared as a release is, built as one is, and never taken for one."""

from __future__ import annotations

import json
import zipfile

import pytest
from monorepo import Monorepo
from packaging.specifiers import SpecifierSet
from test_branch import MAIN, OLD_SALES, SALES, fix, ok

TAG = "dwh-v0_2@0.2.1rc1"


def test_a_prerelease_is_tagged_and_changes_nothing(repo: Monorepo) -> None:
    """Version, VERSION, notes and fragments stay; the tag's notes are what is open."""
    fix(repo, "dwh-v0_2", SALES)
    before = repo.git("rev-parse", "HEAD")
    assert f"git push origin {TAG}" in ok(repo, "prerelease", "dwh-v0_2")
    assert repo.git("rev-parse", f"{TAG}^{{commit}}") == before
    assert repo.git("status", "--porcelain") == "" and repo.read("VERSION") == "0.2.0\n"
    assert "Refunds no longer lower" in repo.git("tag", "--list", "--format=%(contents)", TAG)
    ok(repo, "check")


def test_numbers_are_counted_by_kind(repo: Monorepo) -> None:
    """Each kind has its own; what a later step would release starts again."""
    fix(repo, "dwh-v0_2", SALES)
    for words, tag in (
        ((), "0.2.1rc1"),
        ((), "0.2.1rc2"),
        (("--kind", "dev"), "0.2.1.dev1"),
        (("--kind", "beta"), "0.2.1b1"),
        (("minor",), "0.2.1rc3"),
    ):
        assert f"dwh-v0_2@{tag} made" in ok(repo, "prerelease", "dwh-v0_2", *words)


@pytest.mark.breadth
def test_a_prerelease_is_built_from_its_tag(repo: Monorepo) -> None:
    """The wheel has its version and the tree's code; the same bytes from every clone."""
    fix(repo, "dwh-v0_2", SALES)
    ok(repo, "prerelease", "dwh-v0_2")
    ok(repo, "check", TAG)
    (built,) = json.loads(repo.run("build", TAG, "--no-install", "--json").out)
    wheel = repo.root / "dist" / "dwh_v0_2-0.2.1rc1-py3-none-any.whl"
    assert built["version"] == "0.2.1rc1" and wheel.name in built["sha256"]
    assert b"F.abs" in zipfile.ZipFile(wheel).read("dwh/shops/v0_2_0/sales.py")
    assert repo.git("status", "--porcelain") == ""
    page = ok(repo, "notes", TAG, "--files", "dist")
    assert page.startswith("## 0.2.1rc1\n") and built["sha256"][wheel.name] in page


def test_no_range_takes_it() -> None:
    """Neither those of the lines nor an open one."""
    for text in (">=0.2,<0.3", ">=0.2", "<1"):
        assert list(SpecifierSet(text).filter(["0.2.0", "0.2.1rc1", "0.2.1.dev1"])) == ["0.2.0"]


def test_the_release_comes_as_if_there_had_been_none(repo: Monorepo) -> None:
    """The same number, notes and record; afterwards the next pre-release is of the next release."""
    fix(repo, "dwh-v0_2", SALES)
    ok(repo, "prerelease", "dwh-v0_2")
    ok(repo, "prepare", "dwh-v0_2")
    assert repo.read("VERSION") == "0.2.1\n"
    ok(repo, "tag", "dwh-v0_2")
    repo.replace(SALES, "Sum the", "Sum up the")
    repo.write(f"{MAIN}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    assert "dwh-v0_2@0.2.2rc1 made" in ok(repo, "prerelease", "dwh-v0_2")


def test_a_number_that_could_not_be_next_is_not_built(repo: Monorepo) -> None:
    """A tag made by hand: of what is released, of another line, out of thin air, in another spelling."""
    fix(repo)
    for version in ("0.1.0rc1", "0.2.0rc1", "0.1.9rc1", "1.0.0.dev1"):
        repo.git("tag", "--annotate", "--message", "by hand", f"dwh-v0_1@{version}")
        said = repo.run("build", f"dwh-v0_1@{version}", "--no-install")
        assert said.code == 2 and f"{version} does not come before 0.1.1" in said.err, said.all
    ok(repo, "prerelease", "dwh-v0_1")
    said = repo.run("check", "DWH-v0.1@0.1.1rc1")
    assert said.code and "the tree is not DWH-v0.1@0.1.1rc1" in said.err


def test_what_could_not_be_released_is_not_prereleased(repo: Monorepo) -> None:
    """Nothing new, a step that is too small, no fragment, an uncommitted change, another commit."""
    assert "nothing has changed since 0.2.0" in repo.run("prerelease", "dwh-v0_2").err
    fix(repo)
    ok(repo, "prerelease", "dwh-v0_1")
    said = repo.run("build", TAG, "--no-install")
    assert said.code != 0 and f"the tree is not {TAG}" in said.err
    repo.replace(OLD_SALES, "Sum the", "Sum up the")
    assert "not committed" in repo.run("prerelease", "dwh-v0_1").err
    assert "not committed" in repo.run("build", "dwh-v0_1@0.1.1rc1", "--no-install").err
    repo.commit()
    said = repo.run("build", "dwh-v0_1@0.1.1rc1", "--no-install")
    assert said.code != 0 and "git switch --detach dwh-v0_1@0.1.1rc1" in said.err
