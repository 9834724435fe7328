"""Under which contracts outputs were written: within a line, too, releases and edits may change one."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from dwh.core.ledger.files import of_runs
from dwh.core.ledger.schema import runs

__all__ = ["runs_of_each_contract"]


def runs_of_each_contract(connection: sa.Connection, run_ids: Iterable[str]) -> list[str]:
    """Return, of some runs, the newest of each line for each contract under which it has written."""
    written = (runs.c.line, sa.cast(runs.c.contract, sa.Text))
    query = sa.select(*written, sa.func.max(runs.c.id)).group_by(*written)
    found: dict[tuple[str, str], str] = {}
    for of_some in of_runs(runs.c.id, run_ids):  # sorted, so that the last ones are the newest
        found |= {(line, text): run_id for line, text, run_id in connection.execute(query.where(of_some))}
    return list(found.values())
