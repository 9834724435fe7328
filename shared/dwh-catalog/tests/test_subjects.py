"""What tables are called in a catalog."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cataloging import Lake
from stories import ONE, amounts
from warehousing import Runs, table

from dwh.catalog.errors import TakenNameError
from dwh.catalog.subjects import subjects_of

COLUMNS = ("day date", "shop string", "amount bigint")


def names(lake: Lake, **settings: object) -> list[str]:
    changed = replace(lake.settings, **settings)  # type: ignore[arg-type]
    return [subject.name for subject in subjects_of(changed, lake.warehouse.ledger)]


def test_names_follow_the_patterns(runs: Runs, lake: Lake) -> None:
    for name in ("orders", "shop.takings", "a.b.c"):
        runs.commit(table(name, *COLUMNS), {ONE: amounts(1)}, "7.1")
    assert names(lake, lines=None) == ["prod_a_b.c", "prod_default.orders", "prod_shop.takings"]
    assert names(lake, published=None)[-1] == "prod_shop.takings__v7_1"
    assert names(lake, published="sales.{schema}_{table}", lines=None)[-1] == "sales.shop_takings"


def test_two_tables_of_one_name_are_refused(runs: Runs, lake: Lake) -> None:
    for name in ("a.b.c", "a_b.c"):
        runs.commit(table(name, *COLUMNS), {ONE: amounts(1)}, "7.1")
    with pytest.raises(TakenNameError, match=r"a\.b\.c .* and a_b\.c .* would both be called prod_a_b\.c"):
        lake.sync()
