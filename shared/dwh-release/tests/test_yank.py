"""A bad release is taken back where everyone sees it."""

from __future__ import annotations

from monorepo import Monorepo
from test_branch import OLD, OLD_SALES, fix, ok

REASON = "refunds count twice in it"


def released(repo: Monorepo) -> None:
    """Release 0.1.1, and tag it."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1")
    ok(repo, "tag", "dwh-v0_1")


def test_a_yanked_release_says_so_everywhere(repo: Monorepo) -> None:
    """In its notes, in the next ones, and in the next release itself, which needs nothing else."""
    released(repo)
    ok(repo, "yank", "dwh-v0_1", "0.1.1", "--reason", REASON)
    assert repo.git("status", "--porcelain") == ""
    notes = repo.read(f"{OLD}/CHANGELOG.md")
    assert notes.index("## 0.1.1 (") < notes.index(f":** {REASON}") < notes.index("## 0.1.0 (")
    ok(repo, "check", "dwh-v0_1")
    ok(repo, "prepare", "dwh-v0_1", "patch")
    assert f"0.1.1 is yanked: {REASON}" in repo.read(f"{OLD}/CHANGELOG.md").partition("## 0.1.1 (")[0]
    assert 'release = "0.1.1"' in repo.read(f"{OLD}/src/dwh/shops/v0_1_0/yanked.toml")


def test_several_releases_are_yanked(repo: Monorepo) -> None:
    """Each once."""
    released(repo)
    ok(repo, "yank", "dwh-v0_1", "0.1.0", "--reason", "it lacks half of the sales")
    ok(repo, "yank", "dwh-v0_1", "0.1.1", "--reason", REASON)
    listed = repo.read(f"{OLD}/src/dwh/shops/v0_1_0/yanked.toml")
    assert listed.count("[[yanked]]") == 2
    said = repo.run("yank", "dwh-v0_1", "0.1.1", "--reason", REASON)
    assert said.code == 1 and "it was yanked already" in said.err


def test_what_cannot_be_yanked_is_refused(repo: Monorepo) -> None:
    """A version that nobody released, a reason that says nothing, a tree that is not clean."""
    before = repo.state()
    for words, message in (
        (("0.1.9", "--reason", REASON), "it was never released; released are: 0.1.0"),
        (("../../x", "--reason", REASON), "it was never released"),
        (("0.1.0", "--reason", "bad"), "the reason 'bad' says nothing"),
    ):
        said = repo.run("yank", "dwh-v0_1", *words)
        assert said.code == 1 and message in said.err, said.all
    assert repo.state() == before
    repo.replace(OLD_SALES, "Sum the", "Sum up the")
    assert "not committed" in repo.run("yank", "dwh-v0_1", "0.1.0", "--reason", REASON).err
