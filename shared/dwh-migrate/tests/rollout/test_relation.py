"""How two contracts relate: what breaks readers, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dwh.core import Added, Column, Expected, Job, Renamed, Table
from dwh.migrate.rollout.relation import breaks

DAY, SHOP = Column("day", "date"), Column("shop", "string", "its name")
AMOUNT = Column("amount", "decimal(12,2)", "in euro", nullable=True)
NEW = Column("tips", "double", nullable=True)
BEFORE = Table("shop.takings", (DAY, SHOP, AMOUNT), key=("day", "shop"), partition_by="day", doc="one shop")


def job(table: Table, *declared: Any) -> type[Job]:
    """Return a job that writes a table."""

    class Takings(Job):
        reads = ()
        writes = table
        changes = declared

        def transform(self) -> Any:
            """Compute nothing."""

    return Takings


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        replace(BEFORE, columns=(DAY, SHOP, AMOUNT, NEW)),
        replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, sensitive=True))),
        replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, nullable=False))),
        replace(BEFORE, columns=(DAY, SHOP, AMOUNT, NEW, replace(NEW, name="more"))),
    ],
)
def test_what_readers_do_not_notice(after):
    """The same contract, new nullable columns at the end and a stricter column break nobody."""
    assert breaks(job(BEFORE), job(after, Added("tips", "asked for"))) == ()


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (replace(BEFORE, columns=(DAY, SHOP)), "column amount is gone"),
        (replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, name="total"))), "column amount is gone"),
        (replace(BEFORE, columns=(DAY, AMOUNT, SHOP)), "the columns are in another order"),
        (replace(BEFORE, columns=(DAY, SHOP, NEW, AMOUNT)), "column tips is new, but not at the end"),
        (
            replace(BEFORE, columns=(DAY, SHOP, AMOUNT, replace(NEW, nullable=False))),
            "column tips is new and never null",
        ),
        (
            replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, type="double"))),
            "the type of amount changed: decimal(12,2) → double",
        ),
        (
            replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, doc="in cent"))),
            "the meaning of amount changed: 'in euro' → 'in cent'",
        ),
        (replace(BEFORE, key=("day",)), "the key changed: day, shop → day"),
        (replace(BEFORE, key=()), "the key changed: day, shop → none"),
        (replace(BEFORE, may_be_empty=True), "a date without rows is now valid"),
        (replace(BEFORE, doc="one till"), "what one row is changed: 'one shop' → 'one till'"),
        (replace(BEFORE, name="shop.sales"), "the table's name changed: shop.takings → shop.sales"),
    ],
)
def test_what_breaks_readers(after, reason):
    """Whatever changes the meaning, the type, the order or the absence of nulls breaks, and is named."""
    assert any(reason in found for found in breaks(job(BEFORE), job(after)))


def test_a_column_that_may_be_null_now_breaks():
    """A column that may be null from now on breaks; one that never is from now on does not."""
    strict = replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, nullable=False)))
    assert breaks(job(strict), job(BEFORE)) == ("amount may now be null, though it was promised not to be",)
    assert breaks(job(BEFORE), job(strict)) == ()


def test_values_that_are_declared_to_differ_break():
    """The same columns with other values are another meaning, which the declaration says."""
    found = breaks(job(BEFORE), job(BEFORE, Expected("amount", "value", "refunds count")))
    assert found == ("amount: declared to differ (value), refunds count",)
    rows = breaks(job(BEFORE), job(BEFORE, Expected(None, "row_added", "closed shops")))
    assert rows == ("rows: declared to differ (row_added), closed shops",)


def test_a_rename_is_one_break():
    """A renamed column is one difference, with both names."""
    after = replace(BEFORE, columns=(DAY, SHOP, replace(AMOUNT, name="total")))
    found = breaks(job(BEFORE), job(after, Renamed("amount", "total", "it is one")))
    assert found == ("column amount is now called total",)


def test_other_words_for_the_same_do_not_break():
    """Case, spacing and a full stop change no meaning, for the gate and for a rollout alike."""
    amount = replace(AMOUNT, doc=" In euro.")
    assert breaks(job(BEFORE), job(replace(BEFORE, columns=(DAY, SHOP, amount), doc="One shop."))) == ()
