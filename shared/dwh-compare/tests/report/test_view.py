"""What the reports say of rows, and that unexpected comes first."""

from __future__ import annotations

import dataclasses

from dwh.compare.model import Comparison
from dwh.compare.report import view


def test_unexpected_and_expected_are_counted_apart(failing: Comparison) -> None:
    counted = {line.what: (line.unexpected, line.expected, line.whole) for line in view.differences(failing)}
    assert counted == {
        "columns added, removed or redefined": (1, 2, 8),
        "rows changed": (34, 2_150, 5_596),
        "rows only left": (3, 0, 5_599),
        "rows only right": (0, 2, 5_598),
        "values in changed rows": (34, 2_184, None),
    }


def test_every_row_is_counted_once(failing: Comparison) -> None:
    shares = view.row_shares(failing)
    assert (shares.unexpected, shares.expected, shares.equal, shares.all) == (37, 2_152, 3_412, 5_601)


def test_what_nobody_looked_at_is_not_called_zero(passing: Comparison) -> None:
    facts = {fact.what: fact.left for fact in view.row_facts(passing)}
    assert facts["keys that repeat"] == "not looked at"
    assert facts["only on this side"] == "0"


def test_a_share_says_of_how_many(failing: Comparison) -> None:
    changed, *_, cells = view.differences(failing)[1:]
    assert view.part(changed) == "39.03 % of 5,596"
    assert view.part(cells) == "2,218"


def test_the_tone_tells_both_from_one() -> None:
    assert [view.tone(*counts) for counts in ((1, 0), (0, 1), (1, 1), (0, 0))] == [
        "unexpected",
        "expected",
        "both",
        "",
    ]


def test_a_name_that_is_empty_is_still_seen() -> None:
    assert view.name("") == "⟨empty⟩"


def test_a_column_that_fails_is_not_counted_as_declared(failing: Comparison) -> None:
    schema = tuple(dataclasses.replace(column, fails=True) for column in failing.schema)
    line = view.differences(dataclasses.replace(failing, schema=schema))[0]
    assert (line.unexpected, line.expected) == (8, 0)
