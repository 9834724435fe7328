"""How far dates are proven: compared, in exactly the two outputs that are exchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from heapq import nsmallest
from itertools import islice
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange, date_spans
from dwh.core.ledger.environments import newest_publications
from dwh.core.ledger.rollouts import share_of
from dwh.core.ledger.schema import compared, comparisons, publications, runs
from dwh.migrate.rollout.pins import newest_runs

__all__ = ["Pair", "Proof", "proof_in", "proof_of", "published_runs", "shown_dates"]

Pair = tuple[str | None, str | None]

_RUNS_AT_ONCE = 1_000  # as many as every database takes in one statement


@dataclass(frozen=True)
class Proof:
    """What is known of the dates that a cutover would move, or that a new line serves.

    A date is proven when the last comparison of exactly the two outputs that would be exchanged, by the
    rules of the job alone, passed in this environment; it is failed when that comparison failed. A
    comparison of several dates that passed proves each of them.

    Attributes:
        pairs: by logical date, the published run, or the old line's newest one, and the new line's newest
            one; None where there is none.
        verdicts: of the last comparison of each pair that has been compared.
        required: the dates that must be proven.
        together: the failed dates that were compared together with others, so that it may be another one
            whose outputs differ.
    """

    pairs: Mapping[date, Pair]
    verdicts: Mapping[date, str]
    required: frozenset[date]
    together: frozenset[date] = frozenset()

    @property
    def lacking(self) -> list[date]:
        """The dates for which the new line has no output."""
        return sorted(day for day, (_, run) in self.pairs.items() if run is None)

    @property
    def comparable(self) -> dict[date, tuple[str, str]]:
        """The pairs that comparing each date can prove, as they have both outputs and did not fail alone."""
        pairs = {day: self.pairs[day] for day in sorted({*self.unproven, *self.together})}
        return {day: (left, right) for day, (left, right) in pairs.items() if left and right}

    @property
    def proven(self) -> list[date]:
        """The dates that may move."""
        return sorted(day for day, verdict in self.verdicts.items() if verdict == "pass")

    @property
    def failed(self) -> list[date]:
        """The dates whose outputs, or those of dates compared with them, differ in what was not declared."""
        return sorted(day for day, verdict in self.verdicts.items() if verdict == "fail")

    @property
    def unproven(self) -> list[date]:
        """The dates that nobody has compared, or whose comparison was incomplete."""
        return sorted(self.pairs.keys() - set(self.proven) - set(self.failed))

    @property
    def open(self) -> list[date]:
        """The dates that must be proven and are not."""
        return sorted(self.required - set(self.proven))

    @property
    def is_enough(self) -> bool:
        """Whether each date that must be proven is, no comparison failed, and no output is lacking."""
        return not (self.open or self.failed or self.lacking)

    def __str__(self) -> str:
        return (
            f"{len(self.proven):,} of {len(self.pairs):,} dates proven, {len(self.unproven):,} unproven, "
            f"{len(self.failed):,} failed"
        )


def proof_in(
    connection: sa.Connection,
    *,
    environment: str,
    job: str,
    table: str,
    line: str,
    sample: int | None = None,
    dates: DateRange | None = None,
) -> Proof:
    """Return how far the dates are proven that moving a table to a line would move, in a transaction.

    Parameters:
        sample: how many dates must be proven: those with the lowest `share_of`; None for every date.
        dates: only these.
    """
    shown = published_runs(connection, environment=environment, table=table, dates=dates)
    newest = newest_runs(connection, environment=environment, table=table, line=line, dates=dates)
    pairs: dict[date, Pair] = {
        day: (run, newest.get(day)) for day, (run, other) in shown.items() if other != line
    }
    required: Iterable[date] = pairs
    if sample is not None:
        required = nsmallest(
            sample, pairs, key=lambda day: share_of(environment=environment, job=job, day=day)
        )
    return proof_of(connection, environment, pairs, frozenset(required))


def proof_of(
    connection: sa.Connection, environment: str, pairs: Mapping[date, Pair], required: frozenset[date]
) -> Proof:
    """Return how far pairs of outputs are proven in an environment."""
    last = _last_comparisons(connection, environment, pairs)
    together = frozenset(day for day, row in last.items() if row.verdict == "fail" and _is_of_several(row))
    return Proof(pairs, {day: row.verdict for day, row in last.items()}, required, together)


def shown_dates(days: Iterable[date], limit: int = 5) -> str:
    """Return dates as a person reads them, the first ranges of many."""
    spans = date_spans(days)
    more = sum(map(len, spans[limit:]))
    return ", ".join(map(str, spans[:limit])) + (f" and {more:,} more dates" if more else "")


def published_runs(
    connection: sa.Connection, *, environment: str, table: str, dates: DateRange | None = None
) -> dict[date, tuple[str, str]]:
    """Return the run that is published for each date that shows something, and its line."""
    shown = newest_publications(environment=environment, table=table, dates=dates)
    columns = (publications.c.partition_date, publications.c.run_id, runs.c.line)
    query = sa.select(*columns).select_from(shown.join(runs, runs.c.id == publications.c.run_id))
    return {row.partition_date: (row.run_id, row.line) for row in connection.execute(query)}


def _last_comparisons(
    connection: sa.Connection, environment: str, pairs: Mapping[date, Pair]
) -> dict[date, Any]:
    """Return the last comparison of exactly these two runs, for each date that has one.

    One of several dates that was incomplete says nothing of each: what it lacked may be another date's.
    """
    columns = (compared.c.partition_date, compared.c.left_run, compared.c.right_run, comparisons.c.verdict)
    dates = (comparisons.c.first_date, comparisons.c.last_date)
    query = (
        sa.select(*columns, *dates, comparisons.c.compared_at, comparisons.c.id)
        .select_from(compared.join(comparisons, comparisons.c.id == compared.c.comparison))
        .where(compared.c.environment == environment)
    )
    found: list[Any] = []
    for lefts in _chunks(sorted({left for left, _ in pairs.values() if left})):
        rows = connection.execute(query.where(compared.c.left_run.in_(lefts)))
        found += [r for r in rows if pairs.get(r.partition_date) == (r.left_run, r.right_run)]
    told = [row for row in found if row.verdict != "incomplete" or not _is_of_several(row)]
    told.sort(key=lambda row: (row.compared_at, row.id))
    return {row.partition_date: row for row in told}  # the newest comes last, and stays


def _is_of_several(comparison: Any) -> bool:
    """Return whether a comparison was about more than one logical date."""
    return bool(comparison.first_date != comparison.last_date)


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    while chunk := list(islice(rest, _RUNS_AT_ONCE)):
        yield chunk
