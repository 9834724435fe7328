"""Which outputs rest on something old: on another output, of whatever table, that was replaced since."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from dwh.core.dates import DateRange
from dwh.core.grain import grain_of
from dwh.core.ledger import Output, OutputsRead
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse

__all__ = ["outdated_inputs", "whole_tables"]

_Key = tuple[str, str, str | None]  # a table, an environment, and a line or None for what is published


def outdated_inputs(
    warehouse: Warehouse, outputs: Iterable[Output]
) -> dict[tuple[str, date], tuple[str, ...]]:
    """Return the inputs that have changed since they were read, by run and logical date of an output.

    An input has changed where its run would now read another output of a date: one that is newer in the line
    that it names, or that has been published since. An output also counts as changed where it rests on its
    table's output before, and that one is outdated; of those before the first that is given nothing is told.
    """
    ordered = sorted(outputs, key=lambda output: output.partition_date)
    reads = warehouse.ledger.reads_of({output.run_id for output in ordered})
    inputs = {run.id: run.inputs for run in warehouse.ledger.find_runs(runs.c.id.in_(reads))}
    whole = whole_tables(warehouse, {one.read_run_id for read in reads.values() for one in read})
    current = _current(warehouse, reads, inputs)
    found: dict[tuple[str, date], tuple[str, ...]] = {}
    for output in ordered:
        changed = [
            need["name"]
            for need in inputs.get(output.run_id, ())
            for day, run_id in _read(output, need, reads[output.run_id], whole | {output.table_name})
            if current[_key(need)].get(day) != run_id
            or (need["name"] == output.table_name and (run_id, day) in found)
        ]
        if changed:
            found[output.run_id, output.partition_date] = tuple(dict.fromkeys(changed))
    return found


def whole_tables(warehouse: Warehouse, run_ids: Iterable[str]) -> set[str]:
    """Return the tables that some runs have written whole for each logical date."""
    written = warehouse.ledger.find_runs(runs.c.id.in_(run_ids))
    return {run.table_name for run in written if not run.contract["partition_by"]}


def _read(
    output: Output, need: Mapping[str, Any], reads: Iterable[OutputsRead], of_earlier_dates: Container[str]
) -> Iterator[tuple[date, str]]:
    """Yield the dates of an input, each with the run that had written them, that were read for an output.

    Parameters:
        of_earlier_dates: the tables of which a run reads one output, which may be of a date before its own.
    """
    for one in (one for one in reads if one.table_name == need["name"] and need["format"] == "dwh"):
        day = output.partition_date
        wanted = DateRange(day, day).covering(grain_of(one.first_date))
        wanted = wanted.widened(need.get("back", 0), need.get("ahead", 0))
        if need["name"] in of_earlier_dates:
            wanted = DateRange(one.first_date, one.last_date)
        for read in DateRange(one.first_date, one.last_date):
            if wanted.first <= read <= wanted.last:
                yield read, one.read_run_id


def _key(need: Mapping[str, Any]) -> _Key:
    return need["name"], need["environment"], need["line"]


def _current(
    warehouse: Warehouse,
    reads: Mapping[str, Iterable[OutputsRead]],
    inputs: Mapping[str, Iterable[Mapping[str, Any]]],
) -> dict[_Key, dict[date, str]]:
    """Return the run that would be read now for each date of the inputs of some runs."""
    days: dict[_Key, list[date]] = {}
    for run_id, needs in inputs.items():
        for need in (need for need in needs if need["format"] == "dwh"):
            mine = [one for one in reads[run_id] if one.table_name == need["name"]]
            days.setdefault(_key(need), []).extend(
                day for one in mine for day in (one.first_date, one.last_date)
            )
    return {key: _read_now(warehouse, key, found) if found else {} for key, found in days.items()}


def _read_now(warehouse: Warehouse, key: _Key, days: Iterable[date]) -> dict[date, str]:
    table, environment, line = key
    span, ledger = DateRange(min(days), max(days)), warehouse.ledger
    outputs = (
        ledger.published_outputs(environment=environment, table=table, dates=span)
        if line is None
        else ledger.newest_outputs(environment=environment, table=table, line=line, dates=span)
    )
    return {output.partition_date: output.run_id for output in outputs}
