"""What the reports say of the values that differ."""

from __future__ import annotations

import dataclasses

import pytest

from dwh.compare.model import Cell, CellChange, ColumnResult, Comparison, SampleRow
from dwh.compare.report import values


def test_columns_with_most_unexpected_differences_come_first(failing: Comparison) -> None:
    assert [(column.name, column.unexpected) for column in values.columns(failing)] == [
        ("avg_delay", 34),
        ("on_time", 0),
    ]


def test_a_column_says_how_far_apart_it_is_and_what_touched_the_number(failing: Comparison) -> None:
    column = values.columns(failing)[0]
    assert column.numbers == "largest 12.5 (40 %), mean 3.25 (11 %)"
    assert column.nulls == "12 became null"
    assert column.note == "equal within 1e-09"


def test_columns_without_a_difference_are_named_by_what_happened_to_them(failing: Comparison) -> None:
    odd = ColumnResult("payload", compared=False, why_not="a type that cannot be compared")
    assert values.other_columns(dataclasses.replace(failing, columns=(*failing.columns, odd))) == (
        ("equal", ("flight_date", "carrier", "flights", "delayed", "passengers")),
        ("ignored", ("loaded_at",)),
        ("not compared", ("payload",)),
    )


def test_changed_cells_come_first_and_the_rest_is_counted(failing: Comparison) -> None:
    sample = values.samples(failing, 2)[0]
    assert [(cell.column, cell.tone) for cell in sample.cells] == [
        ("avg_delay", "unexpected"),
        ("on_time", "expected"),
    ]
    assert sample.left_out == 1


def test_a_row_on_one_side_has_no_marked_cells(failing: Comparison) -> None:
    sample = values.samples(failing, 10)[1]
    assert (sample.kind, sample.tone) == ("only left", "unexpected")
    assert {(cell.tone, cell.new) for cell in sample.cells} == {("", "")}
    assert values.key_text(sample.key) == "flight_date = 2013-05-12, carrier = YV"


@pytest.mark.parametrize("place", [0, 5_000, 9_999])
def test_long_values_are_shown_where_they_part(failing: Comparison, place: int) -> None:
    old = "x" * 10_000
    new = old[:place] + "y" + old[place + 1 :]
    row = SampleRow("changed", {}, (CellChange("c", Cell(old), Cell(new), changed=True),))
    cell = values.samples(dataclasses.replace(failing, samples=(row,)), 1)[0].cells[0]
    assert "y" in cell.new
    assert len(cell.old) < 200


def test_a_value_that_the_comparison_cut_says_so(failing: Comparison) -> None:
    row = SampleRow("changed", {}, (CellChange("c", Cell("abc", True), Cell(None), changed=True),))
    cell = values.samples(dataclasses.replace(failing, samples=(row,)), 1)[0].cells[0]
    assert (cell.old, cell.new) == ("abc…⟨the value continues⟩", "⟨null⟩")


def test_values_that_part_after_the_cut_do_not_look_equal(failing: Comparison) -> None:
    row = SampleRow("changed", {}, (CellChange("c", Cell("abc", True), Cell("abc", True), changed=True),))
    cell = values.samples(dataclasses.replace(failing, samples=(row,)), 1)[0].cells[0]
    assert cell.old == "abc…⟨they differ further on⟩"
    assert cell.new == "abc…⟨another value: they differ further on⟩"


def test_what_comes_before_the_part_that_is_shown_is_counted(failing: Comparison) -> None:
    change = CellChange("c", Cell("xa", False, 1_260), Cell("xb", True, 1_260), changed=True)
    row = SampleRow("changed", {}, (change,))
    cell = values.samples(dataclasses.replace(failing, samples=(row,)), 1)[0].cells[0]
    assert (cell.old, cell.new) == (
        "⟨1,260 characters are the same⟩…xa",
        "⟨1,260 characters are the same⟩…xb…⟨the value continues⟩",
    )


@pytest.mark.parametrize(
    ("old", "new"), [("caf\u00e9", "cafe\u0301"), ("a", "\u0430"), ("x" * 150 + "a", "x" * 150 + "b")]
)
def test_rows_of_one_side_look_different_where_their_values_are(
    failing: Comparison, old: str, new: str
) -> None:
    """Keys, too: nothing is shown beside them."""
    left = SampleRow("left_only", {"k": Cell(old)}, (CellChange("c", Cell(old), None),))
    right = SampleRow("right_only", {"k": Cell(new)}, (CellChange("c", None, Cell(new)),))
    one, other = values.samples(dataclasses.replace(failing, samples=(left, right)), 1)
    assert one.cells[0].old.casefold() != other.cells[0].new.casefold()
    assert one.key != other.key
    assert values.samples(dataclasses.replace(failing, samples=(left, left)), 1)[0].cells[0].new == ""
