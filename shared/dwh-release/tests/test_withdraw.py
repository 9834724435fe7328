"""Taking back a release that nobody can have."""

from __future__ import annotations

import pytest
from monorepo import Monorepo
from test_branch import OLD, OLD_SALES, fix, ok


def test_a_withdrawn_release_was_never_there(repo: Monorepo) -> None:
    """Version, notes, record and fragments are as before; the number is free again."""
    fix(repo)
    before = repo.git("rev-parse", "HEAD^{tree}")
    ok(repo, "prepare", "dwh-v0_1")
    assert "dwh-v0_1 0.1.1 was never released" in ok(repo, "withdraw", "dwh-v0_1")
    assert repo.git("rev-parse", "HEAD^{tree}") == before
    ok(repo, "check")
    ok(repo, "prepare", "dwh-v0_1")
    assert f"{OLD}/released/0.1.1.json" in repo.git("ls-files").split()


@pytest.mark.breadth
def test_a_release_that_is_removed_by_hand_is_missed(repo: Monorepo) -> None:
    """Though version and notes are gone, too: only `withdraw` looks whether somebody may have it."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    ok(repo, "withdraw", "dwh-v0_1")
    ok(repo, "prepare", "dwh-v0_1")
    repo.git("revert", "--no-commit", "HEAD")
    in_the_tree = repo.run("check", "dwh-v0_1")
    repo.git("commit", "--quiet", "--message", "Take the release back")
    for said in (in_the_tree, repo.run("check", "dwh-v0_1")):
        assert said.code != 0 and f"{OLD}/released/0.1.1.json is missing, but " in " ".join(said.all.split())


@pytest.mark.breadth
def test_a_withdrawal_may_be_one_of_several_commits_made_one(repo: Monorepo) -> None:
    """Its words are in the list of what was done."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    ok(repo, "withdraw", "dwh-v0_1")
    message = "Plan anew (#12)\n\n* Withdraw dwh-v0_1 0.1.1\n\nNo tag named it."
    repo.git("commit", "--quiet", "--amend", "--message", message)
    ok(repo, "check")


def test_what_somebody_may_have_is_not_withdrawn(repo: Monorepo) -> None:
    """A tag says so; the way is to yank it."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    ok(repo, "tag", "dwh-v0_1")
    before = repo.state()
    said = repo.run("withdraw", "dwh-v0_1")
    assert said.code == 1 and "dwh-release yank dwh-v0_1 0.1.1" in said.err
    assert repo.state() == before


def test_what_was_built_upon_is_not_withdrawn(repo: Monorepo) -> None:
    """The commits since are named, and nothing changes."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    repo.replace(OLD_SALES, "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    later = repo.commit("Word it better")[:7]
    before = repo.state()
    said = repo.run("withdraw", "dwh-v0_1")
    assert said.code == 1 and f"git revert {later}" in said.err
    assert repo.state() == before


def test_a_hotfix_without_a_later_change_is_the_next_release(repo: Monorepo) -> None:
    """What 0.1.1 brought is reverted on top, and 0.1.2 is 0.1.0 with the hotfix; .post is not a release."""
    commit = fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    ok(repo, "tag", "dwh-v0_1")
    repo.git("revert", "--no-edit", "--no-commit", commit)
    assert 'F.sum("cents")' in repo.read(OLD_SALES)
    repo.write(f"{OLD}/changes/refunds-again.fix.md", "Refunds lower the revenue of `sales` again.\n")
    repo.commit("Leave 0.1.1's change out")
    ok(repo, "prepare", "dwh-v0_1")
    assert "0.1.2" in repo.read(f"{OLD}/pyproject.toml")
    repo.replace(f"{OLD}/pyproject.toml", '"0.1.2"', '"0.1.1.post1"')
    said = repo.run("check", "dwh-v0_1")
    assert said.code != 0 and "'0.1.1.post1' is not a release; a hotfix is the next release" in said.all
