"""What a side of a comparison is, by what the ledger knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fabricate import DAYS, TABLE, write

from dwh.core.ledger.schema import runs
from dwh.migrate.compare.subjects import contract_of


def test_a_clock_ahead_does_not_keep_an_old_contract(warehouse):
    """Outputs are compared by the contract of the run that committed last."""
    older, newer = (write(warehouse, "takings@7.1", day) for day in DAYS[:2])
    with warehouse.ledger.writing() as connection:
        ahead = {"started_at": older.started_at + timedelta(days=1), "contract": {"name": TABLE, "key": []}}
        connection.execute(runs.update().where(runs.c.id == older.id).values(**ahead))
    records = warehouse.ledger.find_runs()
    assert records[-1] == replace(records[-1], id=older.id)
    found = warehouse.ledger.newest_outputs(environment="prod", table=TABLE, line="7.1")
    assert contract_of(records, {output.partition_date: output for output in found}) == newer.contract
