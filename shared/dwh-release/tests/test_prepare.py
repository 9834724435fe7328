"""Preparing a release: one commit that holds everything, or nothing at all."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from monorepo import TODAY, Monorepo

from dwh.release.errors import GateError, GitError
from dwh.release.prepare import carry_out, plan_release

NEXT_MONTH = date.today() + timedelta(days=30)
OLD, MAIN, LIB = "packages/dwh-v0_1", "packages/dwh-v0_2", "shared/dwh-extra"
OLD_SALES, SALES = f"{OLD}/src/dwh/shops/v0_1_0/sales.py", f"{MAIN}/src/dwh/shops/v0_2_0/sales.py"


def fix(repo: Monorepo, package: str = "dwh-v0_1", sales: str = OLD_SALES) -> str:
    """Make and commit a fix with its fragment."""
    repo.replace(sales, 'F.sum("cents")', 'F.sum(F.abs("cents"))')
    text = "Refunds no longer lower the revenue of `sales`."
    said = repo.run(
        "change", package, "--kind", "fix", "--name", "refunds", "--text", text, "--rerun", "All dates."
    )
    assert said.code == 0, said.all
    return repo.commit("Count refunds as sales")


def test_a_fix_is_released_in_one_commit(repo: Monorepo) -> None:
    """Version, notes and record change; fragments go; VERSION and the other packages stay."""
    before = fix(repo)
    said = repo.run("prepare", "dwh-v0_1", "patch")
    assert said.code == 0, said.all
    assert repo.git("rev-list", "--count", f"{before}..HEAD") == "1"
    assert repo.git("diff", "--name-status", before, "HEAD").splitlines() == [
        f"M\t{OLD}/CHANGELOG.md",
        f"D\t{OLD}/changes/refunds.fix.md",
        f"M\t{OLD}/pyproject.toml",
        f"A\t{OLD}/released/0.1.1.json",
    ]
    assert repo.git("status", "--porcelain") == ""
    notes = repo.read(f"{OLD}/CHANGELOG.md")
    assert (
        notes.index("## 0.1.1 (") < notes.index("Refunds no longer") < notes.index("**Re-run.** All dates.")
    )
    assert notes.index("All dates.") < notes.index("## 0.1.0 (")
    assert repo.run("check").code == 0


def test_version_follows_the_main_line(repo: Monorepo) -> None:
    """VERSION moves with a release of the main line, in the same commit."""
    fix(repo, "dwh-v0_2", SALES)
    assert repo.run("prepare", "dwh-v0_2").code == 0
    assert repo.read("VERSION") == "0.2.1\n"
    assert "VERSION" in repo.git("show", "--name-only", "--format=", "HEAD").split()


def test_a_dry_run_shows_it_all_and_changes_nothing(repo: Monorepo) -> None:
    """The notes and each edit are shown; the tree is as it was."""
    fix(repo)
    before = repo.state()
    said = repo.run("prepare", "dwh-v0_1", "--dry-run")
    assert said.code == 0
    assert '+version = "0.1.1"' in said.out and "+## 0.1.1 (" in said.out and "new file" in said.out
    assert repo.state() == before


def test_a_dry_run_gives_json(repo: Monorepo) -> None:
    """Scripts read the version, the notes and the files."""
    fix(repo)
    answer = json.loads(repo.run("prepare", "dwh-v0_1", "--dry-run", "--json").out)
    assert answer["version"] == "0.1.1" and answer["commit"] is None
    assert f"{OLD}/released/0.1.1.json" in answer["files"]


def test_a_feature_is_refused_as_a_patch_and_taken_as_a_minor_step(repo: Monorepo) -> None:
    """In 0.x a minor step moves the third number, and only on the main line."""
    note = 'Column("note", "string", "null where nobody wrote one", nullable=True),\n'
    repo.replace(
        SALES, note, note + '            Column("tax", "bigint", "cents; null before 2026", nullable=True),\n'
    )
    text = "`sales` has the tax, in its last column."
    assert repo.run("change", "dwh-v0_2", "--kind", "feature", "--name", "tax", "--text", text).code == 0
    repo.commit("Add the tax")
    refused = repo.run("prepare", "dwh-v0_2", "patch")
    assert refused.code == 2
    assert "column tax is new" in refused.err and "the smallest step is minor (0.2.1)" in refused.err
    assert repo.run("prepare", "dwh-v0_2", "minor").code == 0
    assert repo.read("VERSION") == "0.2.1\n"


def test_a_break_of_a_library_needs_its_migration_text_and_a_major_step(repo: Monorepo) -> None:
    """Refused without the text, refused as a patch, then 0.4.0 becomes 0.5.0."""
    repo.replace(f"{LIB}/src/dwh/extra/__init__.py", "digits: int = PRECISION", "digits: int = 3")
    refused = repo.run("change", "dwh-extra", "--kind", "breaking", "--text", "Values have three digits.")
    assert refused.code == 2 and "--migration is missing" in refused.err
    text, migration = "`rounded` gives three digits.", "Give digits=2 where two are needed."
    repo.run("change", "dwh-extra", "--kind", "breaking", "--text", text, "--migration", migration)
    repo.commit("Round to three digits")
    assert "the smallest step is major (0.5.0)" in repo.run("prepare", "dwh-extra", "minor").err
    assert repo.run("prepare", "dwh-extra", "major").code == 0
    assert "**Migration.** Give digits=2" in repo.read(f"{LIB}/CHANGELOG.md")


def test_a_major_step_never_leaves_a_line(repo: Monorepo) -> None:
    """What breaks is another line."""
    fix(repo, "dwh-v0_2", SALES)
    said = repo.run("prepare", "dwh-v0_2", "major")
    assert (
        said.code == 2 and "a major step leaves line 0.2" in said.err and "dwh-release line 0.3" in said.err
    )


def test_a_maintenance_line_takes_no_minor_step(repo: Monorepo) -> None:
    """Even for a fix."""
    fix(repo)
    said = repo.run("prepare", "dwh-v0_1", "minor")
    assert said.code == 2 and "takes fixes only" in said.err


def test_nothing_to_release_is_refused(repo: Monorepo) -> None:
    """A release without a change would be a number without a meaning."""
    said = repo.run("prepare", "dwh-v0_1", "patch")
    assert said.code == 2 and "nothing has changed since 0.1.0" in said.err


def test_a_version_that_exists_is_refused(repo: Monorepo) -> None:
    """A tag of that version, from another clone, is enough."""
    fix(repo)
    repo.git("tag", "dwh-v0_1@0.1.1")
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 1 and "tag dwh-v0_1@0.1.1 says there was a release 0.1.1" in said.err


@pytest.mark.parametrize("edit", ["VERSION", "packages/dwh-v0_2/README.md", "a new file"])
def test_a_dirty_tree_is_refused(repo: Monorepo, edit: str) -> None:
    """Whatever is not committed, anywhere: the commit must be what was checked."""
    fix(repo)
    repo.write(edit, "something\n")
    before = repo.state()
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 1 and "not committed" in said.err and edit in said.err
    assert repo.state() == before


def test_a_detached_head_is_refused(repo: Monorepo) -> None:
    """A commit there would get lost."""
    fix(repo)
    repo.git("checkout", "--quiet", "--detach")
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 1 and "the head is detached" in said.err and "git switch" in said.err


def test_the_gate_stands_before_it(repo: Monorepo) -> None:
    """What check refuses, prepare refuses, with the same reasons."""
    repo.replace(OLD_SALES, '"orders", "bigint"', '"orders", "int"')
    repo.commit()
    said = repo.run("prepare", "dwh-v0_1", "patch")
    assert said.code == 1 and "bigint → int" in said.err and "dwh-release check dwh-v0_1" in said.err


def test_a_commit_that_fails_leaves_the_tree_as_it_was(repo: Monorepo) -> None:
    """A hook that says no undoes every edit, staged ones too."""
    fix(repo)
    hook = repo.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    before = repo.state()
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 1 and "git" in said.err
    assert repo.state() == before


@pytest.mark.parametrize("after", range(4))
def test_a_failure_half_way_leaves_the_tree_as_it_was(
    repo: Monorepo, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Wherever an edit fails, the ones before it are taken back."""
    from dwh.release import edits

    fix(repo, "dwh-v0_2", SALES)
    repository = repo.repository()
    plan = plan_release(repository, repository.package("dwh-v0_2"), None, TODAY)
    before, done = repo.state(), []
    write = edits.Edits.write

    def failing(self: edits.Edits, path: str, content: str | bytes) -> None:
        write(self, path, content)
        done.append(path)
        if len(done) > after:
            raise OSError("the disk is full")

    monkeypatch.setattr(edits.Edits, "write", failing)
    with pytest.raises(OSError, match="disk is full"):
        carry_out(repository, plan, TODAY)
    assert repo.state() == before


