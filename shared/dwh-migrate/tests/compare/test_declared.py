"""What lines declare, in their contracts and changes, as a comparison takes it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from dwh.compare import compare
from dwh.compare.changes import Added, Expected, Removed, Renamed, Retyped, as_change, is_change
from dwh.compare.report.html import to_html
from dwh.compare.report.markdown import to_markdown
from dwh.core import changes as of_lines
from dwh.core.contract import Column, Table
from dwh.core.testing import frame_of_rows

pytestmark = pytest.mark.usefixtures("interpreted")

WHY = "because"
FACTS = {
    "Added": {"column": "tips", "reason": "asked for"},
    "Removed": {"column": "tips", "reason": "never used"},
    "Renamed": {"old": "amount", "new": "total", "reason": "it is one"},
    "Retyped": {"column": "day", "old": "string", "new": "date", "reason": "it is one"},
    "Expected": {"column": "total", "kind": "value", "reason": "rounded", "where": "new.total > 0"},
}
TYPES = {kind.__name__: kind for kind in (Added, Expected, Removed, Renamed, Retyped)}
SECRETS = ("ann@x.org", "cat@x.org")


@pytest.mark.parametrize("name", FACTS)
def test_what_a_line_declares_is_taken(name):
    """With every fact, as if it had been declared for the comparison."""
    declared = getattr(of_lines, name)(**FACTS[name])
    assert is_change(declared)
    assert as_change(declared) == TYPES[name](**FACTS[name])


@pytest.mark.parametrize("side", [0, 1])
def test_what_a_contract_calls_sensitive_is_masked(spark: SparkSession, side: int) -> None:
    """Whichever side says so, under whichever name; the caller need not know of it."""
    left = frame_of_rows(spark, [("ann@x.org", 1)], "email string, n int")
    right = frame_of_rows(spark, [("cat@x.org", 1)], "mail string, n int")
    columns = [
        (Column("email", "string"), Column("n", "int")),
        (Column("mail", "string"), Column("n", "int")),
    ]
    columns[side] = (replace(columns[side][0], sensitive=True), columns[side][1])
    contracts = (Table("t", columns[0]), Table("t", columns[1]))
    result = compare(
        left, right, key="n", changes=[of_lines.Renamed("email", "mail", "asked for")], contracts=contracts
    )
    assert result.rows.changed.count == 1
    for report in (json.dumps(result.to_dict(), ensure_ascii=False), to_markdown(result), to_html(result)):
        assert not [secret for secret in SECRETS if secret in report]
        assert "•••2" in report


def test_declared_changes_of_the_schema_pass(spark: SparkSession) -> None:
    """Columns renamed, added, removed, and retyped in both contracts; a rename's values are compared."""
    left = frame_of_rows(spark, [(1, 5, 0, 7), (2, 6, 0, 8)], "id int, old_name int, gone int, n int")
    right = frame_of_rows(spark, [(1, 5, 1, 7), (2, 9, 1, 8)], "id int, new_name int, fresh int, n bigint")
    changes = [
        of_lines.Renamed("old_name", "new_name", WHY),
        of_lines.Added("fresh", WHY),
        of_lines.Removed("gone", WHY),
    ]
    contracts = (Table("t", (Column("n", "int"),)), Table("t", (Column("n", "bigint"),)))
    result = compare(left, right, key=["id"], changes=changes, contracts=contracts)
    assert result.reasons == ("1 row changed unexpectedly, in new_name",)
    renamed = next(column for column in result.columns if column.name == "new_name")
    assert (renamed.left_name, result.measurement.renamed) == ("old_name", {"old_name": "new_name"})
    assert [e.status for e in result.expectations] == ["seen"] * 3
    same = right.withColumn("new_name", F.col("id") + 4)
    assert compare(left, same, key=["id"], changes=changes, contracts=contracts).verdict == "pass"


@pytest.mark.breadth
def test_contracts_say_whether_a_table_may_be_empty(spark: SparkSession) -> None:
    """Both must: what one of them forbids is not equal for being empty twice."""
    empty = frame_of_rows(spark, [], "id int")
    may, must = (
        Table("t", (Column("id", "int", nullable=True),), may_be_empty=flag) for flag in (True, False)
    )
    assert compare(empty, empty, contracts=(may, may)).verdict == "pass"
    assert compare(empty, empty, contracts=(must, may)).verdict == "incomplete"
