"""What child processes do. They import this module alone, so that they start fast."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from invariants import snapshot_problems
from world import ENVIRONMENTS, TABLES, Operator, open_warehouse

__all__ = ["race"]


def race(root: str, ledger: str, seed: int, reads: bool, seconds: float, ready: Barrier, said: Queue) -> None:
    """Act, or read and check, once all are ready and until it is over; say what was done, or went wrong."""
    try:
        operator = Operator(open_warehouse(root, ledger), seed)
        ready.wait(timeout=120)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if reads:
                _read(operator)
            else:
                operator.act()
        said.put((operator.done, operator.refused, None))
    except BaseException:
        said.put((Counter(), Counter(), traceback.format_exc()))


def _read(operator: Operator) -> None:
    ledger = operator.warehouse.ledger
    for job, table in TABLES.items():
        for environment in ENVIRONMENTS:
            if problems := snapshot_problems(ledger, environment, job, table):
                raise AssertionError("; ".join(problems))
            operator.done["read"] += 1