def test_an_edit_meanwhile_is_noticed(repo: Monorepo) -> None:
    """What is committed is what was recorded, or nothing is."""
    fix(repo)
    repository = repo.repository()
    plan = plan_release(repository, repository.package("dwh-v0_1"), None, TODAY)
    repo.replace(OLD_SALES, "LARGE_CENTS = 10_000", "LARGE_CENTS = 9_000")
    before = repo.state()
    with pytest.raises((GateError, GitError)):
        carry_out(repository, plan, TODAY)
    assert repo.state() == before


def test_a_recorded_release_gives_the_digest_that_receipts_have(repo: Monorepo) -> None:
    """One formula: that of dwh.core.provenance, applied to the files of the import package."""
    import hashlib

    folder = repo.root / OLD / "src/dwh/shops/v0_1_0"
    files = [
        path for path in sorted(Path(folder).rglob("*")) if path.is_file() and "__pycache__" not in path.parts
    ]
    lines = "".join(
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files
    )
    record = json.loads(repo.read(f"{OLD}/released/0.1.0.json"))
    assert record["code"] == hashlib.sha256(lines.encode()).hexdigest()


def test_a_hand_made_bump_is_taken_as_it_is(repo: Monorepo) -> None:
    """A version that was raised by hand, far enough, is the one that is released."""
    fix(repo)
    repo.replace(f"{OLD}/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    repo.commit()
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 0, said.all
    assert (repo.root / OLD / "released/0.1.1.json").is_file()


def test_a_waived_finding_counts_as_a_fix_once(repo: Monorepo) -> None:
    """The waiver is used up by the release that it was written for."""
    repo.replace(OLD_SALES, "LARGE_CENTS = 10_000", "LARGE_CENTS = 9_000")
    waiver = 'finding = "sales.LARGE_CENTS:value"\nreason = "10,000 was a typing error"\n'
    repo.write(f"{OLD}/waivers.toml", f"[[waiver]]\n{waiver}expires = {NEXT_MONTH}\n")
    text = "An order is large from 90 euros on, as documented."
    repo.run("change", "dwh-v0_1", "--kind", "fix", "--name", "limit", "--text", text)
    repo.commit()
    report = json.loads(repo.run("check", "dwh-v0_1", "--json").out)[0]
    assert report["passed"] and report["step"] == "patch"
    assert "10,000 was a typing error" in [finding["waived"] for finding in report["findings"]]
    assert repo.run("prepare", "dwh-v0_1", "patch").code == 0
    assert not (repo.root / OLD / "waivers.toml").exists()
    notes = repo.read(f"{OLD}/CHANGELOG.md")
    assert "### Accepted differences" in notes and "10000 → 9000. It counts as a fix: 10,000 was a" in notes
