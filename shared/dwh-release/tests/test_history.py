"""What was released stays: records, notes, lines, and the files that a wheel is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from monorepo import Monorepo

pytestmark = pytest.mark.smoke

OLD, MAIN, LIB = "packages/dwh-v0_1", "packages/dwh-v0_2", "shared/dwh-extra"
OLD_SRC = f"{OLD}/src/dwh/shops/v0_1_0"
NOTE = '            Column("note", "string", "null where nobody wrote one", nullable=True),\n'
RECORD = f"{OLD}/released/0.1.0.json"


def problems(repo: Monorepo, package: str = "dwh-v0_1") -> list[str]:
    """Return what the gate says of a package."""
    said = repo.run("check", package, "--json")
    assert "Traceback" not in said.all, said.all
    found: list[str] = json.loads(said.out)[0]["problems"]
    return found


def forge(repo: Monorepo, path: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit a record and renew its digest."""
    data = json.loads(repo.read(path))
    change(data)
    content = {key: value for key, value in data.items() if key != "digest"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    data["digest"] = hashlib.sha256(text.encode()).hexdigest()
    repo.write(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def without_note(data: dict[str, Any]) -> None:
    """Let a record forget a column."""
    del data["jobs"]["sales"]["writes"]["columns"][-1]


@pytest.mark.parametrize("committed", [False, True])
def test_a_record_that_was_edited_is_known_by_its_commit(repo: Monorepo, committed: bool) -> None:
    """Though its digest fits, and no tag has it."""
    repo.replace(
        f"{OLD_SRC}/sales.py",
        '            Column("note", "string", "null where nobody wrote one", nullable=True),\n',
        "",
    )
    forge(repo, RECORD, without_note)
    if committed:
        repo.commit()
    assert any(RECORD in said and "is not what commit" in said for said in problems(repo))


def test_a_release_that_did_not_come_through_the_gate_is_found(repo: Monorepo) -> None:
    """A record that was made by hand holds more than its number allows."""
    (repo.root / RECORD).rename(repo.root / OLD / "old.json")
    data = json.loads(repo.read(f"{OLD}/old.json"))
    repo.write(RECORD, repo.read(f"{OLD}/old.json"))
    (repo.root / OLD / "old.json").unlink()
    path = f"{OLD}/released/0.1.1.json"
    repo.write(path, repo.read(RECORD))
    previous = {"version": "0.1.0", "digest": data["digest"]}
    forge(repo, path, lambda one: (without_note(one), one.update(version="0.1.1", previous=previous)))
    repo.replace(f"{OLD}/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"')
    repo.replace(f"{OLD}/CHANGELOG.md", "\n## 0.1.0 ", "\n## 0.1.1 (2026-11-22)\n\nBy hand.\n\n## 0.1.0 ")
    repo.commit()
    assert any(
        "did not come through the gate" in said and "column note is gone" in said for said in problems(repo)
    )


@pytest.mark.parametrize("tagged", [False, True])
def test_a_record_that_was_removed_is_missed(repo: Monorepo, tagged: bool) -> None:
    """The newest one too, whoever still knows it: notes, a tag, or history alone."""
    repo.write(f"{OLD}/changes/words.notice.md", "There are other words now.\n")
    repo.commit()
    repo.release("dwh-v0_1")
    if tagged:
        assert repo.run("tag", "dwh-v0_1").code == 0
    (repo.root / OLD / "released/0.1.1.json").unlink()
    assert any("0.1.1.json is missing, but" in said for said in problems(repo))
    text = repo.read(f"{OLD}/CHANGELOG.md")
    head, _, rest = text.partition("\n## 0.1.1 ")
    repo.write(f"{OLD}/CHANGELOG.md", f"{head}\n## {rest.partition(chr(10) + '## ')[2]}")
    repo.commit()
    assert any("0.1.1.json is missing, but" in said for said in problems(repo))


def test_notes_of_a_release_stay(repo: Monorepo) -> None:
    """More may be said, and nothing less."""
    log = f"{OLD}/CHANGELOG.md"
    repo.write(log, repo.read(log) + "\n  Correction: it was the second.\n")
    assert problems(repo) == []
    repo.replace(log, "The first release of it all.", "Nothing.")
    repo.commit()
    assert any("no longer says '- The first release of it all.'" in said for said in problems(repo))


def test_record_changes_nothing_that_anybody_knows(repo: Monorepo) -> None:
    """Notes that are committed are known; so is a tag."""
    repo.replace(f"{OLD_SRC}/sales.py", "Sum the orders up.", "Add the orders up.")
    repo.commit()
    said = repo.run("record", "dwh-v0_1")
    assert (
        said.code == 1
        and "CHANGELOG.md at HEAD knows it" in said.err
        and "git reset --soft HEAD^" in said.err
    )
    repo.git("tag", "dwh-v0_1@0.1.0")
    assert "tag dwh-v0_1@0.1.0 exists" in repo.run("record", "dwh-v0_1").err


def prepared(repo: Monorepo) -> None:
    """Prepare a fix, and take its commit back."""
    repo.replace(f"{OLD_SRC}/sales.py", "Sum the orders up.", "Add the orders up.")
    repo.write(f"{OLD}/changes/words.fix.md", "There are other words now.\n")
    repo.commit()
    repo.release("dwh-v0_1")
    repo.git("reset", "--quiet", "--soft", "HEAD^")


def test_a_release_whose_commit_was_taken_back_can_be_recorded_again(repo: Monorepo) -> None:
    """With what was forgotten."""
    prepared(repo)
    repo.replace(f"{OLD_SRC}/sales.py", "Add the orders up.", "Add all orders up.")
    assert repo.run("check", "dwh-v0_1").code == 1
    said = repo.run("record", "dwh-v0_1")
    assert said.code == 0, said.all
    repo.commit("Release dwh-v0_1 0.1.1")
    assert repo.run("check", "dwh-v0_1").code == 0 and repo.run("tag", "dwh-v0_1").code == 0


def test_recording_again_passes_the_gate(repo: Monorepo) -> None:
    """What was prepared as a fix does not become a break."""
    prepared(repo)
    repo.replace(f"{OLD_SRC}/sales.py", '"orders", "bigint"', '"orders", "int"')
    before = repo.state()
    said = repo.run("record", "dwh-v0_1")
    assert said.code == 1 and "bigint → int" in said.err and "holds a fix at most" in said.err
    assert repo.state() == before


def test_an_import_path_is_frozen(repo: Monorepo) -> None:
    """Renaming the import package is a break, and one problem."""
    repo.git("mv", OLD_SRC, f"{OLD}/src/dwh/shops/v0_1_1")
    for path in ("pyproject.toml", "src/dwh/shops/v0_1_1/sales.py", "src/dwh/shops/v0_1_1/visits.py"):
        repo.replace(f"{OLD}/{path}", "v0_1_0", "v0_1_1")
    found = problems(repo)
    assert len(found) == 1 and "the import package was dwh.shops.v0_1_0 and is dwh.shops.v0_1_1" in found[0]
    assert "takes fixes only" in found[0]


def test_a_renamed_column_is_one_problem(repo: Monorepo) -> None:
    """And no advice that is refused when it is followed."""
    repo.replace(f"{OLD_SRC}/sales.py", '"shop", "string", "the', '"store", "string", "the')
    repo.replace(f"{OLD_SRC}/sales.py", 'key=("day", "shop")', 'key=("day", "store")')
    found = problems(repo)
    assert len(found) == 1 and "takes fixes only" in found[0], found
    assert "--kind" not in found[0] and "changes of" not in found[0]


def test_a_read_me_is_part_of_the_wheel(repo: Monorepo) -> None:
    """An edit after the release needs a release, for which a notice will do."""
    assert repo.run("tag", "dwh-v0_1").code == 0
    repo.write(f"{OLD}/README.md", "# Other\n\nLine 0.1 of the shop jobs, otherwise.\n")
    repo.commit()
    assert any("README.md changed, which every wheel shows" in said for said in problems(repo))
    assert repo.run("build", "dwh-v0_1", "--no-install").code == 1
    repo.write(f"{OLD}/changes/words.notice.md", "The read-me says it better.\n")
    repo.commit()
    assert problems(repo) == []
    assert "the tree is not the release 0.1.0" in repo.run("tag", "dwh-v0_1").err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('requires-python = ">=3.10"', 'requires-python = ">=3.11"', "no longer runs on Python 3.10"),
        ('requires-python = ">=3.10"', 'requires-python = ">=3.10,<3.13"', "no longer runs on Python"),
        ('["dwh-core>=0.1,<1"]', '["dwh-core>=0.1,<1", "pyspark>=4"]', "no longer runs on Spark"),
    ],
)
def test_a_maintenance_line_runs_where_it_ran(repo: Monorepo, old: str, new: str, words: str) -> None:
    """Ranges may grow in a patch, and not shrink."""
    repo.replace(f"{OLD}/pyproject.toml", old, new)
    repo.write(f"{OLD}/changes/range.fix.md", "It asks for something newer.\n")
    repo.commit()
    assert any(words in said and "takes fixes only" in said for said in problems(repo))


def test_a_range_may_grow(repo: Monorepo) -> None:
    """That is a fix."""
    repo.replace(f"{OLD}/pyproject.toml", 'requires-python = ">=3.10"', 'requires-python = ">=3.9"')
    repo.write(f"{OLD}/changes/range.fix.md", "It runs on older Pythons.\n")
    repo.commit()
    assert problems(repo) == []


def test_types_are_promised(repo: Monorepo) -> None:
    """Without py.typed callers lose them."""
    (repo.root / OLD_SRC / "py.typed").unlink()
    repo.write(f"{OLD}/changes/typed.fix.md", "The types are gone.\n")
    assert any("py.typed is gone" in said and "takes fixes only" in said for said in problems(repo))


def test_a_notice_covers_no_change_of_code(repo: Monorepo) -> None:
    """It covers other words."""
    repo.write(f"{OLD}/changes/words.notice.md", "There are other words now.\n")
    repo.replace(f"{OLD_SRC}/sales.py", "Sum the orders up.", "Add the orders up.")
    assert problems(repo) == []
    repo.replace(f"{OLD_SRC}/sales.py", 'F.sum("cents")', 'F.max("cents")')
    assert any("which no notice covers" in said for said in problems(repo))


def test_a_fix_fixes_something(repo: Monorepo) -> None:
    """A fragment alone, or with another read-me, is none."""
    repo.write(f"{OLD}/changes/late.fix.md", "Late orders count.\n")
    assert any("late.fix.md: a fix fragment, but no code" in said for said in problems(repo))
    repo.write(f"{OLD}/README.md", "# Other\n\nOther words.\n")
    assert any("late.fix.md: a fix fragment, but no code" in said for said in problems(repo))


def test_a_fix_has_a_name_of_its_own(repo: Monorepo) -> None:
    """The name of a fix that was released is taken, and no two have one."""
    repo.replace(f"{OLD_SRC}/sales.py", "Sum the orders up.", "Add the orders up.")
    repo.write(f"{OLD}/changes/late.fix.md", "Late orders count.\n")
    repo.commit()
    repo.release("dwh-v0_1")
    repo.replace(f"{OLD_SRC}/sales.py", "Add the orders up.", "Add up the orders.")
    repo.write(f"{OLD}/changes/late.fix.md", "Late orders count again.\n")
    assert any("has a fix 'late' already" in said for said in problems(repo))
    (repo.root / OLD / "changes/late.fix.md").rename(repo.root / OLD / "changes/later.fix.md")
    repo.write(f"{OLD}/changes/later.security.md", "Late orders count again.\n")
    assert any("has that name too" in said for said in problems(repo))


@pytest.mark.parametrize("path", ["README.md", "src/dwh/shops/v0_1_0/_inputs.py", "tests/test_new.py"])
def test_marks_of_a_conflict_are_refused(repo: Monorepo, path: str) -> None:
    """Anywhere in the package, in files that git does not know yet, too."""
    file = repo.root / OLD / path
    before = file.read_text() if file.exists() else ""
    file.write_text(f'{before}\n"""\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"""\n')
    assert any(f"{OLD}/{path} has conflict markers" in said for said in problems(repo))


@pytest.mark.parametrize("committed", [False, True])
def test_links_are_refused(repo: Monorepo, committed: bool) -> None:
    """What they lead to is not in the package."""
    (repo.root / OLD_SRC / "host.txt").symlink_to("/etc/hostname")
    if committed:
        repo.commit()
    assert any("host.txt is a link" in said for said in problems(repo))


@pytest.mark.parametrize("stray", ["src/dwh/__init__.pyi", "src/dwh/shops/__init__.pyi"])
def test_a_stub_in_the_namespace_is_refused(repo: Monorepo, stray: str) -> None:
    """Type checkers would see nothing beside it."""
    repo.write(f"{OLD}/{stray}", "")
    said = repo.run("check")
    assert said.code == 2 and stray in said.err and "hide every other package" in said.err


@pytest.mark.breadth
def test_a_clone_with_crlf_is_as_any_other(repo: Monorepo) -> None:
    """Its texts are those that git keeps; what it builds has the same bytes."""
    first = json.loads(repo.run("build", "dwh-v0_1", "--no-install", "--json").out)[0]["sha256"]
    repo.git("config", "core.autocrlf", "true")
    repo.git("rm", "--quiet", "-r", "--cached", ".")
    repo.git("reset", "--quiet", "--hard")
    assert b"\r\n" in (repo.root / OLD_SRC / "sales.py").read_bytes()
    said = repo.run("check")
    assert said.code == 0, said.all
    again = repo.run("build", "dwh-v0_1", "--no-install", "--json", "--output", "other")
    assert json.loads(again.out)[0]["sha256"] == first, again.all


END = ("end", "0.1", "--reason", "its last reader has moved on")


def test_a_line_is_ended_by_a_command(repo: Monorepo) -> None:
    """It has one more release, which says so, and then none; its folder may go."""
    said = repo.run(*END)
    assert said.code == 0, said.all
    assert 'status="ended"' in repo.read(f"{OLD_SRC}/__init__.py")
    assert repo.run("check").code == 0
    assert repo.run("prepare", "dwh-v0_1").code == 0
    assert "Line 0.1 ended on" in repo.read(f"{OLD}/CHANGELOG.md")
    repo.replace(f"{OLD_SRC}/sales.py", 'F.sum("cents")', 'F.max("cents")')
    repo.write(f"{OLD}/changes/late.fix.md", "Late orders count.\n")
    assert any("it gets no more releases" in said for said in problems(repo))
    repo.git("checkout", "--quiet", ".")
    repo.git("rm", "--quiet", "-r", OLD)
    repo.git("clean", "--quiet", "-fdx")
    repo.commit()
    assert repo.run("check").code == 0


@pytest.mark.parametrize(
    ("line", "reason", "words"),
    [
        ("0.2", "nobody reads it now", "it is the main line"),
        ("0.7", "nobody reads it now", "there is no such line (lines: 0.1, 0.2)"),
        ("0.1", "old", "'old' is not a reason"),
    ],
)
def test_what_cannot_end_is_refused(repo: Monorepo, line: str, reason: str, words: str) -> None:
    """With the lines that there are."""
    before = repo.state()
    said = repo.run("end", line, "--reason", reason)
    assert said.code == 2 and words in said.err, said.all
    assert repo.state() == before


def test_what_is_not_released_does_not_end(repo: Monorepo) -> None:
    """Its readers would never get it."""
    repo.replace(f"{OLD_SRC}/sales.py", "Sum the orders up.", "Add the orders up.")
    repo.write(f"{OLD}/changes/late.fix.md", "Late orders count.\n")
    repo.commit()
    assert "holds what is not released" in repo.run(*END).err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('status="maintenance"', 'status="ended"', "nobody ended it"),
        ("date(2030, 12, 31)", "date(2020, 12, 31)", "was promised fixes until 2030-12-31"),
        ("date(2030, 12, 31)", "date(2030, 12, 30)", "was promised fixes until 2030-12-31"),
    ],
)
def test_a_line_is_not_ended_by_hand(repo: Monorepo, old: str, new: str, words: str) -> None:
    """The last day of a line is a promise, which may be extended."""
    repo.replace(f"{OLD_SRC}/__init__.py", old, new)
    repo.write(f"{OLD}/changes/end.notice.md", "The line has come to its end.\n")
    found = problems(repo)
    assert any(words in said and "dwh-release end 0.1" in said for said in found), found
    assert not any("ended on 2030" in said for said in found)


