"""What earlier runs have read of an input, where a run is to read the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dwh.core.dates import DateRange
from dwh.core.grain import are_neighbours
from dwh.core.inputs import Input
from dwh.core.ledger import OutputsRead, RunRecord
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse

__all__ = ["EarlierReads", "read_alike", "read_by", "together"]

_CHUNK = 500  # ids in one statement


@dataclass(frozen=True)
class EarlierReads:
    """What runs have read of one input, and what they asked for.

    Attributes:
        run_id: the first of the runs.
        record: what they have recorded of it.
        dates: the logical dates of it that they asked for; None where they asked for all, or a whole table.
        outputs: by logical date, the run that had written what they read of another job's table. A date that
            they asked for, and that was not there, is none of them.
    """

    run_id: str
    record: Mapping[str, Any]
    dates: frozenset[date] | None
    outputs: Mapping[date, str]

    def with_those(self, other: EarlierReads) -> EarlierReads | None:
        """Return what both have read, None where that differs, so that no run could read the same as both."""
        if self.record != other.record or (self.dates is None) != (other.dates is None):
            return None
        if self.dates is None or other.dates is None:
            return self if self.outputs == other.outputs else None
        if any(self.outputs.get(day) != other.outputs.get(day) for day in self.dates & other.dates):
            return None
        outputs = {**self.outputs, **other.outputs}
        return EarlierReads(self.run_id, self.record, self.dates | other.dates, outputs)


def read_by(
    run_ids: Iterable[str], needs: Iterable[Input], warehouse: Warehouse
) -> dict[str, dict[str, EarlierReads]]:
    """Return what each of some runs has read of some inputs of other tables, by run and input's name.

    An input that a run did not have, or asked for in another way, is not there.
    """
    needs, ids = [need for need in needs if not need.own], sorted(set(run_ids))
    reads = warehouse.ledger.reads_of(ids)
    return {run.id: dict(_of_run(run, needs, reads.get(run.id, []))) for run in _found(warehouse, ids)}


def read_alike(needs: Sequence[Input], runs_of: Mapping[date, str], warehouse: Warehouse) -> list[DateRange]:
    """Return logical dates as ranges, of each of which one run can read what its dates' runs have read.

    Neighbouring dates are together as long as their runs have read the same of what both have asked for.

    Parameters:
        runs_of: the run to read like, by logical date.
    """
    read = read_by(runs_of.values(), needs, warehouse)
    pieces: list[list[date]] = []
    held: dict[str, EarlierReads] = {}
    for day in sorted(runs_of):
        mine = read.get(runs_of[day], {})
        both = together([held, mine]) if pieces and are_neighbours(pieces[-1][-1], day) else None
        if both is None:
            pieces.append([])
        held = mine if both is None else both
        pieces[-1].append(day)
    return [DateRange(days[0], days[-1]) for days in pieces]


def together(read: Iterable[Mapping[str, EarlierReads]]) -> dict[str, EarlierReads] | None:
    """Return what runs have read of each input, None where they have not read alike."""
    found: dict[str, EarlierReads] = {}
    for inputs in read:
        for name, earlier in inputs.items():
            both = found[name].with_those(earlier) if name in found else earlier
            if both is None:
                return None
            found[name] = both
    return found


def _found(warehouse: Warehouse, ids: list[str]) -> Iterator[RunRecord]:
    for start in range(0, len(ids), _CHUNK):
        yield from warehouse.ledger.find_runs(runs.c.id.in_(ids[start : start + _CHUNK]))


def _of_run(
    run: RunRecord, needs: Iterable[Input], reads: Iterable[OutputsRead]
) -> Iterator[tuple[str, EarlierReads]]:
    records = {record["name"]: record for record in run.inputs}
    for need in needs:
        record = records.get(need.name)
        if record is None or bool(record.get("whole")) != (need.table.date_column is None):
            continue
        outputs = {
            day: one.read_run_id
            for one in reads
            if one.table_name == need.name
            for day in DateRange(one.first_date, one.last_date)
        }
        yield need.name, EarlierReads(run.id, record, _asked(run, need, record), outputs)


def _asked(run: RunRecord, need: Input, record: Mapping[str, Any]) -> frozenset[date] | None:
    """Return the logical dates of an input that a run asked for, None for all."""
    if need.table.date_column is None:
        return None
    of_run = DateRange(run.first_date, run.last_date).covering(need.table.logical_grain)
    return frozenset(of_run.widened(record.get("back", 0), record.get("ahead", 0)))
