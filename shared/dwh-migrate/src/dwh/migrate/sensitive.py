"""Which columns of a table hold values that only its readers are to see, as its contracts say.

A contract was recorded with each run. The installed line may call a column sensitive since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dwh.core.ledger import Output
from dwh.core.ledger.schema import runs
from dwh.core.lines import InstalledLine, installed_lines
from dwh.core.warehouse import Warehouse

__all__ = ["contracts_by_now", "sensitive_columns", "sensitive_columns_of"]


def sensitive_columns(contracts: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the columns that any of these contracts, as `Table.to_dict` gives them, calls sensitive."""
    columns = (column for contract in contracts for column in contract["columns"])
    return tuple(dict.fromkeys(str(column["name"]) for column in columns if column.get("sensitive")))


def contracts_by_now(
    recorded: Mapping[str, Any], *, job: str, installed: InstalledLine | None
) -> Iterator[Mapping[str, Any]]:
    """Yield a contract as it was recorded, and as the installed line has it, if that can be used."""
    yield recorded
    found = installed.usable_job(job) if installed else None
    if found and found.writes.name == recorded["name"]:
        yield found.writes.to_dict()


def sensitive_columns_of(warehouse: Warehouse, outputs: Iterable[Output]) -> tuple[str, ...]:
    """Return the sensitive columns of outputs of one table: of each line, by its newest run."""
    newest = {output.line: output.run_id for output in sorted(outputs, key=lambda output: output.sequence)}
    records, lines = warehouse.ledger.find_runs(runs.c.id.in_(newest.values())), installed_lines()
    return sensitive_columns(
        contract
        for record in records
        for contract in contracts_by_now(record.contract, job=record.job, installed=lines.get(record.line))
    )
