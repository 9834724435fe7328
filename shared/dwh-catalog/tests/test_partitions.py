"""How tables are partitioned, as engines find it."""

from __future__ import annotations

from cataloging import Lake
from stories import hourly, other_partitions
from warehousing import Runs


def test_no_partition_is_called_as_a_column_is(runs: Runs, lake: Lake) -> None:
    """Java refuses a table in which one has the name of another column than its own, also an old one."""
    for story, name in ((hourly, "prod_web.clicks"), (other_partitions, "prod_web.levels")):
        for _ in story(runs):
            lake.sync()
        found = lake.table(name)
        columns = {field.name for schema in found.schemas().values() for field in schema.fields}
        parts = {field.name for spec in found.specs().values() for field in spec.fields}
        assert len(parts) > 0 and not parts & columns
