"""When something is recorded, where the order of records counts and several machines keep them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import sqlalchemy as sa

__all__ = ["recorded_now"]

_NEXT = timedelta(microseconds=1)


def recorded_now(
    connection: sa.Connection, column: sa.Column[datetime], *mine: sa.ColumnElement[bool]
) -> datetime:
    """Return the time (UTC), or right after the newest of some records where a clock that made it is ahead.

    Parameters:
        column: when a record was made.
        mine: the records after which the one to come counts.
    """
    now, newest = datetime.now(timezone.utc), connection.scalar(sa.select(sa.func.max(column)).where(*mine))
    return now if newest is None else max(now, newest + _NEXT)
