"""What differs looks different: the texts of values that are not equal."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from dwh.compare import Comparison, compare
from dwh.compare.report import values
from dwh.compare.report.html import to_html
from dwh.compare.report.markdown import to_markdown
from dwh.compare.safe_text import json_visible

AN_HOUR = (
    "timestamp_micros(1730611800000000)",
    "timestamp_micros(1730615400000000)",
)  # 01:30 twice in New York
PAIRS = {
    "an hour apart": AN_HOUR,
    "an hour apart, nested": tuple(f"array(named_struct('t', {text}))" for text in AN_HOUR),
    "an hour apart, in a map's key": tuple(f"map({text}, 1)" for text in AN_HOUR),
    "a microsecond apart": (
        "named_struct('t', timestamp_micros(1))",
        "named_struct('t', timestamp_micros(2))",
    ),
    "a microsecond apart, without a zone": (
        "array(timestamp_ntz'2013-01-01 00:00:00.000001')",
        "array(timestamp_ntz'2013-01-01 00:00:00.000002')",
    ),
    "float and double": ("CAST(0.1 AS float)", "CAST(0.1 AS double)"),
    "float and double, nested": ("array(CAST(0.1 AS float))", "array(CAST(0.1 AS double))"),
    "bytes that are not UTF-8": ("CAST(X'FF' AS string)", "CAST(X'FE' AS string)"),
    "a replacement character": ("CAST(X'FF' AS string)", "CAST(X'EFBFBD' AS string)"),
    "bytes that are not UTF-8, nested": ("array(CAST(X'C328' AS string))", "array(CAST(X'C428' AS string))"),
    "a surrogate's bytes": ("CAST(X'EDA080' AS string)", "CAST(X'EDA081' AS string)"),
    "binary": ("named_struct('b', X'00')", "named_struct('b', X'0000')"),
    "composed and not": ("'\u00e9'", "'e\u0301'"),
    "drawn alike": ("'a'", "'\u0430'"),
    "a space at the end": ("'a'", "'a '"),
    "another space": ("'a b'", "'a\u00a0b'"),
    "a space without width": ("'ab'", "'a\u200bb'"),
    "null and a text": ("CAST(NULL AS string)", "'null'"),
    "null and nothing": ("CAST(NULL AS string)", "''"),
    "null in an array": ("array(CAST(NULL AS string))", "array('null')"),
    "NaN and null": ("double('NaN')", "CAST(NULL AS double)"),
    "after the cut": ("repeat('a', 300)", "concat(repeat('a', 299), 'b')"),
    "longer than the cut": ("repeat('a', 200)", "repeat('a', 201)"),
}


@pytest.fixture(scope="module")
def compared(spark: SparkSession) -> tuple[Comparison, Comparison]:
    """A row with a column for each pair, compared by a key and without one, in New York."""
    zone = spark.conf.get("spark.sql.session.timeZone")
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    left, right = (
        spark.range(1).selectExpr("id", *(f"{pair[side]} AS `{name}`" for name, pair in PAIRS.items()))
        for side in (0, 1)
    )
    found = compare(left, right, key="id"), compare(left, right)
    spark.conf.set("spark.sql.session.timeZone", str(zone))
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_values_that_differ_look_different(compared: tuple[Comparison, Comparison], name: str) -> None:
    """In sample rows and among the most frequent changes, from which every report is made."""
    (sample,) = values.samples(compared[0], len(PAIRS))
    (cell,) = (cell for cell in sample.cells if cell.column == name)
    (column,) = (column for column in values.columns(compared[0]) if column.name == name)
    assert cell.old != cell.new
    assert column.changes[0].old != column.changes[0].new


@pytest.mark.parametrize("name", [name for name in PAIRS if name not in ("after the cut", "drawn alike")])
def test_rows_without_a_key_look_different(compared: tuple[Comparison, Comparison], name: str) -> None:
    """Each is on one side only; a reader finds what differs."""
    shown = [
        cell.old or cell.new
        for sample in values.samples(compared[1], 2 * len(PAIRS))
        for cell in sample.cells
        if cell.column == name
    ]
    assert len(set(shown)) == 2


def test_instants_have_their_offset_and_odd_bytes_are_hex(compared: tuple[Comparison, Comparison]) -> None:
    """A local time occurs twice when clocks go back; one character would stand for all odd bytes."""
    top = {column.name: column.top[0] for column in compared[0].columns if column.top}
    assert top["an hour apart"].old.text == "2024-11-03 01:30:00-04:00"
    assert top["an hour apart"].new.text == "2024-11-03 01:30:00-05:00"
    assert top["bytes that are not UTF-8"].old.text == "0xFF"


def test_reports_escape_what_looks_alike(compared: tuple[Comparison, Comparison]) -> None:
    """In Markdown, HTML and JSON."""
    for report in (to_markdown(compared[0]), to_html(compared[0])):
        assert "U+0301" in report
    assert "e\\u0301" in json_visible(json.dumps(compared[0].to_dict(), ensure_ascii=False))
