"""The branch of a maintenance line: fixed and released there, with fixes that go both ways."""

from __future__ import annotations

import json

import pytest
from monorepo import Monorepo

OLD, MAIN = "packages/dwh-v0_1", "packages/dwh-v0_2"
OLD_SALES, SALES = f"{OLD}/src/dwh/shops/v0_1_0/sales.py", f"{MAIN}/src/dwh/shops/v0_2_0/sales.py"
BRANCH = "0.1.0-maintenance"


def fix(repo: Monorepo, package: str = "dwh-v0_1", sales: str = OLD_SALES, kind: str = "fix") -> str:
    """Make and commit a fix with its fragment; returns the commit."""
    repo.replace(sales, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    text = "Refunds no longer lower the revenue of `sales`."
    words = ("--kind", kind, "--name", "refunds", "--text", text, "--rerun", "All dates.")
    ok(repo, "change", package, *words)
    return repo.commit("Count refunds as sales")


def ok(repo: Monorepo, *words: str) -> str:
    """Type a command that must succeed; returns what it printed."""
    said = repo.run(*words)
    assert said.code == 0, said.all
    return said.all


@pytest.fixture
def branch(repo: Monorepo) -> Monorepo:
    """A repository in which the maintenance branch is checked out."""
    ok(repo, "branch", "dwh-v0_1")
    repo.git("switch", "--quiet", BRANCH)
    return repo


def test_a_branch_begins_here_or_at_a_release(repo: Monorepo) -> None:
    """It is an ordinary branch; nothing is checked out, and making it again tells how far it is apart."""
    ok(repo, "tag", "dwh-v0_1")
    released = repo.git("rev-parse", "HEAD")
    fix(repo)
    assert f"git switch {BRANCH}" in ok(repo, "branch", "dwh-v0_1", "--from", "dwh-v0_1@0.1.0")
    assert repo.git("rev-parse", BRANCH) == released
    assert repo.git("branch", "--show-current") == "main"
    assert "it has 0 commits that are not here, and lacks 1" in ok(repo, "branch", "dwh-v0_1", BRANCH)


def test_other_names_packages_and_starts_are_refused(repo: Monorepo) -> None:
    """One line, one branch, one name, and a commit that has the package."""
    first = repo.git("rev-list", "--max-parents=0", "HEAD")
    repo.git("switch", "--quiet", "--orphan", "empty")
    repo.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    repo.git("switch", "--quiet", "main")
    before = repo.state()
    for arguments, words in (
        (("dwh-v0_1", "hotfix"), "is called 0.1.0-maintenance, and no other"),
        (("dwh-v0_1", "main"), "and no other"),
        (("dwh-v0_2",), "it is the main line"),
        (("dwh-extra",), "it is a shared library"),
        (("dwh-v0_1", "--from", "nowhere"), "nowhere has no packages/dwh-v0_1"),
        (("dwh-v0_1", "--from", "empty"), "empty has no packages/dwh-v0_1"),
        (("dwh-v0_1", "--from=--all"), "has no packages/dwh-v0_1"),
    ):
        said = repo.run("branch", *arguments)
        assert said.code == 2 and words in said.err, said.all
    assert repo.state() == before
    ok(repo, "branch", "dwh-v0_1")
    said = repo.run("branch", "dwh-v0_1", "--from", first)
    assert said.code == 2 and "it is there, at" in said.err


def test_a_line_that_has_ended_gets_no_branch(repo: Monorepo) -> None:
    """It gets no more fixes; what a branch from before holds can still be asked for."""
    ok(repo, "end", "0.1", "--reason", "its last reader has moved")
    said = repo.run("branch", "dwh-v0_1")
    assert said.code == 2 and "line 0.1 has ended and gets no more fixes" in said.err
    repo.git("branch", BRANCH)
    assert "it has 0 commits that are not here" in ok(repo, "branch", "dwh-v0_1")


def test_a_line_is_fixed_and_released_on_its_branch(branch: Monorepo) -> None:
    """Every command works there, and the release is what the main branch then has after a merge."""
    fix(branch)
    ok(branch, "check")
    ok(branch, "prepare", "dwh-v0_1", "patch")
    ok(branch, "tag", "dwh-v0_1")
    (built,) = json.loads(branch.run("build", "dwh-v0_1", "--no-install", "--json").out)
    assert built["version"] == "0.1.1"
    branch.git("switch", "--quiet", "main")
    branch.git("merge", "--quiet", "--no-edit", BRANCH)
    assert branch.read("VERSION") == "0.2.0\n"
    ok(branch, "check", "dwh-v0_1")
    (again,) = json.loads(branch.run("build", "dwh-v0_1", "--no-install", "--json").out)
    assert again["sha256"] == built["sha256"]


@pytest.mark.breadth
def test_the_same_release_has_the_same_bytes_wherever_it_is_made(branch: Monorepo) -> None:
    """Made in the folder on main, or on the branch: one wheel, one source distribution."""
    on_the_branch = released(branch)
    branch.git("switch", "--quiet", "main")
    branch.git("branch", "--quiet", "-D", BRANCH)  # as if nobody had one
    assert released(branch) == on_the_branch


def released(repo: Monorepo) -> dict[str, str]:
    """Fix and release the line on the branch that is checked out; returns the digests of its files."""
    fix(repo)
    ok(repo, "prepare", "dwh-v0_1", "patch")
    output = f"{repo.root}-{repo.git('branch', '--show-current')}"
    (built,) = json.loads(repo.run("build", "dwh-v0_1", "--no-install", "--json", "--output", output).out)
    return dict(built["sha256"])


def test_a_branch_releases_its_own_line_alone(branch: Monorepo) -> None:
    """What belongs elsewhere is made elsewhere."""
    fix(branch, "dwh-v0_2", SALES)
    said = branch.run("prepare", "dwh-v0_2")
    assert said.code != 0 and f"{BRANCH} releases dwh-v0_1 alone; type: git switch main" in said.err
    for command in ("tag", "build"):
        said = branch.run(command, "dwh-extra")
        assert said.code != 0 and f"{BRANCH} releases dwh-v0_1 alone" in said.err
    said = branch.run("check", "dwh-v0_1")
    assert said.code == 1 and f"holds fixes of dwh-v0_1 alone, but it changed {MAIN}/" in said.out


def test_both_branches_know_what_they_lack(branch: Monorepo) -> None:
    """A fix on the branch is missing in both folders of main, one on main is missing on the branch."""
    fix(branch)
    assert "refunds" in ok(branch, "unported")  # by line 0.2
    branch.git("switch", "--quiet", "main")
    found = json.loads(branch.run("unported", "--json").out)
    assert [(f["lacks"], f["in"]) for f in found] == [
        ("dwh-v0_1", [f"dwh-v0_1 on {BRANCH}"]),
        ("dwh-v0_2", [f"dwh-v0_1 on {BRANCH}"]),
    ]


def test_fixes_go_from_the_branch_to_main(branch: Monorepo) -> None:
    """To the line's own folder there, and to the main line; afterwards nothing lacks it."""
    commit = fix(branch)
    branch.git("switch", "--quiet", "main")
    for package in ("dwh-v0_1", "dwh-v0_2"):
        ok(branch, "port", commit, "--to", package)
        branch.commit(f"Port to {package}")
        assert "nothing to do" in ok(branch, "port", commit, "--to", package)
    assert "F.abs" in branch.read(OLD_SALES) and "F.abs" in branch.read(SALES)
    assert json.loads(branch.run("unported", "--json").out) == []


def test_fixes_go_from_main_to_the_branch(branch: Monorepo) -> None:
    """Made in the main line, or in the line's folder on main."""
    branch.git("switch", "--quiet", "main")
    commit = fix(branch, "dwh-v0_2", SALES)
    branch.git("switch", "--quiet", BRANCH)
    assert "refunds" in ok(branch, "unported")
    ok(branch, "port", commit, "--to", "dwh-v0_1")
    branch.commit("Port")
    assert "F.abs" in branch.read(OLD_SALES)
    ok(branch, "prepare", "dwh-v0_1")


def test_a_security_fix_on_the_branch_closes_the_gate_of_main(branch: Monorepo) -> None:
    """Until somebody ports it, or decides."""
    fix(branch, kind="security")
    branch.git("switch", "--quiet", "main")
    said = branch.run("check", "dwh-v0_2")
    assert said.code == 1 and f"the security fix refunds of dwh-v0_1 on {BRANCH}" in said.out
    decision = ("--decision", "not affected", "--reason", "this line never had refunds")
    ok(branch, "unported", "refunds", "--in", "dwh-v0_2", *decision)
    branch.commit("Decide")
    ok(branch, "check", "dwh-v0_2")


def test_one_version_never_names_two_codes(branch: Monorepo) -> None:
    """A release that the other branch made is taken before the next one is prepared."""
    fix(branch)
    ok(branch, "prepare", "dwh-v0_1")
    branch.git("switch", "--quiet", "main")
    branch.replace(OLD_SALES, "Sum the", "Sum up the")
    branch.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    branch.commit()
    said = branch.run("prepare", "dwh-v0_1")
    assert said.code != 0
    assert f"{BRANCH} has a release of dwh-v0_1 that is not here; type: git merge {BRANCH}" in said.err
    branch.git("merge", "--quiet", "--no-edit", BRANCH)
    ok(branch, "prepare", "dwh-v0_1")
    assert f"{OLD}/released/0.1.2.json" in branch.git("ls-files").split()


@pytest.mark.breadth
def test_a_version_that_two_branches_prepared_is_neither_tagged_nor_built(branch: Monorepo) -> None:
    """Until one is taken back, or was tagged first: then that is the release, and the other never is."""
    branch.git("switch", "--quiet", "main")
    branch.replace(OLD_SALES, "Sum the", "Sum up the")
    branch.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    branch.commit()
    ok(branch, "prepare", "dwh-v0_1")
    ours = branch.git("rev-parse", "HEAD")
    branch.git("reset", "--quiet", "--hard", "HEAD~2")  # as a clone that has not fetched it
    branch.git("switch", "--quiet", BRANCH)
    fix(branch)
    ok(branch, "prepare", "dwh-v0_1")
    branch.git("branch", "--quiet", "--force", "main", ours)
    for here, there in ((BRANCH, "main"), ("main", BRANCH)):
        branch.git("switch", "--quiet", here)
        for words in (("tag", "dwh-v0_1"), ("build", "dwh-v0_1", "--no-install")):
            said = branch.run(*words)
            assert said.code and f"{there} has another release 0.1.1 of dwh-v0_1" in said.err, said.all
    branch.git("tag", "--annotate", "--message", "notes", "dwh-v0_1@0.1.1")
    ok(branch, "tag", "dwh-v0_1")
    branch.git("switch", "--quiet", BRANCH)
    assert "is not what tag dwh-v0_1@0.1.1 holds" in branch.run("check", "dwh-v0_1").all
    assert branch.run("tag", "dwh-v0_1").code


def test_a_branch_that_only_the_remote_has_counts(branch: Monorepo) -> None:
    """A clone of main knows what was fixed there."""
    fix(branch)
    branch.git("switch", "--quiet", "main")
    branch.git("clone", "--quiet", str(branch.root), f"{branch.root}-clone")
    clone = Monorepo(branch.root.with_name(f"{branch.root.name}-clone"))
    found = json.loads(clone.run("unported", "--json").out)
    assert {f["in"][0] for f in found} == {f"dwh-v0_1 on {BRANCH}"}


def test_a_shallow_clone_is_refused(repo: Monorepo) -> None:
    """It lacks the tags and the commits by which the gate judges."""
    folder = repo.root.with_name("shallow")
    repo.git("clone", "--quiet", "--depth", "1", f"file://{repo.root}", str(folder))
    clone = Monorepo(folder)
    for words in (
        ("check",),
        ("prepare", "dwh-v0_1"),
        ("branch", "dwh-v0_1"),
        ("port", "HEAD", "--to", "dwh-v0_1"),
    ):
        said = clone.run(*words)
        assert said.code != 0 and "this clone is shallow; type: git fetch --unshallow --tags" in said.err, (
            said.all
        )


def cloned(repo: Monorepo) -> Monorepo:
    """Return a clone, with its own copy of the maintenance branch."""
    repo.git("clone", "--quiet", str(repo.root), f"{repo.root}-clone")
    clone = Monorepo(repo.root.with_name(f"{repo.root.name}-clone"))
    clone.git("branch", "--quiet", "--force", BRANCH, f"origin/{BRANCH}")
    return clone


def test_a_branch_that_the_remote_has_is_made_where_it_is(branch: Monorepo) -> None:
    """A second one at another commit would only be rejected by the remote."""
    fix(branch)
    branch.git("switch", "--quiet", "main")
    clone = cloned(branch)
    clone.git("branch", "--quiet", "-D", BRANCH)
    said = clone.run("branch", "dwh-v0_1", "--from", "HEAD")
    assert said.code == 2 and "origin has it, at" in said.err
    ok(clone, "branch", "dwh-v0_1")
    assert clone.git("rev-parse", BRANCH) == clone.git("rev-parse", f"origin/{BRANCH}")


def test_what_only_the_remote_has_of_a_branch_counts(branch: Monorepo) -> None:
    """A release that somebody else pushed: on main and on the branch, it is taken before the next one."""
    branch.git("switch", "--quiet", "main")
    clone = cloned(branch)
    branch.git("switch", "--quiet", BRANCH)
    fix(branch)
    ok(branch, "prepare", "dwh-v0_1")
    clone.git("fetch", "--quiet")
    assert f"dwh-v0_1 on {BRANCH}" in ok(clone, "unported")
    for here in (BRANCH, "main"):
        clone.git("switch", "--quiet", here)
        clone.replace(OLD_SALES, "Sum the", "Sum up the")
        clone.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
        clone.commit()
        said = clone.run("prepare", "dwh-v0_1")
        assert said.code and f"type: git merge origin/{BRANCH}" in said.err, said.all


def test_a_tag_of_the_branch_s_name_is_no_branch(repo: Monorepo) -> None:
    """What is on the branch counts."""
    repo.git("tag", BRANCH)
    ok(repo, "branch", "dwh-v0_1")
    repo.git("switch", "--quiet", BRANCH)
    fix(repo)
    repo.git("switch", "--quiet", "main")
    assert f"dwh-v0_1 on {BRANCH}" in ok(repo, "unported")


def test_a_main_branch_of_any_name_is_known(branch: Monorepo) -> None:
    """Without a remote it is the only one that is for no maintenance."""
    branch.git("branch", "--move", "main", "develop")
    fix(branch, "dwh-v0_2", SALES)
    said = branch.run("check", "dwh-v0_1")
    assert said.code == 1 and "make that change on develop" in said.out
    assert "type: git switch develop" in branch.run("prepare", "dwh-v0_2").err


def test_a_branch_works_in_a_worktree(branch: Monorepo) -> None:
    """Fixed, prepared and tagged there, while main stays checked out, whatever lies about in it."""
    branch.git("switch", "--quiet", "main")
    branch.write("note.txt", "not committed\n")
    folder = branch.root.with_name("worktree")
    branch.git("worktree", "add", "--quiet", str(folder), BRANCH)
    worktree = Monorepo(folder)
    fix(worktree)
    ok(worktree, "prepare", "dwh-v0_1")
    ok(worktree, "tag", "dwh-v0_1")
    assert "refunds" in ok(branch, "unported")
    assert branch.git("status", "--porcelain") == "?? note.txt"
