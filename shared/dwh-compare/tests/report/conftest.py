"""Comparisons made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from dwh.compare.model import (
    Cell,
    CellChange,
    ColumnResult,
    Comparison,
    ExpectationResult,
    Measurement,
    NotCompared,
    Numbers,
    Pair,
    Rows,
    SampleRow,
    SchemaColumn,
    SchemaSide,
    Side,
    Split,
    Threshold,
)
from dwh.compare.tolerance import Tolerance


def text(value: str | None, truncated: bool = False) -> Cell:
    return Cell(value, truncated)


def flight(date: str, carrier: str) -> dict[str, Cell]:
    return {"flight_date": text(date), "carrier": text(carrier)}


def both(name: str, type_: str, position: int) -> SchemaColumn:
    side = SchemaSide(name, type_, True, position)
    return SchemaColumn(side, side, "same")


@pytest.fixture
def passing() -> Comparison:
    """Two equal outputs, known by their fingerprints."""
    return Comparison(
        verdict="pass",
        reasons=("All 37,960 rows are equal in all 3 compared columns",),
        left=Side("airport_traffic@0.1", {"release": "0.1.1", "runs": ["7f3a0c"]}),
        right=Side("airport_traffic@0.2", {"release": "0.2.0", "runs": ["b81d22"]}),
        schema=(both("flight_date", "date", 0), both("airport", "string", 1), both("flights", "bigint", 2)),
        rows=Rows(left=37_960, right=37_960, matched=37_960),
        columns=(
            ColumnResult("flight_date", key=True, proven_by="fingerprint"),
            ColumnResult("airport", key=True, proven_by="fingerprint"),
            ColumnResult("flights", proven_by="fingerprint"),
        ),
        measurement=Measurement("ledger", exact=False, hash_bits=64, key=("flight_date", "airport")),
    )


@pytest.fixture
def failing() -> Comparison:
    """Declared differences, and some that nobody declared."""
    return Comparison(
        verdict="fail",
        reasons=(
            "Column passengers changed its type from int to bigint, undeclared",
            "0.6608% of rows differ unexpectedly (limit 0.1000%), more than allowed",
            "34 rows changed unexpectedly, in avg_delay",
            "3 rows only on the left, undeclared",
        ),
        left=Side(
            "carrier_delays@0.1",
            {
                "release": "0.1.1",
                "runs": ["0197f3a0c2", "0197f3a0d9"],
                "partitions": "365, from 2013-01-01 to 2013-12-31",
                "inputs": {"flights": "336,776 rows", "airlines": "16 rows"},
            },
        ),
        right=Side(
            "carrier_delays@0.2",
            {
                "release": "0.2.0",
                "runs": ["0197f41b55"],
                "partitions": "365, from 2013-01-01 to 2013-12-31",
                "inputs": {"flights": "336,776 rows", "airlines": "16 rows"},
            },
        ),
        schema=(
            both("flight_date", "date", 0),
            both("carrier", "string", 1),
            both("flights", "bigint", 2),
            SchemaColumn(
                SchemaSide("late", "bigint", True, 3),
                SchemaSide("delayed", "bigint", True, 3),
                "renamed",
                ("renamed",),
                reason="the word that the regulator uses",
            ),
            both("on_time", "bigint", 4),
            both("avg_delay", "double", 5),
            SchemaColumn(
                None,
                SchemaSide("cancelled", "bigint", False, 6),
                "added",
                ("added",),
                reason="asked for by the operations desk",
            ),
            SchemaColumn(
                SchemaSide("passengers", "int", True, 6),
                SchemaSide("passengers", "bigint", False, 7),
                "type_changed",
                ("type_changed", "nullability_changed", "reordered"),
                declared=False,
                fails=True,
            ),
        ),
        rows=Rows(
            left=5_599,
            right=5_598,
            matched=3_412,
            changed=Split(2_184, 2_150, 34),
            left_only=Split(3, 0, 3),
            right_only=Split(2, 2, 0),
            duplicate_keys_left=0,
            duplicate_keys_right=0,
            duplicate_rows_left=0,
            duplicate_rows_right=0,
            null_keys_left=0,
            null_keys_right=0,
        ),
        columns=(
            ColumnResult("flight_date", key=True, proven_by="join"),
            ColumnResult("carrier", key=True, proven_by="join"),
            ColumnResult("flights", proven_by="fingerprint"),
            ColumnResult("delayed", left_name="late", proven_by="fingerprint"),
            ColumnResult(
                "on_time",
                differing=Split(2_171, 2_171, 0),
                numbers=Numbers(2_171, Decimal("9"), 1.42, 0.25, 0.031),
                top=(
                    Pair(text("41"), text("40"), 612, 612, 0, flight("2013-02-09", "MQ")),
                    Pair(text("128"), text("126"), 207, 207, 0, flight("2013-01-15", "UA")),
                ),
                proven_by="join",
            ),
            ColumnResult(
                "avg_delay",
                differing=Split(47, 13, 34),
                to_null=12,
                numbers=Numbers(35, Decimal("12.5"), 3.25, 0.4, 0.11),
                tolerance=Tolerance(1e-9, 0.0),
                top=(
                    Pair(text("11.5"), text(None), 12, 0, 12, flight("2013-03-08", "OO")),
                    Pair(text("4.25"), text("4.5"), 9, 4, 5, flight("2013-11-27", "B6")),
                    Pair(text("0.0"), text("-1.0"), 4, 0, 4, flight("2013-06-01", "HA")),
                ),
                proven_by="join",
            ),
            ColumnResult("loaded_at", compared=False, ignored=True, why_not="ignored"),
            ColumnResult("passengers", proven_by="fingerprint"),
        ),
        measurement=Measurement(
            "buckets",
            exact=False,
            hash_bits=64,
            key=("flight_date", "carrier"),
            tolerances={"avg_delay": Tolerance(1e-9, 0.0)},
            ignored=("loaded_at",),
            renamed={"late": "delayed"},
            rows_joined=4_514,
            buckets=1_024,
            buckets_differing=611,
            seconds={"fingerprint": 1.93, "buckets": 2.214, "total": 4.31},
            versions={"dwh-compare": "0.1.0", "pyspark": "4.2.1", "python": "3.11.7"},
        ),
        samples=(
            SampleRow(
                "changed",
                flight("2013-03-08", "OO"),
                (
                    CellChange("avg_delay", text("11.5"), text(None), changed=True),
                    CellChange("on_time", text("4"), text("3"), changed=True, expected=True),
                    CellChange("flights", text("5"), text("5")),
                ),
            ),
            SampleRow(
                "left_only",
                flight("2013-05-12", "YV"),
                (
                    CellChange("flights", text("1"), None),
                    CellChange("on_time", text("0"), None),
                    CellChange("avg_delay", text("126.0"), None),
                ),
            ),
            SampleRow(
                "changed",
                flight("2013-02-09", "MQ"),
                (CellChange("on_time", text("41"), text("40"), changed=True, expected=True),),
                expected=True,
            ),
        ),
        expectations=(
            ExpectationResult("renamed", "delayed", "", "the word that the regulator uses", "seen", 1),
            ExpectationResult("added", "cancelled", "", "asked for by the operations desk", "seen", 1),
            ExpectationResult(
                "value",
                "on_time",
                "new.on_time <= old.on_time",
                "a flight that never left is not on time",
                "seen",
                2_171,
            ),
            ExpectationResult(
                "value", "avg_delay", "old.flights = 1", "one flight is its own average", "seen", 13
            ),
            ExpectationResult(
                "row_added", None, "true", "days on which every flight was cancelled", "seen", 2
            ),
            ExpectationResult("to_null", "on_time", "new.flights = 0", "no share of nothing", "not seen", 0),
        ),
        thresholds=(Threshold("max_changed", 0.001, 37 / 5_599, False),),
    )


HOSTILE = (
    "<script>window.__pwned = 1</script>",
    "<img src=x onerror='window.__pwned=1'>",
    '"><svg onload=window.__pwned=1>',
    "</style><script>window.__pwned=1</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202egpj.exe\u2066",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "[red]markup[/red] [link=https://example.com]x[/link]",
    "a | b `c` ``d`` \\| **e** @f #1 https://example.com",
    "line\r\nline\tTab\x00",
    " spaces  ",
    "",
    None,
    "null",
    "x" * 10_000,
    "Z\u0361\u0362\u0363\u0364\u0365\u0366\u0367algo",
    "W" + "\ud800",
    "0x" + "00ff" * 600,
    "--><!-- ]]> &lt;b&gt; &#x202e;",
    "\u3164\u200b\ufeff",
)


@pytest.fixture
def hostile() -> Comparison:
    """Every place that takes a text from outside holds one that tries to do harm."""
    names = [value or "" for value in HOSTILE]
    key = {names[0]: text(names[5]), names[8]: text(names[8])}
    pairs = tuple(
        Pair(text(value), text("new"), 1, index % 2, 1 - index % 2, key)
        for index, value in enumerate(HOSTILE)
    )
    return Comparison(
        verdict="incomplete",
        reasons=tuple(names),
        left=Side(names[0], {value: value for value in names}),
        right=Side(names[1], {value: [value, {value: value}] for value in names}),
        schema=tuple(
            SchemaColumn(
                SchemaSide(value, value, True, place),
                SchemaSide(value, value, False, place),
                "type_changed",
                ("renamed", "type_changed"),
                declared=False,
                fails=True,
                reason=value,
            )
            for place, value in enumerate(names)
        ),
        rows=Rows(left=20, right=20, changed=Split(20, 10, 10)),
        columns=tuple(
            ColumnResult(value, left_name=value, differing=Split(1, 0, 1), top=pairs, why_not=value)
            for value in names
        ),
        measurement=Measurement(
            "join",
            exact=True,
            key=tuple(names),
            tolerances={value: Tolerance(1.0, 0.1) for value in names},
            ignored=tuple(names),
            renamed={value: value for value in names},
            versions={value: value for value in names},
            notes=tuple(names),
            seconds=dict.fromkeys(names, 1.0),
        ),
        samples=tuple(
            SampleRow("changed", key, (CellChange(value or "", text(value), text("new"), changed=True),))
            for value in HOSTILE
        ),
        expectations=tuple(
            ExpectationResult("value", value, value, value, "broken", None, value) for value in names
        ),
        not_compared=tuple(NotCompared(value, value) for value in names),
        thresholds=tuple(Threshold(value, 0.1, 0.2, False) for value in names),
    )
