"""How the contracts of one job in two lines relate: may their partitions stand in one table?

What keeps a job from moving by shares of its logical dates, though its contracts agree, is here, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from dwh.core.changes import Expected, Renamed
from dwh.core.compatibility import output_differences
from dwh.core.definition import builds_on_itself
from dwh.core.grain import Grain
from dwh.core.job import Job

__all__ = ["AT_ONCE", "breaks", "moves_at_once", "two_grains"]

WHOLE = "each logical date holds the whole table, and readers get the newest, so no share of them can move"
"""Why compatible lines of a whole table are not ramped."""

OWN_HISTORY = "each logical date builds on its own line's output before, so a share would mix two histories"
"""Why compatible lines of a job that builds on itself are not ramped."""

AT_ONCE = (WHOLE, OWN_HISTORY)
"""Why a table moves at once though the contracts of its lines are compatible."""


def breaks(old: type[Job], new: type[Job]) -> tuple[str, ...]:
    """Return why readers of the old line's table could not read the new one's, a sentence each.

    There is none only if the new line adds nothing but nullable columns at the end, keeps the meaning
    of the others, and declares no value to differ. The release gate goes by the same rules.
    """
    return tuple(_breaks(old, new))


def moves_at_once(old: type[Job], new: type[Job]) -> tuple[str, ...]:
    """Return why a table cannot move by shares of its logical dates, though the contracts are compatible."""
    if new.writes.date_column is None:
        return (WHOLE,)
    return (OWN_HISTORY,) if builds_on_itself(old) or builds_on_itself(new) else ()


def two_grains(*, was: Grain, now: Grain, line: str) -> str:
    """Return why outputs of two grains are not published as one table, and what to do.

    Parameters:
        line: whose grain it is now.
    """
    return (
        f"{was.adjective} and {now.adjective} outputs cannot be published as one table; "
        f"give the table of line {line} a name of its own"
    )


def _breaks(old: type[Job], new: type[Job]) -> Iterator[str]:
    renamed = {change.old: change.new for change in new.changes if isinstance(change, Renamed)}
    found = output_differences(old.writes.to_dict(), new.writes.to_dict(), renamed)
    yield from (difference.message for difference in found if difference.breaks)
    for change in new.changes:
        if isinstance(change, Expected):
            yield f"{change.column or 'rows'}: declared to differ ({change.kind}), {change.reason}"
