"""How the contracts of one job in two lines relate: may their partitions stand in one table?"""

from __future__ import annotations

from collections.abc import Iterator

from dwh.core.changes import Expected, Renamed
from dwh.core.compatibility import output_differences
from dwh.core.job import Job

__all__ = ["WHOLE", "breaks", "whole_table"]

WHOLE = "each logical date holds the whole table, and readers get the newest, so no share of them can move"
"""Why compatible lines of a whole table are not ramped."""


def breaks(old: type[Job], new: type[Job]) -> tuple[str, ...]:
    """Return why readers of the old line's table could not read the new one's, a sentence each.

    There is none only if the new line adds nothing but nullable columns at the end, keeps the meaning
    of the others, and declares no value to differ. The release gate goes by the same rules.
    """
    return tuple(_breaks(old, new))


def whole_table(new: type[Job]) -> tuple[str, ...]:
    """Return why a table cannot move by shares of its logical dates, where each of them is all of it."""
    if new.writes.date_column is not None:
        return ()
    return (WHOLE,)


def _breaks(old: type[Job], new: type[Job]) -> Iterator[str]:
    renamed = {change.old: change.new for change in new.changes if isinstance(change, Renamed)}
    found = output_differences(old.writes.to_dict(), new.writes.to_dict(), renamed)
    yield from (difference.message for difference in found if difference.breaks)
    for change in new.changes:
        if isinstance(change, Expected):
            yield f"{change.column or 'rows'}: declared to differ ({change.kind}), {change.reason}"