def test_a_line_that_ended_stays_ended(repo: Monorepo) -> None:
    """Whatever its source says later."""
    repo.run(*END)
    repo.replace(f"{OLD_SRC}/__init__.py", 'status="ended"', 'status="maintenance"')
    assert any("an end is not taken back" in said for said in problems(repo))


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("folder", [OLD, LIB])
def test_a_package_does_not_go_without_an_end(repo: Monorepo, folder: str, committed: bool) -> None:
    """Whoever has it would wait for fixes."""
    repo.git("rm", "--quiet", "-r", folder)
    if committed:
        repo.commit()
    name = folder.rpartition("/")[2]
    assert any(f"{folder} is gone, and {name} had releases" in said for said in problems(repo, "dwh-v0_2"))


def asking(repo: Monorepo, range_: str) -> None:
    """Let the main line ask for a range of the shared library."""
    core = '"dwh-core>=0.1,<1"'
    repo.replace(f"{MAIN}/pyproject.toml", f"[{core}]", f'[{core}, "dwh-extra{range_}"]')
    repo.write(f"{MAIN}/changes/extra.fix.md", "It asks for the library.\n")


@pytest.mark.parametrize("range_", [">=0.4", ">=0.4,<1", ">=0.4,<0.6", ">=0.4,!=0.5.0"])
def test_a_range_that_takes_a_break_is_refused(repo: Monorepo, range_: str) -> None:
    """Before 1.0 the range of a shared library is its minor."""
    asking(repo, range_)
    assert any("write dwh-extra>=0.4,<0.5" in said for said in problems(repo, "dwh-v0_2"))


