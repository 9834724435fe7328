"""Pages that say what to type name the newest release, and no others are touched."""

from __future__ import annotations

from monorepo import Monorepo
from test_prepare import fix

PAGE = "docs/use.md"


def test_pages_name_the_new_release(repo: Monorepo) -> None:
    """However they spell it: to install, to run, as a tag, as a file, in what a command prints."""
    repo.write("README.md", "pip install dwh-v0_1==0.1.0\n")
    told = "`sales@0.1.0`, dwh-v0_1@0.1.0, dwh_v0_1-0.1.0-py3-none-any.whl, dwh-v0_1-0.1.0.zip, 0.1.0."
    repo.write(PAGE, told)
    fix(repo)
    assert repo.run("prepare", "dwh-v0_1").code == 0
    assert repo.read("README.md") == "pip install dwh-v0_1==0.1.1\n"
    assert repo.read(PAGE) == told.replace("0.1.0", "0.1.1")
    assert repo.git("status", "--porcelain") == ""


def test_other_packages_and_other_numbers_stay(repo: Monorepo) -> None:
    """What only looks like the release is left alone, and so are pages outside README and docs."""
    told = "dwh-extra==0.1.0 dwh_extra-0.1.0.zip 10.1.0 0.1.0.1 0.1.0rc1 0.1.0.post1 v0.1.0 0.1.01"
    repo.write(PAGE, told)
    repo.write("notes/old.md", "dwh-v0_1==0.1.0")
    fix(repo)
    assert repo.run("prepare", "dwh-v0_1").code == 0
    assert (repo.read(PAGE), repo.read("notes/old.md")) == (told, "dwh-v0_1==0.1.0")
