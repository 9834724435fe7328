"""A wheel is read, and each of its files checked."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from dwh.deploy.errors import WheelError
from dwh.deploy.wheels import read_wheel, sha256


def rewritten(path: Path, **contents: str | None) -> Path:
    """Change files of a wheel, as someone would who edits it; None removes one."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for end, text in contents.items():
        name = next(name for name in files if name.endswith(end))
        if text is None:
            del files[name]
        else:
            files[name] = text.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_wheel_says_what_it_is(dist):
    """Name, release, requirements, lines and jobs come from the wheel itself."""
    path = dist / "dwh_v0_1-0.1.1-py3-none-any.whl"
    wheel = read_wheel(path)
    assert (wheel.release, wheel.name) == ("dwh-v0_1 0.1.1", "dwh-v0-1")
    assert [str(need) for need in wheel.requires] == ["dwh-core<1,>=0.1", "pyspark<4.2,>=3.5"]
    assert (wheel.lines, wheel.job_names("0.1")) == ({"0.1": "dwh.jobs.v0_1_0"}, ["takings"])
    assert wheel.sha256 == sha256(path.read_bytes())


@pytest.mark.parametrize(
    ("contents", "problem"),
    [
        ({"takings.py": "import os"}, "takings.py in it is not the file that it was built with"),
        ({"METADATA": "Name: other\nVersion: 1"}, "METADATA in it is not the file"),
        ({"RECORD": "dwh/jobs/v0_1_0/__init__.py,md5=x,0\n"}, "its RECORD has no hash of"),
        ({"RECORD": None}, "its RECORD has no hash of"),
    ],
)
def test_an_edited_wheel_is_refused(dist, contents, problem):
    """A file that is not the one in RECORD, or that RECORD lacks, is named."""
    path = rewritten(dist / "dwh_v0_1-0.1.1-py3-none-any.whl", **contents)
    with pytest.raises(WheelError, match="build or download it again") as caught:
        read_wheel(path)
    assert problem in str(caught.value)


def test_a_renamed_wheel_is_refused(dist):
    """A wheel must be what its name says."""
    path = dist / "dwh_v0_1-0.1.1-py3-none-any.whl"
    renamed = path.rename(dist / "dwh_v0_1-0.1.9-py3-none-any.whl")
    with pytest.raises(WheelError, match=r"inside it is dwh-v0_1 0\.1\.1, not what its name says"):
        read_wheel(renamed)


@pytest.mark.parametrize(
    "name", ["a,b-1.0-py3-none-any.whl", "a b-1.0-py3-none-any.whl", "a-1.0.whl", "a-1.0-x-y-z.whl"]
)
def test_a_file_that_is_no_wheel_is_refused(tmp_path, name):
    """A name that would break a list of URLs, or content that is no archive, is refused."""
    path = tmp_path / name
    path.write_text("not an archive")
    with pytest.raises(WheelError, match="build or download it again"):
        read_wheel(path)


def test_a_truncated_wheel_is_refused(dist):
    """Half a download is no wheel, wherever it was cut or damaged."""
    path = dist / "dwh_v0_1-0.1.1-py3-none-any.whl"
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"PK" + whole[2:100] + bytes(50) + whole[150:]):
        path.write_bytes(damaged)
        with pytest.raises(WheelError, match="build or download it again"):
            read_wheel(path)


def test_what_was_checked_is_what_is_used(dist):
    """A file that changes after it was read does not count any more."""
    wheel = read_wheel(dist / "dwh_core-0.1.0-py3-none-any.whl")
    before = wheel.sha256
    wheel.path.write_bytes(b"changed")
    assert (wheel.sha256, wheel.read("dwh/core/entry.py")) == (before, b"print('the entry script')\n")