def test_a_range_within_a_minor_is_taken(repo: Monorepo) -> None:
    """Nothing in it breaks."""
    asking(repo, ">=0.4,<0.5")
    assert problems(repo, "dwh-v0_2") == []


def test_a_range_without_a_release_is_refused(repo: Monorepo) -> None:
    """Nobody could install it."""
    asking(repo, ">=0.3,<0.4")
    assert any("no release of dwh-extra is in" in said for said in problems(repo, "dwh-v0_2"))


def test_a_name_that_no_release_has_is_refused(repo: Monorepo) -> None:
    """It works in the tree, and nowhere else."""
    asking(repo, ">=0.4,<0.5")
    repo.replace(f"{LIB}/src/dwh/extra/__init__.py", '"Money"', '"CENT", "Money"')
    repo.replace(f"{LIB}/src/dwh/extra/__init__.py", "PRECISION = 2", "PRECISION = 2\nCENT = 1")
    sales = f"{MAIN}/src/dwh/shops/v0_2_0/sales.py"
    repo.replace(sales, "from dwh.shops", "from dwh.extra import CENT as _CENT\nfrom dwh.shops")
    assert any("dwh-extra 0.4.0 has no public CENT" in said for said in problems(repo, "dwh-v0_2"))
    repo.replace(sales, "import CENT as _CENT", "import Money as _Money")
    assert problems(repo, "dwh-v0_2") == []
    repo.write(f"{LIB}/src/dwh/extra/coins.py", '"""Coins."""\n\n__all__: list[str] = []\n')
    repo.replace(sales, "from dwh.extra import Money as _Money", "import dwh.extra.coins")
    assert any("dwh-extra 0.4.0 has no public coins" in said for said in problems(repo, "dwh-v0_2"))


