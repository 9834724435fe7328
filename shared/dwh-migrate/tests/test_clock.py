"""What is recorded comes after what is recorded already, whatever the clocks of two machines say."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from dwh.core.ledger.schema import plans
from dwh.migrate.clock import recorded_now


def test_a_record_comes_after_those_before_it(warehouse):
    """After one of a clock that is ahead it is a microsecond later; others do not count."""
    ahead = datetime.now(timezone.utc) + timedelta(hours=1)
    row = {"job": "takings", "environment": "prod", "plan": {}, "planned_by": "somebody"}
    with warehouse.ledger.writing() as connection:
        connection.execute(plans.insert(), [{**row, "id": "one", "planned_at": ahead}])
        after = recorded_now(connection, plans.c.planned_at, plans.c.environment == "prod")
        assert after == ahead + timedelta(microseconds=1)
        assert recorded_now(connection, plans.c.planned_at, plans.c.environment == "dev") < ahead
