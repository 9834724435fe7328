"""A PostgreSQL that ends the connection of a ledger in the middle of a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import sqlalchemy as sa

from dwh.core.ledger import Ledger

__all__ = ["cut_off"]


@contextmanager
def cut_off(ledger: Ledger, before: int | None) -> Iterator[list[int]]:
    """Let the server end one connection of a ledger in PostgreSQL that writes.

    Parameters:
        before: which statement of the block's transactions it comes before, from 0; None for a commit.

    Gives the process ids of the connections that were ended: one, or none where nothing came so far.
    """
    engine, numbers, ended = ledger._engine, count(), list[int]()

    def end(connection: sa.Connection, *_statement: Any) -> None:
        if not connection.get_execution_options().get("dwh_writes") or ended:
            return
        if not _statement if before is None else _statement and next(numbers) == before:
            driver: Any = connection.connection.dbapi_connection
            ended.append(driver.info.backend_pid)
            with ledger.reading() as other:
                other.execute(sa.select(sa.func.pg_terminate_backend(ended[0], 5_000)))

    for event in ("before_cursor_execute", "commit"):
        sa.event.listen(engine, event, end)
    try:
        yield ended
    finally:
        for event in ("before_cursor_execute", "commit"):
            sa.event.remove(engine, event, end)
