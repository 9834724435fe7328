"""Notes of a line speak of its own releases."""

from __future__ import annotations

import pytest
from monorepo import Monorepo
from test_branch import OLD, SALES, ok


def test_a_port_says_which_words_would_lie(repo: Monorepo) -> None:
    """The other line never had those releases: nobody knows which of its own it means but the author."""
    repo.replace(SALES, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    text = "Refunds no longer lower the revenue of `sales`."
    words = ("--kind", "fix", "--name", "refunds", "--text", text, "--rerun", "Every date that 0.2.0 wrote.")
    ok(repo, "change", "dwh-v0_2", *words)
    commit = repo.commit("Count refunds as sales")
    said = repo.run("port", commit, "--to", "dwh-v0_1")
    path = f"{OLD}/changes/refunds.fix.md"
    assert said.code == 1
    assert f"{path}: it names 0.2.0: write which releases of dwh-v0_1 it is about" in said.all
    repo.commit("Port")
    said = repo.run("check", "dwh-v0_1")
    assert said.code == 1 and f"{path}: under Re-run it names 0.2.0" in said.out
    assert repo.run("prepare", "dwh-v0_1").code == 1
    repo.replace(path, "0.2.0", "0.1.0")
    repo.commit("Name our own release")
    ok(repo, "check", "dwh-v0_1")
    ok(repo, "prepare", "dwh-v0_1")


def test_other_numbers_are_left_alone(repo: Monorepo) -> None:
    """Another tool's version, a time, an address, a release of the line itself."""
    repo.replace(SALES, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    words = ("--kind", "fix", "--name", "refunds", "--text", "Sums fit Spark 3.5.1 and 127.0.0.1 again.")
    ok(repo, "change", "dwh-v0_2", *words, "--rerun", "What Spark 4.1.2 wrote.")
    commit = repo.commit("Fix it")
    ok(repo, "port", commit, "--to", "dwh-v0_1")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Wrong since 0.2.", "since 0.2"),
        ("Wrong in line 0.2 alone.", "line 0.2"),
        ("As v0.2.0 wrote it wrong.", "0.2.0"),
        ("Every 0.2.x wrote it wrong.", "0.2.x"),
        ("The main line wrote it wrong.", "main line"),
        ("A rate of 0.2 is a number.", None),
        ("Right since 0.1 and in this maintenance line.", None),
    ],
)
def test_a_line_may_be_named_in_words(repo: Monorepo, text: str, word: str | None) -> None:
    """By its number without a release, or by what it is."""
    repo.replace(SALES, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    repo.write("packages/dwh-v0_2/changes/refunds.fix.md", f"{text}\n")
    said = repo.run("port", repo.commit(), "--to", "dwh-v0_1")
    assert (said.code, f"it names {word}:" in said.out) == ((1, True) if word else (0, False)), said.all
