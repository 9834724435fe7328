"""Files that are written whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Thread

import pytest

from dwh.core.files import write_whole


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """Who has the old one open goes on reading it, and nothing else is left in the folder."""
    page = tmp_path / "page"
    write_whole(page, "old")
    with page.open() as reader:
        write_whole(page, "néw")
        assert reader.read() == "old"
    assert page.read_text("utf-8") == "néw"
    assert list(tmp_path.iterdir()) == [page]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A text that has no UTF-8 stops in the middle; a folder cannot be replaced by a file."""
    page, folder = tmp_path / "page", tmp_path / "folder"
    write_whole(page, "old")
    folder.mkdir()
    with pytest.raises(UnicodeEncodeError):
        write_whole(page, "new \ud800")
    with pytest.raises(OSError):
        write_whole(folder, "new")
    assert page.read_text("utf-8") == "old"
    assert sorted(tmp_path.iterdir()) == [folder, page]


def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    """Who could read the old one can read the new one."""
    page = tmp_path / "page"
    write_whole(page, "old")
    page.chmod(0o640)
    write_whole(page, "new")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640


def test_what_is_no_plain_file_is_written_into(tmp_path: Path) -> None:
    """A link goes on leading where it led, and a pipe gets the text."""
    page, link, pipe = (tmp_path / name for name in ("page", "link", "pipe"))
    page.touch()
    link.symlink_to(page)
    write_whole(link, "through a link")
    assert (link.is_symlink(), page.read_text("utf-8")) == (True, "through a link")
    os.mkfifo(pipe)
    reader = Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    read: list[str] = []
    reader.start()
    write_whole(pipe, "through a pipe")
    reader.join(10)
    assert read == ["through a pipe"]
