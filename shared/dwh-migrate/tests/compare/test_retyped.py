"""Columns that are text only because of where they are kept."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import types as T

from dwh.core.changes import Retyped
from dwh.migrate.compare.folder import look_at
from dwh.migrate.compare.retyped import Texts, retyped
from dwh.migrate.compare.sources import Source


def schema(*columns: tuple[str, T.DataType]) -> T.StructType:
    """Make a schema of names and types."""
    return T.StructType([T.StructField(*column) for column in columns])


def test_folders_give_text_and_so_do_text_formats(tmp_path: Path) -> None:
    """Another column of a format with types has changed its type, and names go by case when asked."""
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1" / "a.parquet").touch()
    source, folder = Source(str(tmp_path)), look_at(str(tmp_path))
    lefts = schema(("ID", T.StringType()), ("n", T.StringType()), ("day", T.StringType()))
    rights = schema(("id", T.LongType()), ("n", T.LongType()), ("day", T.DateType()))
    day = Retyped("day", "string", "date", "names of folders are text")
    assert list(retyped((lefts, rights), (Texts(source, folder), Texts()), ())) == [day]
    text = Texts(Source(str(tmp_path), "csv"), folder)
    for key, ignore_case in (({"ID": "id"}, False), ((), True)):
        found = retyped((lefts, rights), (text, Texts(source)), key, ignore_case=ignore_case)
        assert [change.column for change in found] == ["id", "n", "day"]
