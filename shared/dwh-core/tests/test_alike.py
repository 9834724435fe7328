"""Which files of an input are certain to have the same schema."""

from __future__ import annotations

import pytest

from dwh.core.config import SourcePlace
from dwh.core.sources.alike import alike
from dwh.core.sources.files import SourceFile
from dwh.core.sources.reader import SourceReader

pa = pytest.importorskip("pyarrow")
from pyarrow.parquet import write_table  # noqa: E402 -- after the check that it is there

INTS, LONGS = pa.table({"n": pa.array([1], "int32")}), pa.table({"n": pa.array([1], "int64")})


@pytest.fixture
def groups(spark, tmp_path):
    """Return the names of files in groups, files that hold tables, or bytes."""

    def found(contents, format="parquet", **options):
        for name, content in contents.items():
            if isinstance(content, bytes):
                (tmp_path / name).write_bytes(content)
            else:
                write_table(content, tmp_path / name)
        source = SourceReader(spark, SourcePlace(format, str(tmp_path), options=options))
        files = [SourceFile(f"file:{tmp_path}/{name}", name, {}) for name in contents]
        return [[file.name for file in group] for group in alike(source, files)]

    return found


def test_files_of_one_schema_are_together(groups):
    """Types of columns part files, and so does what their writer says of them."""
    said = INTS.replace_schema_metadata({"org.apache.spark.sql.parquet.row.metadata": "{}"})
    files = {"a": INTS, "b c#%20": LONGS, "d": INTS, "e": said}
    assert groups(files) == [["a", "d"], ["b c#%20"], ["e"]]


def test_files_of_which_nothing_is_known_are_alone(groups):
    """What Python cannot read is the engine's to tell."""
    assert groups({"a": b"nothing", "b": b"nothing", "c": INTS}) == [["a"], ["b"], ["c"]]
    assert groups({"a": INTS, "b": INTS}, format="orc") == [["a"], ["b"]]
    assert groups({"a": INTS, "b": INTS}, BasePath="/") == [["a"], ["b"]]
