"""What a report says, in the order it says it: the same for the terminal, Markdown and HTML.

Everything here is derived from a `Comparison` and nothing is computed again from data. Every text is
already `visible` and bounded; a rendering only has to escape it for its own format. What lives here
is the summary; `schema`, `values` and `measured` have the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dwh.compare.safe_text import count, percent, shorten

if TYPE_CHECKING:
    from dwh.compare.model import Comparison, Split

__all__ = [
    "Difference",
    "RowFact",
    "RowShares",
    "Tone",
    "amount",
    "differences",
    "name",
    "part",
    "row_facts",
    "row_shares",
    "tone",
]

Tone = Literal["unexpected", "expected", "both", ""]


@dataclass(frozen=True)
class Difference:
    """One line of unexpected against expected; `whole` is what they are a part of, None if unknown."""

    what: str
    unexpected: int
    expected: int
    whole: int | None


@dataclass(frozen=True)
class RowShares:
    """Every row of both sides once: a pair with the same key counts as one."""

    unexpected: int
    expected: int
    equal: int

    @property
    def all(self) -> int:
        """All rows."""
        return self.unexpected + self.expected + self.equal


@dataclass(frozen=True)
class RowFact:
    """A count of rows on either side."""

    what: str
    left: str
    right: str


def name(text: str) -> str:
    """A name of a column, table or version."""
    return shorten(text, 80) or "⟨empty⟩"


def amount(number: int | None) -> str:
    """A count, where None means that nobody looked."""
    return "not looked at" if number is None else count(number)


def tone(unexpected: int, expected: int) -> Tone:
    """Which kinds of difference there are."""
    if unexpected:
        return "both" if expected else "unexpected"
    return "expected" if expected else ""


def part(line: Difference) -> str:
    """How much differs, as a share of the whole where that is known."""
    together = line.unexpected + line.expected
    return (
        count(together) if line.whole is None else f"{percent(together, line.whole)} of {count(line.whole)}"
    )


def differences(comparison: Comparison) -> tuple[Difference, ...]:
    """Unexpected against expected: of columns, of rows, of values."""
    rows, schema = comparison.rows, comparison.schema
    pairs = rows.matched + rows.changed.count
    failing = sum(column.fails for column in schema)
    declared = sum(column.declared and not column.fails and column.status != "same" for column in schema)
    values = [column.differing for column in comparison.columns]
    return (
        Difference("columns added, removed or redefined", failing, declared, len(schema)),
        Difference("rows changed", rows.changed.unexpected, rows.changed.expected, pairs),
        Difference("rows only left", rows.left_only.unexpected, rows.left_only.expected, rows.left),
        Difference("rows only right", rows.right_only.unexpected, rows.right_only.expected, rows.right),
        Difference("values in changed rows", *_unexpected_and_expected(values), None),
    )


def row_shares(comparison: Comparison) -> RowShares:
    """How many rows are equal, differ as expected, differ unexpectedly."""
    rows = comparison.rows
    splits = (rows.changed, rows.left_only, rows.right_only)
    return RowShares(*_unexpected_and_expected(splits), rows.matched)


def row_facts(comparison: Comparison) -> tuple[RowFact, ...]:
    """The rows of either side: how many, with a partner, without, with keys that repeat or are null."""
    rows = comparison.rows
    return (
        RowFact("rows", amount(rows.left), amount(rows.right)),
        RowFact("equal in every compared column", count(rows.matched), count(rows.matched)),
        RowFact("same key, but changed", count(rows.changed.count), count(rows.changed.count)),
        RowFact("only on this side", count(rows.left_only.count), count(rows.right_only.count)),
        RowFact("keys that repeat", amount(rows.duplicate_keys_left), amount(rows.duplicate_keys_right)),
        RowFact(
            "rows whose key repeats on a side",
            amount(rows.duplicate_rows_left),
            amount(rows.duplicate_rows_right),
        ),
        RowFact("rows with a null in the key", amount(rows.null_keys_left), amount(rows.null_keys_right)),
    )


def _unexpected_and_expected(splits: Iterable[Split]) -> tuple[int, int]:
    every = list(splits)
    return sum(split.unexpected for split in every), sum(split.expected for split in every)
