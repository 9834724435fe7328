"""Which outputs rest on something old: on another output, of whatever table, that was replaced since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.grain import DAY, Grain, grain_of
from dwh.core.ledger import Output, OutputsRead
from dwh.core.ledger.files import of_runs
from dwh.core.ledger.schema import publications, receipts, runs
from dwh.core.warehouse import Warehouse

__all__ = ["outdated_inputs", "whole_tables"]

_Key = tuple[str, str, str | None]  # a table, an environment, and a line or None for what is published


def outdated_inputs(
    warehouse: Warehouse, outputs: Iterable[Output]
) -> dict[tuple[str, date], tuple[str, ...]]:
    """Return the inputs that have changed since they were read, by run and logical date of an output.

    An input has changed where its run would now read another output of a date: one that is newer in the line
    that it names, that has been published since, or that has come for a date that lacked. What was removed
    since has not changed. An output also counts as changed where it rests on its table's output before, and
    that one is outdated; of those before the first that is given nothing is told.

    What an environment has got by promotion is held against what the environment has, as far as it has
    what was read; else against where it was read.
    """
    ordered = sorted(outputs, key=lambda output: output.partition_date)
    every = list(_rests(warehouse, ordered))
    now = _Now(warehouse, every)
    found: dict[tuple[str, date], list[str]] = defaultdict(list)
    for one in every:
        of = (one.output.run_id, one.output.partition_date)
        is_old = one.is_own and any((run_id, day) in found for day, run_id in one.read.items())
        if (is_old or now.differs(one)) and one.table not in found[of]:
            found[of].append(one.table)
        if not found[of]:
            del found[of]
    return {of: tuple(names) for of, names in found.items()}


def whole_tables(warehouse: Warehouse, run_ids: Iterable[str]) -> set[str]:
    """Return the tables that some runs have written whole for each logical date."""
    written = warehouse.ledger.find_runs(runs.c.id.in_(run_ids))
    return {run.table_name for run in written if not run.contract["partition_by"]}


@dataclass(frozen=True)
class _Rests:
    """What an output rests on of one input.

    Attributes:
        places: where it would be read now, the place that counts first.
        read: by logical date, the run that had written what was read.
        lacked: the dates of which an output would have been read, too, or in place of what was.
    """

    output: Output
    places: tuple[_Key, ...]
    read: Mapping[date, str]
    lacked: DateRange | None

    @property
    def table(self) -> str:
        return self.places[0][0]

    @property
    def is_own(self) -> bool:
        return self.table == self.output.table_name


def _rests(warehouse: Warehouse, outputs: Collection[Output]) -> Iterator[_Rests]:
    """Yield what outputs rest on, input by input."""
    reads = warehouse.ledger.reads_of({output.run_id for output in outputs})
    ids = sorted({output.run_id for output in outputs})
    records = [run for some in of_runs(runs.c.id, ids) for run in warehouse.ledger.find_runs(some)]
    inputs = {run.id: [need for need in run.inputs if need.get("format") == "dwh"] for run in records}
    whole = whole_tables(warehouse, {one.read_run_id for read in reads.values() for one in read})
    promoted = {output.environment for output in outputs if output.promoted_from}
    had = {environment: _had(warehouse, environment, reads) for environment in promoted}
    named = {(need["name"], need["line"]) for found in inputs.values() for need in found}
    grains = {one: warehouse.ledger.table_grain(table=one[0], line=one[1]) or DAY for one in named}
    for output in outputs:
        for need in inputs.get(output.run_id, ()):
            mine = [one for one in reads.get(output.run_id, ()) if one.table_name == need["name"]]
            alone = need["name"] in whole | {output.table_name}  # of which a run reads one output
            read = dict(_read(output, need, mine, alone=alone))
            place = (need["name"], need["environment"], need["line"])
            places = [place]
            if output.promoted_from and (
                need["name"] == output.table_name or set(read.values()) <= had[output.environment]
            ):
                places.insert(0, (place[0], output.environment, place[2]))
            grain = grain_of(mine[0].first_date) if mine else grains[place[0], place[2]]
            yield _Rests(output, tuple(places), read, _lacked(output, need, read, grain, alone=alone))


def _had(warehouse: Warehouse, environment: str, reads: Mapping[str, Iterable[OutputsRead]]) -> set[str]:
    """Return which of the runs whose outputs were read have given an environment any."""
    ids = {one.read_run_id for found in reads.values() for one in found}
    query = sa.select(receipts.c.run_id).where(receipts.c.environment == environment).distinct()
    with warehouse.ledger.reading() as connection:
        queries = (query.where(some) for some in of_runs(receipts.c.run_id, ids))
        return {run_id for one in queries for run_id in connection.scalars(one)}


def _read(
    output: Output, need: Mapping[str, Any], reads: Iterable[OutputsRead], *, alone: bool
) -> Iterator[tuple[date, str]]:
    """Yield the dates of an input, each with the run that had written them, that were read for an output.

    Parameters:
        alone: whether one output is read of the table, which may be of a date before its own.
    """
    for one in reads:
        span = DateRange(one.first_date, one.last_date)
        wanted = span if alone else _wanted(output, need, span.grain)
        first, last = max(span.first, wanted.first), min(span.last, wanted.last)
        for day in DateRange(first, last) if first <= last else ():
            yield day, one.read_run_id


def _wanted(output: Output, need: Mapping[str, Any], grain: Grain) -> DateRange:
    """Return the logical dates of an input that a run of an output's date needs."""
    of_output = DateRange(output.partition_date, output.partition_date).covering(grain)
    return of_output.widened(need.get("back", 0), need.get("ahead", 0))


