"""Runs that a ledger knows, though nothing has computed them: for tests that need no files."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger, OutputsRead, RunRecord

__all__ = ["committed_run"]


def committed_run(
    ledger: Ledger,
    *,
    table: str,
    line: str,
    dates: DateRange,
    reads: Sequence[OutputsRead] = (),
    inputs: Sequence[Mapping[str, Any]] = (),
    contract: Table | None = None,
) -> str:
    """Commit a run that wrote one row for each of some dates in environment `dev`; return its id.

    Parameters:
        reads: the outputs of other tables that it has read.
        inputs: what is recorded of each input, with its `name`.
        contract: by default of a daily table with nothing but its date.
    """
    now = datetime.now(timezone.utc)
    run = RunRecord(
        id=secrets.token_hex(8),
        job=table.rpartition(".")[2],
        line=line,
        release=f"{line}.0",
        table_name=table,
        environment="dev",
        status="started",
        first_date=dates.first,
        last_date=dates.last,
        started_at=now,
        finished_at=None,
        started_by="somebody",
        host="here",
        pid=1,
        location=f"{table}/{line}",
        contract=(contract or Table(table, (Column("day", "date"),), partition_by="day")).to_dict(),
        code={"state": "installed"},
        engine={},
        inputs=[dict(one) for one in inputs],
        error=None,
    )
    ledger.start_run(run, list(reads))
    ledger.commit_run(run, dict.fromkeys(dates, 1))
    return run.id
