"""Builds: the same bytes everywhere, and nothing in them that must not leave the house."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from monorepo import Monorepo, run

from dwh.release.build import build_files
from dwh.release.released import build_released, ends_of_range

OLD = "packages/dwh-v0_1"
SRC = f"{OLD}/src/dwh/shops/v0_1_0"
BUILD = ("build", "dwh-v0_1", "--no-install", "--json")


@pytest.mark.breadth
def test_two_clones_give_the_same_bytes(repo: Monorepo, tmp_path: Path) -> None:
    """Whatever the modes and times of the files, and what else lies about."""
    first = json.loads(repo.run(*BUILD).out)[0]
    assert first["version"] == "0.1.0" and len(first["sha256"]) == 2
    repo.git("clone", "--quiet", "--no-local", str(repo.root), str(tmp_path / "clone"))
    clone = Monorepo(tmp_path / "clone")
    clone.git("config", "core.fileMode", "false")
    for path in (clone.root / OLD).rglob("*"):
        if path.is_file():
            path.chmod(0o700)
            os.utime(path, (0, 0))
    (clone.root / SRC / "__pycache__").mkdir()
    (clone.root / SRC / "__pycache__" / "x.pyc").write_bytes(b"x")
    said = clone.run(*BUILD, "--output", str(tmp_path / "other"))
    assert json.loads(said.out)[0]["sha256"] == first["sha256"], said.all
    assert repo.git("status", "--porcelain") == ""


def test_what_is_built_is_the_package_and_nothing_else(repo: Monorepo) -> None:
    """The import package, py.typed with it, and the metadata; in the sdist the tests."""
    repo.run(*BUILD)
    names = zipfile.ZipFile(next((repo.root / "dist").glob("*.whl"))).namelist()
    assert "dwh/shops/v0_1_0/py.typed" in names
    assert not {"dwh/__init__.py", "dwh/shops/__init__.py"} & set(names)


def release(repo: Monorepo) -> None:
    """Prepare a release of what is in the tree, which changes nothing that the package does."""
    repo.write(f"{OLD}/changes/papers.notice.md", "The package is described otherwise.\n")
    repo.commit()
    repo.release("dwh-v0_1")


def refused(repo: Monorepo, *words: str) -> None:
    """Assert that a build is refused, with these words, and leaves nothing behind."""
    before = repo.state()
    said = repo.run(*BUILD)
    assert said.code == 1, said.all
    for word in words:
        assert word in said.err
    assert repo.state() == before


@pytest.mark.breadth
@pytest.mark.parametrize("stray", ["dwh/__init__.py", "dwh/shops/__init__.py", "dwh/shops/__init__.pyi"])
def test_a_stray_file_in_the_namespace_is_refused(repo: Monorepo, stray: str) -> None:
    """It would hide every other package, though the tree has none."""
    forced = f'[tool.hatch.build.targets.wheel.force-include]\n"README.md" = "{stray}"\n\n[tool.dwh]'
    repo.replace(f"{OLD}/pyproject.toml", "[tool.dwh]", forced)
    release(repo)
    refused(repo, f"{stray} would hide every other package")


def test_a_file_that_a_build_puts_into_another_line_is_refused(repo: Monorepo) -> None:
    """Both wheels would hold it, and the one that is installed last would win."""
    forced = '"README.md" = "dwh/shops/v0_2_0/more/words.md"'
    forced = f"[tool.hatch.build.targets.wheel.force-include]\n{forced}\n\n[tool.dwh]"
    repo.replace(f"{OLD}/pyproject.toml", "[tool.dwh]", forced)
    release(repo)
    refused(repo, "dwh/shops/v0_2_0/more/words.md is outside dwh/shops/v0_1_0/")


def test_a_file_outside_the_package_is_refused(repo: Monorepo) -> None:
    """It would overwrite somebody else's."""
    repo.write(f"{OLD}/src/dwh/common.py", "X = 1\n")
    repo.commit()
    refused(repo, "dwh/common.py is outside packages/dwh-v0_1/src/dwh/shops/v0_1_0")