def test_a_name_that_a_library_will_not_promise_is_refused(fresh: Callable[[], Monorepo]) -> None:
    """Also before its first release: afterwards nobody could release what needs the name."""
    repo = fresh()
    asking(repo, ">=0.4,<0.5")
    repo.replace(f"{LIB}/src/dwh/extra/__init__.py", "PRECISION = 2", "PRECISION = 2\nCENT = 1")
    sales = f"{MAIN}/src/dwh/shops/v0_2_0/sales.py"
    repo.replace(
        sales, "from dwh.shops", "from dwh.extra import CENT as _CENT, Money as _Money\nfrom dwh.shops"
    )
    (said,) = [said for said in problems(repo, "dwh-v0_2") if "dwh-extra" in said]
    assert "sales.py:" in said and "dwh-extra has no public CENT; list it in __all__ there" in said


def break_source(repo: Monorepo) -> None:
    """Leave a module of the old line half-written."""
    repo.replace(f"{OLD_SRC}/sales.py", "class Sales(Job):", "class Sales(Job")


def break_pyproject(repo: Monorepo) -> None:
    """Leave the old line's pyproject.toml half-written."""
    repo.replace(f"{OLD}/pyproject.toml", 'line = "0.1"', "line = ")


def break_line(repo: Monorepo) -> None:
    """Leave the old line's Line half-written."""
    repo.replace(f"{OLD_SRC}/__init__.py", "LINE = Line(", "LINE = Line((")


