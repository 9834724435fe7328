"""All rows that differ, held against the counts of `compare`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from dwh.compare import Comparison, KeyChoiceError, Tolerance, compare, fingerprint, rows_that_differ
from dwh.compare.changes import Expected, Renamed

WHY = "because"

Frames = Callable[..., DataFrame]


def counted(result: Comparison) -> Counter[tuple[str, bool]]:
    """Return how many rows of each kind a comparison found, expected or not."""
    rows = result.rows
    splits = {"changed": rows.changed, "left_only": rows.left_only, "right_only": rows.right_only}
    return +Counter(
        {(kind, flag): split.expected if flag else split.unexpected for kind, split in splits.items()
         for flag in (True, False)}
    )  # fmt: skip


def agrees(left: DataFrame, right: DataFrame, **options: Any) -> list[Any]:
    """Return the rows, once they are as many of each kind as `compare` says."""
    found = rows_that_differ(left, right, **options).collect()
    assert Counter((row["kind"], row["expected"]) for row in found) == counted(
        compare(left, right, **options)
    )
    return found


def test_every_row_that_differs_is_returned(table: Frames) -> None:
    """With its key, the columns that differ, and both whole rows as they are."""
    left = table("id int, v double, w string, x int", (1, 1.0, "a", 0), (2, 2.0, "b", 0), (3, None, "c", 0))
    right = table("id int, v double, w string, y int", (1, 1.0, "a", 9), (2, 2.5, "B", 9), (4, 4.0, None, 9))
    meant = (Expected("v", kind="value", where="new.v - old.v < 1", reason=WHY),)
    found = {row["key"]["id"]: row for row in agrees(left, right, key=["id"], changes=meant)}
    assert {id_: row["kind"] for id_, row in found.items()} == {
        2: "changed", 3: "left_only", 4: "right_only",
    }  # fmt: skip
    assert (found[2]["differing"], found[2]["unexpected"]) == (["v", "w"], ["w"])
    assert found[2]["left"].asDict() == {"id": 2, "v": 2.0, "w": "b", "x": 0}
    assert found[2]["right"].asDict() == {"id": 2, "v": 2.5, "w": "B", "y": 9}
    assert (found[3]["right"], found[4]["left"], found[3]["differing"]) == (None, None, [])
    assert found[3]["left"].asDict() == {"id": 3, "v": None, "w": "c", "x": 0}


@pytest.mark.breadth
def test_what_compare_calls_equal_is_not_among_them(table: Frames) -> None:
    """Tolerances, ignored columns and renames mean the same as there."""
    left, right = table("id int, v double, t int", (1, 1.0, 1)), table("id int, w double, t int", (1, 1.1, 2))
    options: dict[str, Any] = {"key": ["id"], "changes": (Renamed("v", "w", WHY),), "ignore": ["t"]}
    assert agrees(left, right, tolerances={"w": Tolerance(0.2)}, **options) == []
    assert agrees(left, right, **options)[0]["differing"] == ["w"]


@pytest.mark.breadth
@pytest.mark.parametrize("key", [(), ("id",)])
def test_multisets_keep_what_one_side_has_more_of(table: Frames, key: tuple[str, ...]) -> None:
    """Without a key, and for rows whose key repeats; NaN, null and zeros compare as ever."""
    nan = float("nan")
    left = table("id int, v double", (1, 0.0), (1, 0.0), (1, nan), (2, None), (2, None))
    right = table("id int, v double", (1, -0.0), (1, nan), (1, nan), (2, None), (3, 1.0))
    found = agrees(left, right, key=key)
    assert Counter((row["kind"], str((row["left"] or row["right"])["v"])) for row in found) == {
        ("left_only", "0.0"): 1, ("right_only", "nan"): 1, ("left_only", "None"): 1, ("right_only", "1.0"): 1,
    }  # fmt: skip


def test_a_declared_row_is_expected_and_an_equal_one_stays(table: Frames) -> None:
    """Of equal rows the one that no change covers is the surplus, as in the counts."""
    left = table("v int, source string", (1, "old"), (1, "kept"), (2, "old"))
    right = table("v int", (1,))
    meant = (Expected(None, kind="row_removed", where="old.source = 'old'", reason=WHY),)
    found = agrees(left, right, changes=meant)
    assert {(row["left"]["v"], row["left"]["source"], row["expected"]) for row in found} == {
        (1, "kept", False), (2, "old", True),
    }  # fmt: skip


def test_keys_of_two_types_and_names_of_any_kind(table: Frames) -> None:
    """The key comes in the form that both have in common; dots, spaces and backticks are only names."""
    left = table("`the id` int, `a.b` int, `c``d` int", (1, 1, 1), (2, 1, 1))
    right = table("`the id` bigint, `a.b` int, `c``d` int", (1, 2, 2), (3, 1, 1))
    found = agrees(left, right, key=["the id"])
    assert sorted(row["key"]["the id"] for row in found) == [1, 2, 3]
    assert [row["differing"] for row in found if row["kind"] == "changed"] == [["a.b", "c`d"]]


def test_parts_that_fingerprints_prove_equal_are_left_out(table: Frames) -> None:
    """The rows are the same, and none where nothing is open."""
    left = table("day int, id int, v int", (1, 1, 1), (2, 1, 1))
    right = table("day int, id int, v int", (1, 1, 1), (2, 1, 2))
    key = ["day", "id"]
    one, other = (fingerprint(frame, key, by="day", unique=True) for frame in (left, right))
    found = rows_that_differ(left, right, key=key, fingerprints=(one, other)).collect()
    assert [(row["key"]["day"], row["differing"]) for row in found] == [(2, ["v"])]
    assert rows_that_differ(left, left, key=key, fingerprints=(one, one)).collect() == []


def test_arguments_are_refused_as_compare_does(table: Frames) -> None:
    """Before anything is computed."""
    with pytest.raises(KeyChoiceError, match="nothing is not on both sides"):
        rows_that_differ(table("id int", (1,)), table("id int", (1,)), key=["nothing"])
