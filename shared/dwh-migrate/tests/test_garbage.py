"""What `dwh gc` does where it cannot do what it should. That it removes is tested with real runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fabricate import DAYS, write

from dwh.core.errors import LedgerError
from dwh.core.ledger import Ledger
from dwh.migrate.garbage import collect, dead_runs


def test_a_run_that_cannot_be_given_up_keeps_its_files(warehouse):
    """Where the ledger refuses to record it, that is told, and not taken for a run that has just ended."""
    run = write(warehouse, "takings@7.1", DAYS[0], commit=False)
    place = Path(warehouse.config.warehouse, run.location)
    place.mkdir(parents=True)
    dead = dead_runs(warehouse, 0)
    read_only = Ledger(f"sqlite:///file:{warehouse.ledger.url.database}?mode=ro&uri=true")
    with pytest.raises(LedgerError, match="readonly"):
        collect(replace(warehouse, ledger=read_only), dead)
    assert place.exists()
    assert [run.id for run in collect(warehouse, dead)] == [run.id]
    assert not place.exists()