def break_record(repo: Monorepo) -> None:
    """Leave a record half-written."""
    repo.write(RECORD, "{")


def break_fragment(repo: Monorepo) -> None:
    """Write a fragment of a kind that there is not."""
    repo.write(f"{OLD}/changes/late.bug.md", "Late orders count.\n")


@pytest.mark.parametrize(
    "edit",
    [break_source, break_pyproject, break_line, break_record, break_fragment],
    ids=lambda edit: edit.__name__,
)
def test_one_broken_file_stops_only_its_package(repo: Monorepo, edit: Callable[[Monorepo], None]) -> None:
    """The others are shown, and checked; what is wrong is said once."""
    edit(repo)
    for command in ("status", "check"):
        said = repo.run(command)
        assert said.code in (1, 2) and "Traceback" not in said.all
        assert "dwh-v0_2" in said.out and "dwh-extra" in said.out, said.all
        assert said.err.count("error:") == 1, said.err
        assert "failed" not in said.out, said.out


def test_the_branch_has_the_name_that_it_has(repo: Monorepo) -> None:
    """Not everybody calls it main."""
    repo.git("branch", "--quiet", "-m", "trunk")
    repo.git("switch", "--quiet", "--detach")
    repo.run("change", "dwh-v0_1", "--kind", "notice", "--text", "There are other words now.")
    assert "type: git switch trunk" in repo.run("prepare", "dwh-v0_1").err
