"""What the ledger says of a table: its sequence, the outputs that readers get, and their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from dwh.catalog.subjects import Subject
from dwh.core.ledger import Ledger, Output
from dwh.core.ledger.schema import publications, receipts
from dwh.core.warehouse import Warehouse

__all__ = ["Wanted", "ledger_sequence", "wanted_state"]


@dataclass(frozen=True)
class Wanted:
    """The state of a table that a catalog should have.

    Attributes:
        sequence: the ledger's, of the last commit or decision that changed it.
        changed_at: when that was.
        outputs: those that are the table to a reader, at most one for each logical date.
        contracts: under which each line's outputs are read, that of the newest output first.
    """

    subject: Subject
    sequence: int
    changed_at: datetime
    outputs: tuple[Output, ...]
    contracts: Mapping[str, Mapping[str, Any]]

    @property
    def contract(self) -> Mapping[str, Any]:
        """The contract of the newest output, which says how the table is laid out."""
        return next(iter(self.contracts.values()))


def ledger_sequence(ledger: Ledger, subject: Subject) -> int | None:
    """Return the sequence of what last changed a table; None where it has never had an output."""
    found = _last_change(ledger, subject)
    return found[0] if found else None


def wanted_state(warehouse: Warehouse, subject: Subject) -> Wanted | None:
    """Return the state that the ledger has of a table now; None where it has never had an output.

    What is committed meanwhile may be in it already. The sequence is read first: then what it says is older
    than the outputs at most, and the next sync looks again.
    """
    last = _last_change(warehouse.ledger, subject)
    if last is None:
        return None
    outputs = _outputs(warehouse.ledger, subject)
    current = warehouse.current(outputs) if outputs else []
    newest_first = sorted(current, key=lambda output: output.sequence, reverse=True)
    contracts = warehouse.contracts(newest_first)
    in_order = {output.line: contracts[output.line] for output in newest_first}
    return Wanted(subject, *last, tuple(current), in_order)


def _last_change(ledger: Ledger, subject: Subject) -> tuple[int, datetime] | None:
    """Return sequence and time of what last changed a table."""
    if subject.line is None:
        source, at = publications, publications.c.published_at
        mine = source.c.environment == subject.environment
    else:
        source, at = receipts, receipts.c.committed_at
        mine = (source.c.environment == subject.environment) & (source.c.line == subject.line)
    query = sa.select(source.c.sequence, at).where(mine, source.c.table_name == subject.table)
    with ledger.reading() as connection:
        found = connection.execute(query.order_by(source.c.sequence.desc()).limit(1)).first()
    return (found[0], found[1]) if found else None


def _outputs(ledger: Ledger, subject: Subject) -> list[Output]:
    if subject.line is None:
        return ledger.published_outputs(environment=subject.environment, table=subject.table)
    return ledger.newest_outputs(environment=subject.environment, table=subject.table, line=subject.line)
