"""The tag of a release."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from monorepo import Monorepo

OLD = "packages/dwh-v0_1"
SALES = f"{OLD}/src/dwh/shops/v0_1_0/sales.py"


def test_a_tag_names_package_and_version_and_holds_the_notes(repo: Monorepo) -> None:
    """Annotated; made once."""
    assert repo.run("tag", "dwh-v0_1").code == 0
    assert repo.git("cat-file", "-t", "dwh-v0_1@0.1.0") == "tag"
    assert "## 0.1.0 (" in repo.git("tag", "--list", "--format=%(contents)", "dwh-v0_1@0.1.0")
    assert "was there" in repo.run("tag", "dwh-v0_1").err


def test_a_tree_that_is_not_the_release_is_not_tagged(repo: Monorepo) -> None:
    """A forgotten bump: the code moved on under the same number."""
    repo.replace(SALES, "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    said = repo.run("tag", "dwh-v0_1")
    assert said.code == 1
    assert (
        "sales.py" in said.err
        and "the bump was forgotten" in said.err
        and "dwh-release prepare dwh-v0_1" in said.err
    )
    assert repo.git("tag") == ""


def test_a_tag_never_moves(repo: Monorepo) -> None:
    """Even where the package is the same at both commits."""
    repo.run("tag", "dwh-v0_1")
    repo.write("README.md", "# x\n")
    repo.commit()
    said = repo.run("tag", "dwh-v0_1")
    assert said.code == 2 and "the tag exists, at" in said.err


def test_a_lightweight_tag_is_not_taken_for_a_release_s(repo: Monorepo) -> None:
    """Nobody signed for it, and `git push --follow-tags` leaves it behind."""
    repo.git("tag", "dwh-v0_1@0.1.0")
    said = repo.run("tag", "dwh-v0_1")
    assert said.code == 2 and "a lightweight tag is there" in said.err
    assert "git tag --delete dwh-v0_1@0.1.0" in said.err


def test_a_tag_has_one_spelling(repo: Monorepo) -> None:
    """A name alone may be written as pip would; what a tag is called is published under that name."""
    repo.run("tag", "dwh-v0_1")
    assert repo.run("check", "DWH_v0.1").code == 0
    assert repo.run("check", "dwh-v0_1@0.1.0").code == 0
    for name in ("DWH-v0_1@0.1.0", "dwh-v0.1@0.1.0", "dwh-v0_1@0.1.00", "dwh-v0_1@0.1.0@0.1.0"):
        said = repo.run("check", name)
        assert said.code == 2 and "the tree has dwh-v0_1@0.1.0" in said.err, said.all


def test_an_edit_of_a_record_with_a_digest_made_to_fit_shows_in_the_tag(repo: Monorepo) -> None:
    """The tag holds what was released."""
    import json

    from dwh.release.record import Record, _digest

    repo.run("tag", "dwh-v0_1")
    path = f"{OLD}/released/0.1.0.json"
    data = json.loads(repo.read(path))
    data["date"] = "2020-01-01"
    data["digest"] = _digest(data)
    repo.write(path, Record(data).text())
    said = repo.run("check", "dwh-v0_1")
    assert said.code == 1 and "is not what tag dwh-v0_1@0.1.0 holds" in said.out


def test_an_edit_of_an_older_record_shows_in_the_next(repo: Monorepo) -> None:
    """Each record holds the digest of the one before: no tag is needed."""
    import json

    from dwh.release.record import Record, _digest

    repo.replace(SALES, "Sum the", "Sum up the")
    repo.write(f"{OLD}/changes/words.fix.md", "The words are better now.\n")
    repo.commit()
    assert repo.run("prepare", "dwh-v0_1").code == 0
    path = f"{OLD}/released/0.1.0.json"
    data = json.loads(repo.read(path))
    data["date"] = "2020-01-01"
    data["digest"] = _digest(data)
    repo.write(path, Record(data).text())
    assert f"{path}, was edited" in repo.run("check", "dwh-v0_1").err
    (repo.root / path).unlink()
    assert f"{path}, is missing" in repo.run("check", "dwh-v0_1").err


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen to make a key")
def test_a_tag_is_signed_where_git_has_a_key(repo: Monorepo, tmp_path: Path) -> None:
    """And is not made where signing fails."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingkey", str(tmp_path / "no-key"))
    assert repo.run("tag", "dwh-v0_1").code != 0 and repo.git("tag") == ""
    repo.git("config", "user.signingkey", f"{key}.pub")
    assert repo.run("tag", "dwh-v0_1").code == 0
    assert "-----BEGIN SSH SIGNATURE-----" in repo.git("cat-file", "tag", "dwh-v0_1@0.1.0")
