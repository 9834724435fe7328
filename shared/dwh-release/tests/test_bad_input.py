"""What is not a repository of this shape, and what nobody should type."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from monorepo import Monorepo, run

PACKAGE = "packages/dwh-v0_1"
COMMANDS = [
    ("status",),
    ("check",),
    ("prepare", "x"),
    ("unported",),
    ("line", "0.3"),
    ("branch", "x"),
    ("build",),
    ("tag", "x"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_folder_that_is_no_git_repository_is_refused(tmp_path: Path, command: tuple[str, ...]) -> None:
    """By every command, with the option that helps."""
    said = run(tmp_path, *command)
    assert said.code == 2 and "is not in a git work tree" in said.err and "--repo" in said.err


def test_a_repository_without_packages_is_refused(tmp_path: Path) -> None:
    """With the table that marks one."""
    repo = Monorepo(tmp_path)
    repo.git("init", "--quiet")
    said = repo.run("status")
    assert said.code == 2 and "there is none" in said.err and "[tool.dwh]" in said.err


def test_the_tool_works_from_any_folder_and_on_another(repo: Monorepo, tmp_path: Path) -> None:
    """Like git."""
    assert run(repo.root / "packages/dwh-v0_1/src", "check", "dwh-v0_1").code == 0
    assert run(tmp_path, "check", "--repo", str(repo.root), "DWH-v0.1").code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('line = "0.1"', 'line = "zero"', "'zero' is not a line"),
        ('line = "0.1"', 'line = "0.9"', "does not name line 0.9 alone"),
        ('line = "0.1"', "", "[tool.dwh] is neither"),
        ('line = "0.1"', "line = ", "pyproject.toml"),
        ('name = "dwh-v0_1"', "", "[project] lacks name or version"),
        ('name = "dwh-v0_1"', 'name = "dwh-v0_2"', "two have the name dwh-v0_2"),
        ("v0_1_0:LINE", "v0_1_0:LINES", "no LINES = Line"),
        ("v0_1_0:LINE", "v0_7_0:LINE", "it cannot be read"),
    ],
)
def test_a_package_that_cannot_be_read_is_named(repo: Monorepo, old: str, new: str, words: str) -> None:
    """With the file and the key."""
    repo.replace(f"{PACKAGE}/pyproject.toml", old, new)
    said = repo.run("status")
    assert said.code == 2 and words in said.err, said.all


@pytest.mark.parametrize("stray", ["src/dwh/__init__.py", "src/dwh/shops/__init__.py"])
def test_a_stray_file_in_the_namespace_is_refused(repo: Monorepo, stray: str) -> None:
    """It would hide every other package, this tool among them."""
    repo.write(f"{PACKAGE}/{stray}", "")
    said = repo.run("status")
    assert said.code == 2 and f"{PACKAGE}/{stray}" in said.err and "rm " in said.err


def test_a_library_must_not_be_the_namespace(repo: Monorepo) -> None:
    """For the same reason."""
    repo.write("shared/dwh-extra/src/dwh/__init__.py", "")
    said = repo.run("status")
    assert said.code == 2 and "shared/dwh-extra/src/dwh/__init__.py" in said.err


def test_a_repository_without_a_commit_cannot_be_released_from(fresh: Callable[[], Monorepo]) -> None:
    """There is nothing to go back to."""
    repo = fresh()
    repo.git("update-ref", "-d", "HEAD")
    said = repo.run("prepare", "dwh-v0_1")
    assert said.code == 1 and "has no commit yet" in said.err


def test_a_first_release_needs_a_fragment_and_takes_no_step(fresh: Callable[[], Monorepo]) -> None:
    """Its version is the one in pyproject.toml."""
    repo = fresh()
    assert "no" not in repo.run("check").err
    assert "nothing has changed that a fragment tells of" in repo.run("prepare", "dwh-v0_1").err
    repo.run("change", "dwh-v0_1", "--kind", "feature", "--text", "The first release of it.")
    repo.commit()
    assert "takes no step" in repo.run("prepare", "dwh-v0_1", "minor").err
    assert repo.run("prepare", "dwh-v0_1").code == 0
    assert (repo.root / PACKAGE / "released/0.1.0.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "fix", "--text", "fix"), "it says nothing"),
        (("--kind", "fix", "--text", "Some words here.", "--name", "Not Good"), "cannot be used"),
        (("--kind", "fix", "--text", "Some words here.", "--name", "../up"), "cannot be used"),
        (("--kind", "bug", "--text", "Some words here."), "'bug' is not one of"),
        (("--text", "Some words here."), "--kind is missing"),
        (("--kind", "fix"), "--text is missing"),
        (("--kind", "breaking", "--text", "Some words here.", "--migration", "TODO"), "migration text"),
        (("--kind", "fix", "--text", "Some words here.", "--name", "first-release"), "there is a fragment"),
    ],
)
def test_a_fragment_that_says_too_little_is_not_written(
    repo: Monorepo, arguments: tuple[str, ...], words: str
) -> None:
    """And the tree is as it was."""
    repo.write(f"{PACKAGE}/changes/first-release.fix.md", "Taken by this one.\n")
    before = repo.state()
    said = repo.run("change", "dwh-v0_1", *arguments)
    assert said.code == 2 and words in said.err, said.all
    assert repo.state() == before


@pytest.mark.parametrize(
    "arguments", [("chek",), ("prepare", "dwh-v0_1", "huge"), ("port", "HEAD"), ("check", "--jsn")]
)
def test_what_is_mistyped_exits_with_two(repo: Monorepo, arguments: tuple[str, ...]) -> None:
    """Without a traceback."""
    said = repo.run(*arguments)
    assert said.code == 2 and "error: [DWH101]" in said.err and "Traceback" not in said.all


@pytest.mark.parametrize(
    "command",
    ["status", "check", "change", "prepare", "record", "unported", "port", "line", "branch", "build", "tag"],
)
def test_help_has_an_example(repo: Monorepo, command: str) -> None:
    """Of every command."""
    said = repo.run(command, "--help")
    assert said.code == 0 and f"dwh-release {command}" in said.out and "Example" in said.out


def test_a_library_that_ends_the_process_is_named(repo: Monorepo) -> None:
    """It is looked at beside others, whose reports are there all the same."""
    repo.write("shared/dwh-extra/src/dwh/extra/leaving.py", "import os\n\nos._exit(3)\n")
    said = repo.run("check")
    assert said.code == 1 and "reading the jobs of dwh-extra" in said.all and "Traceback" not in said.all
    assert "dwh-v0_2 against" in said.all


MARK = b"\xef\xbb\xbf"  # what some editors begin a file with
TEXTS = [
    "VERSION",
    "shared/dwh-extra/changes/words.fix.md",
    "shared/dwh-extra/CHANGELOG.md",
    "shared/dwh-extra/waivers.toml",
    "packages/dwh-v0_1/unported.toml",
    f"{PACKAGE}/src/dwh/shops/v0_1_0/__init__.py",
    "pyproject.toml",
]


def with_texts(repo: Monorepo) -> None:
    """Write each kind of text that people edit, about a fix."""
    repo.replace("shared/dwh-extra/src/dwh/extra/__init__.py", "return round(", "return  round(0 + ")
    repo.write("shared/dwh-extra/changes/words.fix.md", "Rounding is right at last.\n")
    repo.write("shared/dwh-extra/waivers.toml", "# none\n")
    repo.write("packages/dwh-v0_1/unported.toml", "# none\n")
    repo.write("pyproject.toml", "[tool.dwh]\n")


def test_a_text_may_begin_with_a_mark(repo: Monorepo) -> None:
    """It is read without it, and nothing that is written of it has one."""
    with_texts(repo)
    for path in TEXTS[:-1]:
        file = repo.root / path
        file.write_bytes(MARK + file.read_bytes())
    repo.write("packages/dwh-v0_1/changes/mark.notice.md", "The line's module begins with a mark.\n")
    repo.commit()
    said = repo.run("check")
    assert (said.code, "VERSION says" in said.all) == (0, False), said.all
    assert repo.run("prepare", "dwh-extra").code == 0
    assert MARK not in (repo.root / "shared/dwh-extra/CHANGELOG.md").read_bytes()


@pytest.mark.parametrize("path", ["shared/dwh-extra/pyproject.toml", "pyproject.toml"])
def test_a_mark_that_pip_cannot_read_is_refused(repo: Monorepo, path: str) -> None:
    """In a sentence: TOML that begins with it is none."""
    repo.write("pyproject.toml", "[tool.dwh]\n")
    file = repo.root / path
    file.write_bytes(MARK + file.read_bytes())
    said = repo.run("check", "dwh-extra")
    assert said.code == 2 and f"{path}: it begins with a byte order mark" in said.err, said.all


@pytest.mark.parametrize("path", [*TEXTS, "shared/dwh-extra/src/dwh/extra/__init__.py"])
def test_a_text_that_is_not_utf_8_is_named(repo: Monorepo, path: str) -> None:
    """With the row, and what to do."""
    with_texts(repo)
    file = repo.root / path
    file.write_bytes(b"# caf\xe9\n" + file.read_bytes())
    package = "dwh-v0_1" if "v0_1" in path else "dwh-extra"
    said = repo.run("check", package)
    assert said.code and f"{path}: row 1 is not UTF-8 (byte 0xe9); save it as UTF-8" in said.all, said.all


@pytest.mark.parametrize("package", ["shared/dwh-extra/src/dwh/extra", f"{PACKAGE}/src/dwh/shops/v0_1_0"])
@pytest.mark.parametrize("name", ["fast.cpython-311-x86_64-linux-gnu.so", "fast.pyd", "more/fast.pyc"])
def test_a_compiled_module_is_refused(repo: Monorepo, package: str, name: str) -> None:
    """Nobody can compare what it promises; it is named, and what to do."""
    repo.write(f"{package}/{name}", "\x7fELF")
    said = repo.run("check", package.split("/")[1])
    assert said.code and f"reading {package}/{name}: it is compiled" in said.all, said.all
    assert f"type: rm {package}/{name}" in said.all
