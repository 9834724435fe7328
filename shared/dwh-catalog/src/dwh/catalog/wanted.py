"""What the ledger says of a table: its sequence, the outputs that readers get, and their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        outputs: those that are the table to a reader, at most one for each logical date.
        contracts: under which each line's outputs are read, that of the newest output first.
    """

    subject: Subject
    sequence: int
    outputs: tuple[Output, ...]
    contracts: Mapping[str, Mapping[str, Any]]

    @property
    def contract(self) -> Mapping[str, Any]:
        """The contract of the newest output, which says how the table is laid out."""
        return next(iter(self.contracts.values()))


def ledger_sequence(ledger: Ledger, subject: Subject) -> int | None:
    """Return the sequence of what last changed a table; None where it has never had an output."""
    if subject.line is None:
        column = publications.c.sequence
        mine = (publications.c.environment == subject.environment) & (
            publications.c.table_name == subject.table
        )
    else:
        column = receipts.c.sequence
        mine = (
            (receipts.c.environment == subject.environment)
            & (receipts.c.table_name == subject.table)
            & (receipts.c.line == subject.line)
        )
    with ledger.reading() as connection:
        found: int | None = connection.scalar(sa.select(sa.func.max(column)).where(mine))
    return found


def wanted_state(warehouse: Warehouse, subject: Subject) -> Wanted | None:
    """Return the state that the ledger has of a table now; None where it has never had an output.

    What is committed meanwhile may be in it already. The sequence is read first: then what it says is older
    than the outputs at most, and the next sync looks again.
    """
    sequence = ledger_sequence(warehouse.ledger, subject)
    if sequence is None:
        return None
    outputs = _outputs(warehouse.ledger, subject)
    current = warehouse.current(outputs) if outputs else []
    newest_first = sorted(current, key=lambda output: output.sequence, reverse=True)
    contracts = warehouse.contracts(newest_first)
    in_order = {output.line: contracts[output.line] for output in newest_first}
    return Wanted(subject, sequence, tuple(current), in_order)


def _outputs(ledger: Ledger, subject: Subject) -> list[Output]:
    if subject.line is None:
        return ledger.published_outputs(environment=subject.environment, table=subject.table)
    return ledger.newest_outputs(environment=subject.environment, table=subject.table, line=subject.line)
