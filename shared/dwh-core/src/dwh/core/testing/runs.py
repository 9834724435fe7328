"""Runs that a ledger knows, though nothing has computed them: for tests that need no files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from dwh.core.contract import Column, Table
from dwh.core.dates import DateRange
from dwh.core.identity import new_id
from dwh.core.ledger import Ledger, OutputsRead, RunRecord

__all__ = ["committed_run", "started_run"]


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
    written = contract or Table(table, (Column("day", "date"),), partition_by="day")
    run = started_run(written, line=line, dates=dates, inputs=[dict(one) for one in inputs])
    ledger.start_run(run, list(reads))
    ledger.commit_run(run, dict.fromkeys(dates, 1))
    return run.id


def started_run(
    contract: Table,
    *,
    line: str,
    dates: DateRange,
    job: str | None = None,
    environment: str = "dev",
    **others: Any,
) -> RunRecord:
    """Return a run that is about to start; it is not recorded yet.

    Parameters:
        job: by default the last word of the table's name.
        others: what is to be recorded otherwise than by default, as `RunRecord` names it.
    """
    now = datetime.now(timezone.utc)
    run_id = others.pop("id", None) or new_id(now)
    parts: dict[str, Any] = {
        "id": run_id,
        "job": job or contract.name.rpartition(".")[2],
        "line": line,
        "release": f"{line}.0",
        "table_name": contract.name,
        "environment": environment,
        "status": "started",
        "first_date": dates.first,
        "last_date": dates.last,
        "started_at": now,
        "finished_at": None,
        "started_by": "somebody",
        "host": "here",
        "pid": 1,
        "location": f"{contract.name}/{line}/_run={run_id}",
        "contract": contract.to_dict(),
        "code": {"state": "installed"},
        "engine": {},
        "inputs": [],
        "error": None,
    }
    return RunRecord(**{**parts, **others})