def test_a_file_that_a_build_puts_outside_the_package_is_refused(repo: Monorepo) -> None:
    """Though the tree has it elsewhere."""
    forced = '[tool.hatch.build.targets.wheel.force-include]\n"README.md" = "dwh/common.md"\n\n[tool.dwh]'
    repo.replace(f"{OLD}/pyproject.toml", "[tool.dwh]", forced)
    release(repo)
    refused(repo, "dwh/common.md is outside dwh/shops/v0_1_0/")


def test_a_wheel_that_lacks_code_is_refused(repo: Monorepo) -> None:
    """Its code must be what was recorded, file by file."""
    path = f"{OLD}/pyproject.toml"
    repo.replace(path, 'packages = ["src/dwh"]', 'packages = ["src/dwh"]\nexclude = ["visits.py"]')
    release(repo)
    refused(repo, "its code is not what released/0.1.1.json recorded")


def test_a_release_whose_code_moved_on_is_refused(repo: Monorepo) -> None:
    """One number never names two codes."""
    repo.replace(f"{SRC}/sales.py", "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    refused(repo, "the tree is not the release 0.1.0", "the bump was forgotten")


def test_what_is_not_committed_is_refused(repo: Monorepo) -> None:
    """No clone would build it."""
    repo.write(f"{OLD}/README.md", "# Other\n\nWords.\n")
    refused(repo, "not committed", f"{OLD}/README.md")


@pytest.mark.breadth
def test_a_file_of_that_name_is_not_replaced(repo: Monorepo) -> None:
    """Somebody may have it already."""
    repo.write("dist/dwh_v0_1-0.1.0-py3-none-any.whl", "other")
    refused(repo, "another file of that name is there, with other bytes")


@pytest.mark.breadth
def test_a_readme_that_an_index_cannot_show_is_refused(repo: Monorepo) -> None:
    """twine has a look at the metadata."""
    repo.write(f"{OLD}/README.rst", "Title\n==\n\n.. nothing::\n\n`x\n")
    repo.replace(f"{OLD}/pyproject.toml", "README.md", "README.rst")
    release(repo)
    refused(repo, "checking dwh_v0_1-0.1.1")


@pytest.mark.story
def test_each_released_package_is_built_without_a_name(repo: Monorepo, tmp_path: Path) -> None:
    """All of them, for a first publication."""
    said = run(repo.root, "build", "--no-install", "--output", str(tmp_path / "all"))
    assert said.code == 0, said.all
    assert len(list((tmp_path / "all").iterdir())) == 6
    assert len(said.out.splitlines()) == 6


def test_a_library_is_tried_as_it_was_released(repo: Monorepo, tmp_path: Path) -> None:
    """The oldest and the newest release in the range, from where they were released, not the tree's."""
    lib, main = "shared/dwh-extra", "packages/dwh-v0_2"
    source = f"{lib}/src/dwh/extra/__init__.py"
    for text in ("Round a value up or down.", "Round a value to digits."):
        repo.write(source, re.sub(r'"""Round.*"""', f'"""{text}"""', repo.read(source)))
        repo.write(f"{lib}/changes/words-{len(text)}.fix.md", "It says what it does.\n")
        repo.commit()
        repo.release("dwh-extra")
    repo.write(source, repo.read(source) + "\nUNRELEASED = 1\n")
    core = '"dwh-core>=0.1,<1"'
    repo.replace(f"{main}/pyproject.toml", core, f'{core}, "dwh-extra>=0.4.1,<0.5"')
    repository = repo.repository()
    assert ends_of_range(repository, repository.package("dwh-v0_2")) == {"dwh-extra": ("0.4.1", "0.4.2")}
    wheel = build_released(repository, repository.package("dwh-extra"), "0.4.1", tmp_path, build_files)
    inside = zipfile.ZipFile(wheel).read("dwh/extra/__init__.py").decode()
    assert wheel.name.startswith("dwh_extra-0.4.1-") and "up or down" in inside and "UNRELEASED" not in inside
