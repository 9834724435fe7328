"""Refs: the branch of a maintenance line, and the tag of a release."""

from __future__ import annotations

from monorepo import Monorepo

OLD = "packages/dwh-v0_1"
SALES = f"{OLD}/src/dwh/shops/v0_1_0/sales.py"


def test_a_branch_holds_the_history_of_its_package(repo: Monorepo) -> None:
    """With the package at its top, and only the commits that touch it."""
    assert repo.run("branch", "dwh-v0_1").code == 0
    assert "src" in repo.git("ls-tree", "--name-only", "0.1.0-maintenance").split()
    assert repo.git("log", "--format=%s", "0.1.0-maintenance").splitlines() == [
        "Release dwh-v0_1 0.1.0", "Say what the first releases hold", "Begin",
    ]  # fmt: skip
    assert repo.git("branch", "--show-current") == "main"


def test_updating_a_branch_only_adds_to_it(repo: Monorepo) -> None:
    """The same history gives the same commits; nothing new, nothing moves."""
    repo.run("branch", "dwh-v0_1")
    first = repo.git("rev-parse", "0.1.0-maintenance")
    assert "0 new commits" in repo.run("branch", "dwh-v0_1").err
    assert repo.git("rev-parse", "0.1.0-maintenance") == first
    repo.replace(SALES, "Sum the", "Sum up the")
    repo.commit("Word it better")
    assert "1 new commits" in repo.run("branch", "dwh-v0_1").err
    assert repo.git("rev-parse", "0.1.0-maintenance^") == first


def test_a_branch_keeps_merges(repo: Monorepo) -> None:
    """What was merged is merged there, too."""
    repo.git("switch", "--quiet", "-c", "side")
    repo.write(f"{OLD}/README.md", "# dwh-v0_1\n\nBetter words.\n")
    repo.commit("Side")
    repo.git("switch", "--quiet", "main")
    repo.replace(SALES, "Sum the", "Sum up the")
    repo.commit("Main")
    repo.git("merge", "--quiet", "--no-edit", "side")
    assert repo.run("branch", "dwh-v0_1").code == 0
    assert repo.git("rev-parse", "0.1.0-maintenance^{tree}") == repo.git("rev-parse", f"HEAD:{OLD}")
    assert len(repo.git("rev-list", "--parents", "-n1", "0.1.0-maintenance").split()) == 3


def test_a_branch_with_commits_of_its_own_is_left_alone(repo: Monorepo) -> None:
    """Someone's work would get lost."""
    repo.run("branch", "dwh-v0_1")
    tree = repo.git("rev-parse", "0.1.0-maintenance^{tree}")
    mine = repo.git("commit-tree", tree, "-p", "0.1.0-maintenance", "-m", "Mine")
    repo.git("update-ref", "refs/heads/0.1.0-maintenance", mine)
    said = repo.run("branch", "dwh-v0_1")
    assert said.code == 2 and "commits that the history of this branch has not" in said.err
    assert repo.git("rev-parse", "0.1.0-maintenance") == mine


def test_other_names_and_other_packages_are_refused(repo: Monorepo) -> None:
    """One line, one branch, one name."""
    before = repo.state()
    for arguments, words in (
        (("dwh-v0_1", "hotfix"), "is called 0.1.0-maintenance, and no other"),
        (("dwh-v0_1", "0.1-maintenance"), "and no other"),
        (("dwh-v0_1", "main"), "and no other"),
        (("dwh-v0_2",), "it is the main line"),
        (("dwh-extra",), "it is a shared library"),
    ):
        said = repo.run("branch", *arguments)
        assert said.code == 2 and words in said.err
    assert repo.state() == before


def test_a_branch_that_is_checked_out_is_refused(repo: Monorepo) -> None:
    """Its work tree would seem edited."""
    repo.run("branch", "dwh-v0_1")
    repo.git("worktree", "add", "--quiet", "../side", "0.1.0-maintenance")
    assert "it is checked out" in repo.run("branch", "dwh-v0_1").err


def test_a_tag_names_package_and_version_and_holds_the_notes(repo: Monorepo) -> None:
    """Annotated; made once."""
    assert repo.run("tag", "dwh-v0_1").code == 0
    assert repo.git("cat-file", "-t", "dwh-v0_1@0.1.0") == "tag"
    assert "## 0.1.0 (" in repo.git("tag", "--list", "--format=%(contents)", "dwh-v0_1@0.1.0")
    assert "was there" in repo.run("tag", "dwh-v0_1").err


def test_a_tree_that_is_not_the_release_is_not_tagged(repo: Monorepo) -> None:
    """A forgotten bump: the code moved on under the same number."""
    repo.replace(SALES, "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    said = repo.run("tag", "dwh-v0_1")
    assert said.code == 1
    assert (
        "sales.py" in said.err
        and "the bump was forgotten" in said.err
        and "dwh-release prepare dwh-v0_1" in said.err
    )
    assert repo.git("tag") == ""


def test_a_tag_never_moves(repo: Monorepo) -> None:
    """Even where the package is the same at both commits."""
    repo.run("tag", "dwh-v0_1")
    repo.write("README.md", "# x\n")
    repo.commit()
    said = repo.run("tag", "dwh-v0_1")
    assert said.code == 2 and "the tag exists, at" in said.err


def test_an_edit_of_a_record_with_a_digest_made_to_fit_shows_in_the_tag(repo: Monorepo) -> None:
    """The tag holds what was released."""
    import json

    from dwh.release.record import Record, _digest

    repo.run("tag", "dwh-v0_1")
    path = f"{OLD}/released/0.1.0.json"
    data = json.loads(repo.read(path))
    data["date"] = "2020-01-01"
    data["digest"] = _digest(data)
    repo.write(path, Record(data).text())
    said = repo.run("check", "dwh-v0_1")
    assert said.code == 1 and "is not what tag dwh-v0_1@0.1.0 holds" in said.out


def test_an_edit_of_an_older_record_shows_in_the_next(repo: Monorepo) -> None:
    """Each record holds the digest of the one before: no tag is needed."""
    import json

    from dwh.release.record import Record, _digest

    repo.replace(SALES, "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    assert repo.run("prepare", "dwh-v0_1").code == 0
    path = f"{OLD}/released/0.1.0.json"
    data = json.loads(repo.read(path))
    data["date"] = "2020-01-01"
    data["digest"] = _digest(data)
    repo.write(path, Record(data).text())
    assert f"{path}, was edited" in repo.run("check", "dwh-v0_1").err
    (repo.root / path).unlink()
    assert f"{path}, is missing" in repo.run("check", "dwh-v0_1").err
