"""Fixes that go from line to line, and the list of those that did not."""

from __future__ import annotations

import json
import re

import pytest
from monorepo import Monorepo

OLD, MAIN = "packages/dwh-v0_1", "packages/dwh-v0_2"
OLD_SALES, SALES = f"{OLD}/src/dwh/shops/v0_1_0/sales.py", f"{MAIN}/src/dwh/shops/v0_2_0/sales.py"
TEST = (
    "def test_it() -> None:\n    from dwh.shops.{0}.sales import Sales\n\n    assert Sales.name() == "
    "'sales'  # sales@{1}\n"
)


def fix(repo: Monorepo, folder: str = MAIN, sales: str = SALES, kind: str = "fix") -> str:
    """Fix a line, with a test and a fragment, in one commit."""
    label = sales.split("/")[-2]
    repo.replace(sales, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    repo.write(f"{folder}/tests/test_refunds.py", TEST.format(label, f"0.{label[3]}"))
    repo.write(f"{folder}/changes/refunds.{kind}.md", "Refunds no longer lower the revenue.\n")
    return repo.commit("Count refunds as sales")


def test_code_tests_and_fragment_go_along(repo: Monorepo) -> None:
    """With the paths, imports and references of the other line; the rest of it stays its own."""
    commit = fix(repo)
    said = repo.run("port", commit, "--to", "dwh-v0_1")
    assert said.code == 0, said.all
    assert 'F.sum(F.abs("cents"))' in repo.read(OLD_SALES)
    assert "from dwh.shops.v0_1_0._inputs" in repo.read(OLD_SALES)
    assert repo.read(f"{OLD}/tests/test_refunds.py") == TEST.format("v0_1_0", "0.1")
    assert (repo.root / OLD / "changes/refunds.fix.md").is_file()


def test_it_works_the_other_way_round(repo: Monorepo) -> None:
    """From the maintenance line to the main one."""
    commit = fix(repo, OLD, OLD_SALES)
    assert repo.run("port", commit, "--to", "dwh-v0_2").code == 0
    assert 'F.sum(F.abs("cents"))' in repo.read(SALES)


def test_repeating_it_changes_nothing(repo: Monorepo) -> None:
    """Before the commit, after it, and after the release that ate the fragment."""
    commit = fix(repo)
    repo.run("port", commit, "--to", "dwh-v0_1")
    before = repo.state()
    for step in ("again", "committed", "released"):
        if step == "committed":
            repo.commit("Port the fix")
        if step == "released":
            assert repo.run("prepare", "dwh-v0_1").code == 0
        before = repo.state()
        said = repo.run("port", commit, "--to", "dwh-v0_1")
        assert said.code == 0 and "nothing to do" in said.err
        assert repo.state() == before


@pytest.mark.parametrize("is_released", [False, True])
def test_another_fix_of_the_same_name_is_not_taken_for_it(repo: Monorepo, is_released: bool) -> None:
    """The port says what that one is, and how to go on; a decision that it is the same settles it."""
    repo.replace(OLD_SALES, "LARGE_CENTS = 10_000", "LARGE_CENTS = 9_999 + 1")
    repo.write(f"{OLD}/changes/refunds.fix.md", "The limit of large refunds is spelled out.\n")
    repo.commit()
    if is_released:
        assert repo.run("prepare", "dwh-v0_1").code == 0
    commit = fix(repo)
    before = repo.state()
    said = repo.run("port", commit, "--to", "dwh-v0_1")
    assert said.code == 2 and "'The limit of large refunds is spelled out.'" in said.err
    assert repo.state() == before
    ported = ("--in", "dwh-v0_1", "--decision", "ported", "--reason", "it is the same one")
    assert repo.run("unported", "refunds", *ported).code == 0
    assert "nothing to do" in repo.run("port", commit, "--to", "dwh-v0_1").err


def test_lines_that_differ_elsewhere_merge(repo: Monorepo) -> None:
    """What only the other line has is kept."""
    repo.replace(OLD_SALES, "Sum the orders up.", "Sum them up, as we always did.")
    repo.commit()
    commit = fix(repo)
    assert repo.run("port", commit, "--to", "dwh-v0_1").code == 0
    text = repo.read(OLD_SALES)
    assert "as we always did" in text and "F.abs" in text


def test_conflicts_are_left_as_markers_with_what_to_do(repo: Monorepo) -> None:
    """Exit 1, the file named, the marks in it; the rest is ported; a second port waits for the first."""
    repo.replace(OLD_SALES, 'F.sum("cents")', 'F.sum("gross")')
    repo.commit()
    commit = fix(repo)
    said = repo.run("port", commit, "--to", "dwh-v0_1")
    assert said.code == 1
    assert f"- {OLD_SALES}: 1 conflict: keep what dwh-v0_1 needs" in said.out
    text = repo.read(OLD_SALES)
    assert "<<<<<<< dwh-v0_1" in text and f">>>>>>> dwh-v0_2 at {commit[:10]}" in text
    assert (repo.root / OLD / "changes/refunds.fix.md").is_file()
    before = repo.state()
    again = repo.run("port", commit, "--to", "dwh-v0_1")
    assert again.code == 2 and "left conflicts" in again.err
    assert repo.state() == before


def test_a_port_that_conflicts_again_is_as_the_first(repo: Monorepo) -> None:
    """Whoever drops the first attempt gets the same marks again; who settles it has nothing left to do."""
    repo.replace(OLD_SALES, 'F.sum("cents")', 'F.sum("gross")')
    repo.commit()
    commit = fix(repo)
    assert repo.run("port", commit, "--to", "dwh-v0_1").code == 1
    first = repo.read(OLD_SALES)
    repo.git("reset", "--quiet", "--hard")
    repo.git("clean", "--quiet", "--force", "-d")
    assert repo.run("port", commit, "--to", "dwh-v0_1").code == 1
    assert repo.read(OLD_SALES) == first and first.count("<<<<<<<") == 1
    ours, _, rest = first.partition("<<<<<<<")
    repo.write(
        OLD_SALES, ours + 'revenue = F.sum(F.abs("gross"))' + rest.partition(">>>>>>>")[2].partition("\n")[2]
    )
    repo.commit("Port the fix by hand")
    later = repo.run("port", commit, "--to", "dwh-v0_1")
    assert "<<<<<<<" not in repo.read(OLD_SALES), later.all
    assert (later.code, "nothing to do" in later.all) == (0, True), later.all


def refused(repo: Monorepo, *words: str, commit: str, to: str = "dwh-v0_1") -> None:
    """Assert that a port is refused, with these words, and that the tree is as it was."""
    before = repo.state()
    said = repo.run("port", commit, "--to", to)
    assert said.code in (1, 2), said.all
    for word in words:
        assert word in said.err
    assert repo.state() == before


def test_a_merge_commit_is_refused(repo: Monorepo) -> None:
    """Its parts are to be ported."""
    repo.git("switch", "--quiet", "-c", "side")
    fix(repo)
    repo.git("switch", "--quiet", "main")
    repo.write("VERSION.md", "x\n")
    repo.commit()
    repo.git("merge", "--quiet", "--no-edit", "side")
    refused(repo, "it is a merge commit", "git log --oneline", commit="HEAD")


def test_a_commit_that_touches_several_lines_is_refused(repo: Monorepo) -> None:
    """It has no one line to come from."""
    repo.replace(OLD_SALES, "Sum the", "Sum up the")
    refused(repo, "several lines (dwh-v0_1, dwh-v0_2)", "split it", commit=fix(repo))


def test_a_commit_of_no_line_is_refused(repo: Monorepo) -> None:
    """What is shared is there already."""
    repo.write("shared/dwh-extra/README.md", "# Other\n")
    refused(repo, "it touches no line", commit=repo.commit())


def test_other_commits_that_cannot_be_ported_are_refused(repo: Monorepo) -> None:
    """Unknown, the first of all, of the line itself, a release, to a library."""
    commit = fix(repo)
    refused(repo, "'nothing' names no commit", commit="nothing")
    refused(repo, "it is the first commit", commit=repo.git("rev-list", "--max-parents=0", "HEAD"))
    refused(repo, "it was made in dwh-v0_2 itself", commit=commit, to="dwh-v0_2")
    refused(repo, "is a shared library", commit=commit, to="dwh-extra")
    refused(repo, "no package 'dwh-v0_9'", commit=commit, to="dwh-v0_9")
    repo.run("prepare", "dwh-v0_2")
    refused(repo, "it is a release of dwh-v0_2", commit="HEAD")


def test_an_option_is_no_commit(repo: Monorepo) -> None:
    """A commit that looks like an option of git's is looked up, not obeyed."""
    said = repo.run("port", "--to", "dwh-v0_1", "--", "--output=x")
    assert said.code == 2 and "names no commit" in said.err
    assert not (repo.root / "x").exists()


def test_a_feature_never_goes_to_a_maintenance_line(repo: Monorepo) -> None:
    """The fragment says what it is."""
    refused(repo, "it brings a feature (refunds)", "takes fixes only", commit=fix(repo, kind="feature"))


def test_a_fix_of_files_that_the_line_has_not_is_refused(repo: Monorepo) -> None:
    """It is probably not affected, and someone has to say so."""
    repo.write(
        f"{MAIN}/src/dwh/shops/v0_2_0/more.py",
        repo.read(SALES).replace("Sales", "More").replace("shop.sales", "shop.more"),
    )
    repo.commit()
    repo.replace(f"{MAIN}/src/dwh/shops/v0_2_0/more.py", "Sum the orders", "Add the orders")
    repo.write(f"{MAIN}/changes/more.fix.md", "More is added up at last.\n")
    refused(repo, "dwh-v0_1 has none of the files", "not affected", commit=repo.commit())


def test_what_is_not_committed_is_not_overwritten(repo: Monorepo) -> None:
    """A file that the port would change and that someone is working on."""
    commit = fix(repo)
    repo.replace(OLD_SALES, "Sum the orders up.", "Sum.")
    refused(repo, "not committed", OLD_SALES, commit=commit)


def test_a_line_lacks_a_fix_until_someone_decides(repo: Monorepo) -> None:
    """Listed, decided with a reason, no longer listed."""
    fix(repo)
    listed = json.loads(repo.run("unported", "--json").out)
    assert listed == [{"fix": "refunds", "kind": "fix", "in": ["dwh-v0_2"], "lacks": "dwh-v0_1"}]
    decide = ("unported", "refunds", "--in", "dwh-v0_1", "--decision", "not affected")
    assert repo.run(*decide).code == 2
    assert "has no reason" in repo.run(*decide, "--reason", "no").err
    assert repo.run(*decide, "--reason", "it never had refunds").code == 0
    assert json.loads(repo.run("unported", "--json").out) == []
    assert "it never had refunds" in repo.read(f"{OLD}/unported.toml")


def test_a_fix_that_no_line_has_cannot_be_decided(repo: Monorepo) -> None:
    """A mistyped name would hide nothing, and help nobody."""
    said = repo.run(
        "unported", "refund", "--in", "dwh-v0_1", "--decision", "ported", "--reason", "in another way"
    )
    assert said.code == 2 and "no line has a fix 'refund'" in said.err


def test_a_released_fix_is_still_listed(repo: Monorepo) -> None:
    """The fragment is gone, the record has its name, and what would take it there is said to the letter."""
    commit = fix(repo)
    repo.run("prepare", "dwh-v0_2")
    said = repo.run("unported")
    assert "refunds" in said.out
    (typed,) = re.findall(r"for refunds: dwh-release port (\w+) --to dwh-v0_1", said.err)
    assert commit.startswith(typed)
    assert "refunds" in repo.run("status").out


def test_a_security_fix_fails_the_gate_until_decided(repo: Monorepo) -> None:
    """And a decision about it opens the gate again."""
    fix(repo, kind="security")
    assert repo.run("check", "dwh-v0_1").code == 1
    repo.run(
        "unported", "refunds", "--in", "dwh-v0_1", "--decision", "won't port", "--reason", "it ends this week"
    )
    assert repo.run("check", "dwh-v0_1").code == 0


def moved(repo: Monorepo, path: str, name: str) -> str:
    """Rename a module, and commit it; returns its new path."""
    new = path.replace("sales.py", name)
    repo.git("mv", path, new)
    repo.commit("Rename a module")
    return new


def test_a_file_that_was_renamed_there_is_found(repo: Monorepo) -> None:
    """By what is in it: the fix goes where the code went, and nothing comes back under the old name."""
    there = moved(repo, OLD_SALES, "selling.py")
    commit = fix(repo)
    said = repo.run("port", commit, "--to", "dwh-v0_1")
    assert said.code == 0, said.all
    assert "F.abs" in repo.read(there) and not (repo.root / OLD_SALES).exists()
    repo.commit()
    assert "nothing to do" in repo.run("port", commit, "--to", "dwh-v0_1").err


def test_a_file_that_was_renamed_here_is_found(repo: Monorepo) -> None:
    """The other direction."""
    commit = fix(repo, OLD, moved(repo, OLD_SALES, "selling.py"))
    assert repo.run("port", commit, "--to", "dwh-v0_2").code == 0
    assert "F.abs" in repo.read(SALES)


def test_a_test_that_was_renamed_there_is_found(repo: Monorepo) -> None:
    """Among tests, not among modules."""
    repo.git("mv", f"{OLD}/tests/test_dwh_v0_1.py", f"{OLD}/tests/test_shops.py")
    repo.commit()
    path = f"{MAIN}/tests/test_dwh_v0_2.py"
    repo.write(path, repo.read(path) + "\n\ndef test_refunds() -> None:\n    pass\n")
    assert repo.run("port", fix(repo), "--to", "dwh-v0_1").code == 0
    assert "test_refunds" in repo.read(f"{OLD}/tests/test_shops.py")


@pytest.mark.parametrize("mark", [b"\0", b"\xff"])
def test_what_is_no_text_is_never_merged(repo: Monorepo, mark: bytes) -> None:
    """It is taken where it was the same, and told of where it differs; no marks are written into it."""
    ours, same = (repo.root / OLD / f"src/dwh/shops/v0_1_0/{name}.bin" for name in ("ours", "same"))
    theirs = [repo.root / MAIN / f"src/dwh/shops/v0_2_0/{file.name}" for file in (ours, same)]
    for file in (*theirs, same):
        file.write_bytes(mark + b"1")
    ours.write_bytes(mark + b"0")
    repo.commit()
    for file in theirs:
        file.write_bytes(mark + b"2")
    said = repo.run("port", fix(repo), "--to", "dwh-v0_1")
    assert said.code == 1 and "ours.bin: it is not text and differs here" in said.out
    assert (ours.read_bytes(), same.read_bytes()) == (mark + b"0", mark + b"2")


@pytest.mark.parametrize("rows", [("<<<<<<<",), (">>>>>>>", "|||||||"), ("<<<<<<<", "|||||||", ">>>>>>>")])
def test_a_conflict_that_is_half_resolved_is_not_done(repo: Monorepo, rows: tuple[str, ...]) -> None:
    """Whichever rows are left of it, also once they are committed."""
    repo.replace(OLD_SALES, 'F.sum("cents")', 'F.sum("gross")')
    repo.commit()
    commit = fix(repo)
    repo.run("port", commit, "--to", "dwh-v0_1")
    left = [row for row in repo.read(OLD_SALES).split("\n") if not row.startswith(rows)]
    repo.write(OLD_SALES, "\n".join(left))
    repo.commit("Half of it")
    refused(repo, "an earlier port left conflicts", OLD_SALES, commit=commit)


def test_a_fix_that_is_taken_back_is_taken_back_there(repo: Monorepo) -> None:
    """The commit that reverts it removes its fragment: that the line has the fix is no reason to stop."""
    repo.run("port", fix(repo), "--to", "dwh-v0_1")
    repo.commit()
    repo.git("revert", "--no-edit", "HEAD~1")
    assert repo.run("port", "HEAD", "--to", "dwh-v0_1").code == 0
    assert "F.abs" not in repo.read(OLD_SALES) and not (repo.root / OLD / "changes/refunds.fix.md").exists()
