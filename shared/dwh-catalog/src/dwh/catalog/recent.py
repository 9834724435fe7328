"""What a table should be after a few logical dates have changed, without a look at all the others.

Where a table is of one line, and laid out as it was, the manifests of spans in which nothing has happened
are named again. Whatever else has happened is for `wanted.wanted_state`, which looks at everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyiceberg.table.metadata import TableMetadata

from dwh.catalog.commits import Base
from dwh.catalog.manifests import Span, listed_span
from dwh.catalog.owners import NEWEST, our_snapshot
from dwh.catalog.partitions import span_dates, span_of
from dwh.catalog.subjects import Subject
from dwh.catalog.wanted import Newest, Wanted, last_change, outputs_of
from dwh.core.ledger import Output
from dwh.core.ledger.schema import runs
from dwh.core.warehouse import Warehouse

__all__ = ["Recent", "recent_state"]

_FEW = 4
"""Spans that are looked up one by one."""


@dataclass(frozen=True)
class Recent:
    """A state that is wanted, in two parts.

    Attributes:
        wanted: with the outputs of the spans that have changed.
        kept: the other spans, which stay as they are in the catalog.
    """

    wanted: Wanted
    kept: tuple[Span, ...]


def recent_state(
    warehouse: Warehouse, subject: Subject, base: Base, changed: Mapping[date, int]
) -> Recent | None:
    """Return the state after some logical dates have changed; None where all of them must be looked at.

    Parameters:
        base: the table as the last commit of dwh has left it.
        changed: the last sequence of each date, of those after the one at which the table stands.
    """
    before, listed = _newest_in(base.metadata), _listed_spans(base)
    if before is None or listed is None:
        return None
    known = _line_and_contract(warehouse, before.run_id)
    if known is None or not changed:  # of a ledger that was brought back from a copy
        return None
    line, contract = known
    spans = {span_of(day, contract): span_dates(day, contract) for day in changed}
    dates = [found for found in spans.values() if found]
    if len(dates) < len(spans) or len(dates) > _FEW:
        return None
    outputs = outputs_of(warehouse.ledger, subject, dates)
    newest = _newest(before, changed, outputs)
    if newest is None or any(output.line != line for output in outputs):
        return None
    if newest.run_id != before.run_id and _line_and_contract(warehouse, newest.run_id) != known:
        return None
    last = last_change(warehouse.ledger, subject)
    if last is None or last[0] != max(changed.values()):  # parts of what came since may be among the outputs
        return None
    wanted = Wanted(subject, *last, tuple(outputs), {line: contract}, newest)
    return Recent(wanted, tuple(span for span in listed if span.key not in spans))


def _newest_in(metadata: TableMetadata | None) -> Newest | None:
    snapshot = our_snapshot(metadata) if metadata else None
    return Newest.read(snapshot.summary[NEWEST]) if snapshot and snapshot.summary else None


def _listed_spans(base: Base) -> list[Span] | None:
    """Return the spans of the table as it is; None unless all are laid out as the table is now."""
    snapshot = base.metadata.current_snapshot() if base.metadata else None
    if base.metadata is None or snapshot is None:
        return None
    manifests = base.manifests(snapshot)
    found = [span for one in manifests if (span := listed_span(one))]
    as_now = all(one.partition_spec_id == base.metadata.default_spec_id for one in manifests)
    return found if as_now and len(found) == len(manifests) else None


def _newest(before: Newest, changed: Mapping[date, int], outputs: list[Output]) -> Newest | None:
    """Return the newest output of all now; None where it may be one that was not looked at."""
    last = Newest.of(output for output in outputs if output.partition_date in changed)
    if last and last.sequence >= before.sequence:
        return last
    return before if before.day not in map(str, changed) else None


def _line_and_contract(warehouse: Warehouse, run_id: str) -> tuple[str, Mapping[str, Any]] | None:
    found = warehouse.ledger.find_runs(runs.c.id == run_id)
    return (found[0].line, found[0].contract) if found else None
