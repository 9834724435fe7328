"""Outputs of the new line that a rollout keeps from readers until they are proven.

A commit publishes none of them: see `publish_outputs` of dwh-core. Here they are published, once a comparison
with the old line's output of the same date has passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timezone

import sqlalchemy as sa

from dwh.core.dates import DateRange
from dwh.core.ledger import Decision, one_transaction
from dwh.core.ledger.environments import add_publications, newest_decision, resolved_lines
from dwh.core.ledger.rollouts import Rollout
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.pins import newest_runs
from dwh.migrate.rollout.proof import Pair, Proof, proof_of, published_runs

__all__ = ["Arrived", "arrived_in", "publish_proven", "publish_withheld"]


@dataclass(frozen=True)
class Arrived:
    """What the new line has written since a rollout began, for dates that it serves.

    Attributes:
        proof: how far these dates are proven: the old line's newest output beside the new line's.
        withheld: the dates whose newest output of the new line is not published.
        elsewhere: those of them that publish another line's output.
    """

    proof: Proof
    withheld: tuple[date, ...]
    elsewhere: tuple[date, ...]

    @property
    def ready(self) -> dict[date, str]:
        """The run to publish for each date that is proven by now."""
        pairs = self.proof.pairs
        ready = set(self.proof.proven)
        return {day: run for day in self.withheld if day in ready and (run := pairs[day][1])}


def arrived_in(
    connection: sa.Connection, decision: Decision, rollout: Rollout, dates: DateRange | None = None
) -> Arrived:
    """Return what the new line has written since the rollout began for dates that it serves."""
    environment, table, new = decision.environment, decision.table_name, rollout.new_line
    found = newest_runs(
        connection, environment=environment, table=table, line=new, dates=dates, after=rollout.started
    )
    lines = resolved_lines(connection, environment=environment, job=decision.job, days=dates)
    arrived = {day: run for day, run in found.items() if lines.get(day) == new}
    if not arrived:
        return Arrived(Proof({}, {}, frozenset()), (), ())
    old = newest_runs(connection, environment=environment, table=table, line=rollout.old_line, dates=dates)
    pairs: dict[date, Pair] = {day: (old.get(day), run) for day, run in arrived.items()}
    proof = proof_of(connection, environment, pairs, frozenset(pairs))
    shown = published_runs(connection, environment=environment, table=table, dates=dates)
    withheld = [day for day in sorted(arrived) if shown.get(day, ("", ""))[0] != arrived[day]]
    elsewhere = [day for day in withheld if day in shown and shown[day][1] != new]
    return Arrived(proof, tuple(withheld), tuple(elsewhere))


def publish_proven(
    connection: sa.Connection, decision: Decision, dates: DateRange, sequence: int, now: datetime
) -> list[date]:
    """Publish what is proven by now of what a rollout keeps back; return for which dates.

    Parameters:
        decision: what holds, in this transaction, which holds the table.
    """
    rollout = decision.active_rollout
    ready = arrived_in(connection, decision, rollout, dates).ready if rollout else {}
    add_publications(
        connection,
        environment=decision.environment,
        table=decision.table_name,
        run_ids=ready,
        sequence=sequence,
        now=now,
    )
    return sorted(ready)


@one_transaction
def publish_withheld(warehouse: Warehouse, job: str, dates: DateRange) -> list[date]:
    """Publish what is proven by now in the warehouse's environment; return for which dates."""
    environment = warehouse.config.environment
    with warehouse.ledger.reading() as connection:
        decision = newest_decision(connection, environment=environment, job=job)
        rollout = decision.active_rollout if decision else None
        if decision is None or not rollout or not arrived_in(connection, decision, rollout, dates).ready:
            return []
    with warehouse.ledger.holding(decision.table_name) as (connection, sequence):
        decision = newest_decision(connection, environment=environment, job=job) or decision
        return publish_proven(connection, decision, dates, sequence, datetime.now(timezone.utc))
