"""A rollout as an operator leads it, from the pin to the way back; the comparisons that prove it are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from readers import session
from stories import ONE, THREE, Read, Rows
from warehousing import Runs

from dwh.core.config import SourcePlace
from dwh.core.dates import DateRange
from dwh.core.lines import find_line
from dwh.core.warehouse import Warehouse, read_table
from dwh.migrate.rollout import advance, pin, plan, roll_back, start
from dwh.migrate.rollout.proving import prove

TABLE, JOB = "shop.takings", {"job": "takings", "environment": "prod"}
OLD, NEW = ("day", "shop", "orders", "amount"), ("day", "shop", "orders", "revenue", "currency")


def rollout(runs: Runs) -> Iterator[list[Read]]:
    """Line 7.2 renames `amount` and adds `currency`: proven for each date, cut over, and rolled back."""
    config = replace(runs.warehouse.config, sources={"orders": SourcePlace("csv", "landing")})  # plans ask
    warehouse = Warehouse(config, runs.warehouse.ledger)
    _written(runs, "7.1", amount=1.5)
    pin(warehouse, **JOB, line="7.1", reason="where we start", publish=True)
    before: Rows = [(ONE, "north", 3, 1.5), (THREE, "north", 3, 1.5)]
    yield [_read(runs, OLD, before)]
    plan(warehouse, **JOB, old="7.1", new="7.2", gate=2)
    start(warehouse, **JOB, reason="as planned")
    _written(runs, "7.2", revenue=1.5, currency="EUR")
    prove(session(), warehouse, job="takings", line="7.2", dates=DateRange(ONE, THREE))
    yield [_read(runs, OLD, before)]
    assert advance(warehouse, **JOB).decision.action == "cutover"
    after: Rows = [(*row, "EUR") for row in before]
    yield [_read(runs, NEW, after)]
    roll_back(warehouse, **JOB, reason="readers are not ready")
    yield [_read(runs, OLD, before)]


def _written(runs: Runs, line: str, **values: Any) -> None:
    rows: dict[date, list[dict[str, Any]]] = {
        day: [{"shop": "north", "orders": 3, **values}] for day in (ONE, THREE)
    }
    runs.commit(find_line(line).job("takings").writes, rows, line)


def _read(runs: Runs, columns: tuple[str, ...], rows: Rows) -> Read:
    """Return what readers of the catalog must get, which is what `read_table` gives."""
    frame = read_table(session(), TABLE, warehouse=runs.warehouse)
    assert (tuple(frame.columns), sorted(map(tuple, frame.collect()))) == (columns, rows)
    return Read("prod_shop.takings", columns, rows)
