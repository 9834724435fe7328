"""Which files are at a place, for whoever asks: the audit, adopted files, comparisons of paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from dwh.core.storage.listing import file_states, is_visible


def test_places_here_and_elsewhere_are_listed_alike(tmp_path):
    """Of each file, hidden ones too, there are size and time, by its path below the place."""
    fsspec = pytest.importorskip("fsspec")
    (tmp_path / "day=2024-01-01").mkdir()
    (tmp_path / "day=2024-01-01" / "part-0.parquet").write_bytes(b"four")
    (tmp_path / "_SUCCESS").touch()
    fsspec.filesystem("memory").put(str(tmp_path), "/listed", recursive=True)
    for place in (str(tmp_path), "memory://listed"):
        states = file_states(place)
        assert {path: size for path, (size, _) in states.items()} == {
            "day=2024-01-01/part-0.parquet": 4,
            "_SUCCESS": 0,
        }
        assert all(modified for _, modified in states.values())


def test_a_link_is_not_followed(tmp_path: Path):
    """A folder that a link leads to is not walked, and the link itself is there to be refused."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "part-0.parquet").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here" / "broken").symlink_to(tmp_path / "nowhere")
    assert set(file_states(str(tmp_path / "here"))) == {"linked", "broken"}


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("part-0.parquet", True),
        ("year/part-0.parquet", True),
        ("_hour=2024-01-01T07/part-0.parquet", True),
        ("_temporary/0/part-0.parquet", False),
        ("day=1/.part-0.parquet.crc", False),
        ("day=1/_SUCCESS", False),
        ("part-0.parquet._COPYING_", False),
    ],
)
def test_what_spark_reads(path, read):
    """Its rule is for folders and files alike."""
    assert is_visible(path) is read
