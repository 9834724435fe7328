"""Running what a comparison lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dwh.core import Column, Table
from dwh.core.dates import DateRange
from dwh.core.errors import MissingInputError, UnknownSourceError
from dwh.core.testing.runs import committed_run
from dwh.core.warehouse import Warehouse
from dwh.migrate.compare.missing import is_complete, run_missing
from dwh.migrate.compare.one_by_one import run_one_by_one
from dwh.migrate.compare.outputs import OutputOptions, compare_outputs
from dwh.migrate.compare.subjects import subjects_of

DAYS = DateRange(date(2024, 1, 1), date(2024, 1, 2))
ONE = "takings@7.1"


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("amount", "verdict", "found"),
    [("F.col('orders') * 2.0", "pass", []), ("F.rand()", "fail", ["amount"])],
    ids=["deterministic", "random"],
)
def test_a_version_that_runs_twice(spark, config, installed_line, takings, amount, verdict, found):
    """The same version on the same input passes; one that is not deterministic names the columns."""
    installed_line("7.1", {"takings": takings(body=f"return takings.withColumn('amount', {amount})")})
    warehouse, said = Warehouse.create(config), []
    assert not is_complete(warehouse, ONE, ONE, DAYS)
    run_missing(spark, warehouse, ONE, ONE, DAYS, said.append)
    assert said == [f"running {ONE} for {DAYS}"] * 2
    assert is_complete(warehouse, ONE, ONE, DAYS)
    result = compare_outputs(spark, warehouse, *subjects_of(warehouse, ONE, ONE, DAYS), OutputOptions())
    assert (result.verdict, result.measurement.key) == (verdict, ("day", "shop"))
    assert [column.name for column in result.columns if column.differing.unexpected] == found


def test_what_is_refused_does_not_begin(config, installed_line, takings):
    """A job of which an input is nowhere is refused before it is told to be running."""
    installed_line("7.1", {"takings": takings(**{'"orders",\n    columns': '"nowhere",\n    columns'})})
    warehouse, said = Warehouse.create(config), []
    for words in ((ONE, ONE), (ONE, "takings@7.1.0")):
        with pytest.raises(UnknownSourceError):
            run_missing(None, warehouse, *words, DAYS, said.append)
    with pytest.raises(UnknownSourceError):
        run_one_by_one(None, warehouse, ONE, DAYS, said.append)
    assert said == []


def test_a_release_elsewhere_does_not_begin_a_history_anew(warehouse):
    """Beside a run that went on from a history, a release that is not installed is refused like others."""
    contract = Table("shop.totals", (Column("shop", "string"),), key=("shop",))
    warehouse = replace(warehouse, config=warehouse.config.in_environment("dev"))
    for day in (*DAYS, date(2024, 1, 3)):
        committed_run(
            warehouse.ledger,
            table=contract.name,
            line="0.7",
            dates=DateRange(day, day),
            contract=contract,
            inputs=[{"name": "orders"}, {"name": contract.name}],
        )
    said, third = [], DateRange(date(2024, 1, 3), date(2024, 1, 3))
    remedy = "type: dwh run totals@0.8.5 --from 2024-01-01 --to 2024-01-02 --env dev"
    with pytest.raises(MissingInputError, match=f"line 0.8 in dev, on which 2024-01-03 builds .*{remedy}"):
        run_missing(None, warehouse, "totals@0.7", "totals@0.8.5", third, said.append)
    assert said == []
