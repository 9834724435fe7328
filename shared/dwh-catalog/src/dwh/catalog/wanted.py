"""What the ledger says of a table: its sequence, the outputs that readers get, and their contracts."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from dwh.catalog.subjects import Subject
from dwh.core.dates import DateRange
from dwh.core.ledger import Ledger, Output
from dwh.core.ledger.schema import publications, receipts
from dwh.core.warehouse import Warehouse

__all__ = [
    "Newest",
    "Wanted",
    "as_text",
    "changed_dates",
    "in_order",
    "last_change",
    "outputs_of",
    "wanted_state",
]


@dataclass(frozen=True)
class Newest:
    """The newest output of a line in a table: its contract says how the line's outputs are laid out.

    Attributes:
        sequence: of the commit that brought it to its environment.
        day: its logical date, as it is written.
    """

    sequence: int
    line: str
    run_id: str
    day: str

    @classmethod
    def of(cls, outputs: Iterable[Output]) -> tuple[Newest, ...]:
        """Return that of each line, the newest first."""
        found: dict[str, Output] = {}
        for output in outputs:
            if output.line not in found or output.sequence > found[output.line].sequence:
                found[output.line] = output
        return in_order(
            cls(each.sequence, each.line, each.run_id, str(each.partition_date)) for each in found.values()
        )

    @classmethod
    def read(cls, text: str | None) -> tuple[Newest, ...]:
        """Return what was written as `as_text`; nothing where nothing was."""
        return tuple(cls(*each) for each in json.loads(text)) if text else ()


def in_order(newest: Iterable[Newest]) -> tuple[Newest, ...]:
    """Return the newest outputs of lines, the newest of all first."""
    return tuple(sorted(newest, key=lambda each: each.sequence, reverse=True))


def as_text(newest: Iterable[Newest]) -> str:
    """Return the newest outputs of lines as text, for a snapshot's summary."""
    return json.dumps([astuple(each) for each in newest])


@dataclass(frozen=True)
class Wanted:
    """The state of a table that a catalog should have.

    Attributes:
        sequence: the ledger's, of the last commit or decision that changed it.
        changed_at: when that was.
        outputs: those that are the table to a reader, at most one for each logical date.
        contracts: under which each line's outputs are read, that of the newest output first.
        newest: of each line, in the same order.
    """

    subject: Subject
    sequence: int
    changed_at: datetime
    outputs: tuple[Output, ...]
    contracts: Mapping[str, Mapping[str, Any]]
    newest: tuple[Newest, ...] = ()

    @property
    def contract(self) -> Mapping[str, Any]:
        """The contract of the newest output, which says how the table is laid out."""
        return next(iter(self.contracts.values()))


def last_change(ledger: Ledger, subject: Subject, until: int | None = None) -> tuple[int, datetime] | None:
    """Return sequence and time of what last changed a table; None where it has never had an output.

    Parameters:
        until: only up to this sequence of the ledger.
    """
    rows, mine = _rows(subject)
    mine = mine if until is None else mine & (rows.c.sequence <= until)
    at = publications.c.published_at if subject.line is None else receipts.c.committed_at
    query = sa.select(rows.c.sequence, at).where(mine).order_by(rows.c.sequence.desc()).limit(1)
    with ledger.reading() as connection:
        found = connection.execute(query).first()
    return (found[0], found[1]) if found else None


def wanted_state(warehouse: Warehouse, subject: Subject) -> Wanted | None:
    """Return the state that the ledger has of a table now; None where it has never had an output.

    What is committed meanwhile may be in it already. The sequence is read first: then what it says is older
    than the outputs at most, and the next sync looks again.
    """
    last = last_change(warehouse.ledger, subject)
    if last is None:
        return None
    outputs = outputs_of(warehouse.ledger, subject)
    current = warehouse.current(outputs) if outputs else []
    newest, contracts = Newest.of(current), warehouse.contracts(current)
    in_their_order = {each.line: contracts[each.line] for each in newest}
    return Wanted(subject, *last, tuple(current), in_their_order, newest)


def changed_dates(ledger: Ledger, subject: Subject, since: int) -> dict[date, int]:
    """Return the logical dates of a table that something has happened to, with the last sequence of each.

    Parameters:
        since: only after this sequence of the ledger.
    """
    rows, mine = _rows(subject)
    day, last = rows.c.partition_date, sa.func.max(rows.c.sequence).label("last")
    query = sa.select(day, last).where(mine, rows.c.sequence > since).group_by(day)
    with ledger.reading() as connection:
        return {row.partition_date: row.last for row in connection.execute(query)}


def outputs_of(ledger: Ledger, subject: Subject, dates: Collection[DateRange] = ()) -> list[Output]:
    """Return the outputs that the ledger has of a table, by default of all logical dates."""
    return [output for wanted in dates or (None,) for output in _outputs(ledger, subject, wanted)]


def _rows(subject: Subject) -> tuple[sa.Table, sa.ColumnElement[bool]]:
    """Return the table of the ledger that says what happened to a table, and which of its rows do."""
    rows = publications if subject.line is None else receipts
    mine = (rows.c.environment == subject.environment) & (rows.c.table_name == subject.table)
    return rows, mine if subject.line is None else mine & (rows.c.line == subject.line)


def _outputs(ledger: Ledger, subject: Subject, dates: DateRange | None) -> list[Output]:
    of, table = subject.environment, subject.table
    if subject.line is None:
        return ledger.published_outputs(environment=of, table=table, dates=dates)
    return ledger.newest_outputs(environment=of, table=table, line=subject.line, dates=dates)