def _lacked(
    output: Output,
    need: Mapping[str, Any],
    read: Mapping[date, str],
    grain: Grain,
    *,
    alone: bool,
) -> DateRange | None:
    """Return the dates of which an output would be read now, where there is one.

    Parameters:
        grain: of the input's logical dates.
    """
    day = output.partition_date
    if need["name"] == output.table_name:
        before = DateRange(day, day).widened(1, 0).first
        first = max(read) if read else before
        return DateRange(first, before) if before != day and grain_of(first) == grain_of(day) else None
    if alone or (need.get("whole") and not read and grain == DAY):
        as_of = DateRange(day, day).covering(DAY).last
        return DateRange(max(read, default=DAY.first), max([*read, as_of]))
    return None if need.get("whole") else _wanted(output, need, grain)


class _Now:
    """What would be read now, by table, environment and line."""

    def __init__(self, warehouse: Warehouse, every: Iterable[_Rests]) -> None:
        days: dict[_Key, set[date]] = defaultdict(set)
        for one in every:
            asked = [one.lacked.first, one.lacked.last] if one.lacked else []
            for key in one.places:
                days[key].update((*one.read, *asked))
        self._there = {key: _outputs(warehouse, key, found) if found else {} for key, found in days.items()}
        self._removed = {
            key: _removed(warehouse, key, found - self._there[key].keys()) for key, found in days.items()
        }

    def differs(self, one: _Rests) -> bool:
        """Return whether other outputs would be read than were read."""
        if any(self._run(one, day) != run_id for day, run_id in one.read.items()):
            return True
        there, lacked = self._there[one.places[0]], one.lacked
        if lacked is None:
            return False
        days = lacked if len(lacked) < len(there) else there  # the fewer of both
        asked = (day for day in days if lacked.first <= day <= lacked.last)
        return any(day in there and day not in one.read for day in asked)

    def _run(self, one: _Rests, day: date) -> str | None:
        for found in (self._there, self._removed):
            for key in one.places:
                if day in found[key]:
                    return found[key][day]
        return None


def _outputs(warehouse: Warehouse, key: _Key, days: Collection[date]) -> dict[date, str]:
    """Return the run that would be read now for each date, of those from the first to the last of some."""
    table, environment, line = key
    span, ledger = DateRange(min(days), max(days)), warehouse.ledger
    outputs = (
        ledger.published_outputs(environment=environment, table=table, dates=span)
        if line is None
        else ledger.newest_outputs(environment=environment, table=table, line=line, dates=span)
    )
    return {output.partition_date: output.run_id for output in outputs}


def _removed(warehouse: Warehouse, key: _Key, days: Collection[date]) -> dict[date, str]:
    """Return the run that was read last for each date of which `dwh gc --keep` has removed the output."""
    if not days:
        return {}
    table, environment, line = key
    rows = publications if line is None else receipts
    mine = [rows.c.environment == environment, rows.c.table_name == table, runs.c.status == "removed"]
    mine += [rows.c.partition_date.between(min(days), max(days))]
    mine += [] if line is None else [receipts.c.line == line]
    query = sa.select(rows.c.partition_date, rows.c.run_id).join(runs, runs.c.id == rows.c.run_id)
    query = query.where(*mine).order_by(rows.c.sequence)
    with warehouse.ledger.reading() as connection:
        return {day: run for day, run in connection.execute(query) if day in days}
