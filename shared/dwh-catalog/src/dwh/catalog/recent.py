"""What a table should be after a few logical dates have changed, without a look at all the others.

Where its lines, and what they promise, are what they were, the manifests of spans in which nothing has
happened are named again. Whatever else has happened is for `wanted.wanted_state`, which looks at everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyiceberg.schema import Schema
from pyiceberg.table.metadata import TableMetadata

from dwh.catalog.commits import Base
from dwh.catalog.entries import Layout
from dwh.catalog.layouts import layout_of
from dwh.catalog.manifests import Span, listed_span
from dwh.catalog.owners import NEWEST, our_snapshot
from dwh.catalog.partitions import span_dates, span_of
from dwh.catalog.schemas import field_of
from dwh.catalog.subjects import Subject
from dwh.catalog.wanted import Newest, Wanted, in_order, last_change, outputs_of
from dwh.core.dates import DateRange
from dwh.core.grain import grain_of, grain_of_contract
from dwh.core.ledger import Output
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse

__all__ = ["Recent", "recent_state"]

_FEW = 4
"""Spans that are looked up one by one."""

Contracts = Mapping[str, Mapping[str, Any]]
"""Those of lines, by line."""


@dataclass(frozen=True)
class Recent:
    """A state that is wanted, in two parts.

    Attributes:
        wanted: with the outputs of the spans that have changed.
        layout: of both.
        kept: the other spans, which stay as they are in the catalog.
    """

    wanted: Wanted
    layout: Layout
    kept: tuple[Span, ...]


def recent_state(
    warehouse: Warehouse, subject: Subject, base: Base, changed: Mapping[date, int], data: str
) -> Recent | None:
    """Return the state after some logical dates have changed; None where all of them must be looked at.

    Parameters:
        base: the table as the last commit of dwh has left it.
        changed: the last sequence of each date, of those after the one at which the table stands.
        data: how readers spell the root of the warehouse.
    """
    metadata, before, listed = base.metadata, _newest_in(base.metadata), _listed_spans(base)
    if metadata is None or not before or listed is None or not changed:  # as after a ledger's copy came back
        return None
    contracts = _contracts(warehouse, before)
    spans = _spans(changed, contracts)
    if spans is None or len(contracts) < len(before):
        return None
    wanted = _wanted(warehouse, subject, before, contracts, changed, list(spans.values()))
    if wanted is None:
        return None
    layout = layout_of(wanted, metadata, data)
    if layout.spec.spec_id != metadata.default_spec_id or not _alike(layout.schema, metadata, contracts):
        return None
    return Recent(wanted, layout, tuple(span for span in listed if span.key not in spans))


def _newest_in(metadata: TableMetadata | None) -> tuple[Newest, ...]:
    snapshot = our_snapshot(metadata) if metadata else None
    return Newest.read(snapshot.summary[NEWEST]) if snapshot and snapshot.summary else ()


def _listed_spans(base: Base) -> list[Span] | None:
    """Return the spans of the table as it is; None unless all are laid out as the table is now."""
    snapshot = base.metadata.current_snapshot() if base.metadata else None
    if base.metadata is None or snapshot is None:
        return None
    manifests = base.manifests(snapshot)
    found = [span for one in manifests if (span := listed_span(one))]
    as_now = all(one.partition_spec_id == base.metadata.default_spec_id for one in manifests)
    return found if as_now and len(found) == len(manifests) else None


def _spans(changed: Iterable[date], contracts: Contracts) -> dict[str, DateRange] | None:
    """Return the spans that have changed, by their keys; None where they are not a few spans of dates."""
    every = contracts.values()
    grains = {*map(grain_of, changed), *map(grain_of_contract, every)}
    found = {span_of(day, one): span_dates(day, one) for day in changed for one in every}
    dates = {key: span for key, span in found.items() if span}
    return dates if len(grains) == 1 and 0 < len(dates) == len(found) <= _FEW else None


def _wanted(
    warehouse: Warehouse,
    subject: Subject,
    before: tuple[Newest, ...],
    contracts: Contracts,
    changed: Mapping[date, int],
    dates: list[DateRange],
) -> Wanted | None:
    """Return what is wanted of some dates; None where lines, or what they promise, are not as before."""
    outputs = outputs_of(warehouse.ledger, subject, dates)
    newest = _newest(before, changed, outputs)
    if newest is None or any(output.line not in contracts for output in outputs):
        return None
    if newest != before and _contracts(warehouse, newest) != contracts:
        return None
    last = last_change(warehouse.ledger, subject)
    if last is None or last[0] != max(changed.values()):  # parts of what came since may be among the outputs
        return None
    return Wanted(subject, *last, tuple(outputs), {one.line: contracts[one.line] for one in newest}, newest)


def _newest(
    before: tuple[Newest, ...], changed: Mapping[date, int], outputs: list[Output]
) -> tuple[Newest, ...] | None:
    """Return the newest outputs of all now; None where one may be an output that was not looked at."""
    last = Newest.of(output for output in outputs if output.partition_date in changed)
    found, days = {one.line: one for one in last}, set(map(str, changed))
    for one in before:
        if one.line not in found or found[one.line].sequence < one.sequence:
            if one.day in days:
                return None
            found[one.line] = one
    return in_order(found.values())


def _contracts(warehouse: Warehouse, newest: Iterable[Newest]) -> Contracts:
    records = warehouse.ledger.find_runs(runs.c.id.in_([one.run_id for one in newest]))
    return {record.line: record.contract for record in records}


def _alike(schema: Schema, metadata: TableMetadata, contracts: Contracts) -> bool:
    """Tell whether each column is the same field in a schema as in the table's, whatever their order."""
    names = [column["name"] for contract in contracts.values() for column in contract["columns"]]
    pairs = ((field_of(schema, name), field_of(metadata.schema(), name)) for name in names)
    return all((one.field_id, one.field_type) == (other.field_id, other.field_type) for one, other in pairs)
