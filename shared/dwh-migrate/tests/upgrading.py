"""Ledgers of older versions that hold what a newer one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from dwh.core import migrations
from dwh.core.ledger import Ledger
from dwh.core.ledger.schema import metadata


def older(new: Ledger, url: str, version: str) -> Ledger:
    """Make a ledger of an older version that holds what a newer one does, as far as it has a place."""
    found = Ledger(url)
    if found.url.get_backend_name() == "sqlite":
        Path(str(found.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with found.writing() as connection:
        setup = Config()
        setup.attributes["connection"] = connection
        setup.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(setup, version)
    with new.reading() as source, found.writing() as connection:
        there = sa.inspect(connection)
        for table in metadata.sorted_tables:
            if there.has_table(table.name):
                types = {each["name"]: each["type"] for each in there.get_columns(table.name)}
                _copy(source, connection, table, types, knows_days_alone=version < "0007")
    return found


def _copy(
    source: sa.Connection,
    target: sa.Connection,
    table: sa.Table,
    types: dict[str, Any],
    *,
    knows_days_alone: bool,
) -> None:
    """Copy the rows, with logical dates as the older schema keeps them: PostgreSQL had dates."""
    columns = [column for column in table.c if column.name in types]
    found = {name: each for name, each in types.items() if isinstance(each, sa.Date)}
    dates = found if knows_days_alone else {}
    rows: list[dict[str, Any]] = [dict(row._mapping) for row in source.execute(sa.select(*columns))]
    if rows:
        there = (sa.column(each.name, dates.get(each.name, each.type)) for each in columns)
        place = sa.table(table.name, *there)
        target.execute(place.insert(), rows)
