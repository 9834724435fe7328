"""Jobs of every shape: which outputs a run reads, and which runs are refused, is what plain counting says.

The ledger and the sources are real. The model knows no grain: a logical date is the hours that it covers.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.dates import DateRange
from dwh.core.errors import InputError, MissingInputError
from dwh.core.grain import DAY, HOUR, MONTH, Grain, grain_of
from dwh.core.ledger.schema import runs
from dwh.core.sources.previous import PreviousSource
from dwh.core.sources.published import PublishedSource
from dwh.core.testing.runs import committed_run

HUNDREDS = 100 * int(os.environ.get("DWH_EXAMPLES", "4"))  # of chains: nox -s crash
LINE = "0.1"
BEGIN = datetime(2023, 10, 1, tzinfo=timezone.utc)
HOURS = [BEGIN + timedelta(hours=number) for number in range(24 * 366)]
MIDDLE = datetime(2024, 2, 1, tzinfo=timezone.utc)
WRITTEN = {HOUR: "%Y-%m-%dT%H", DAY: "%Y-%m-%d", MONTH: "%Y-%m"}
GRAINS = st.sampled_from([HOUR, DAY, MONTH])
# A run, around the first of February: its first logical date, and for how many more.
RUNS = st.tuples(st.integers(-4, 4), st.integers(0, 3))
# One that writes most of what other grains can need, or a few dates.
MANY = st.one_of(st.just((-32 * 24, 64 * 24)), RUNS)


def units(grain: Grain) -> list[tuple[str, list[datetime]]]:
    """Return the logical dates of a grain as they are written, each with the hours that it covers."""
    found: dict[str, list[datetime]] = {}
    for hour in HOURS:
        found.setdefault(hour.strftime(WRITTEN[grain]), []).append(hour)
    return list(found.items())


UNITS = {grain: units(grain) for grain in WRITTEN}
PLACES = {
    grain: {hour: number for number, (_, hours) in enumerate(found) for hour in hours}
    for grain, found in UNITS.items()
}


def chosen(grain: Grain, run: tuple[int, int]) -> range:
    """Return the numbers of a run's logical dates, of those that there are."""
    first = max(PLACES[grain][MIDDLE] + run[0], 0)
    return range(first, min(first + run[1] + 1, len(UNITS[grain])))


def dated(grain: Grain, numbers: Sequence[int]) -> DateRange:
    """Return logical dates by their numbers."""
    return DateRange(*(grain.parse(UNITS[grain][number][0]) for number in (numbers[0], numbers[-1])))


def table(grain: Grain, name: str, whole: bool = False) -> Table:
    """Return a contract of nothing but the logical date."""
    column = Column("at", "timestamp" if grain == HOUR else "date")
    return Table(name, (column,), partition_by=None if whole else "at", grain=None if whole else grain.name)


def at(name: str) -> date:
    """Return a logical date from its text."""
    return grain_of(name).parse(name)


def new_name() -> str:
    """Return the name of a table that no other example has."""
    return f"t{secrets.token_hex(4)}.t"


@dataclass
class Upstream:
    """A table that some runs have written: the newest run of each logical date, as the ledger got them."""

    warehouse: Any
    contract: Table
    grain: Grain
    newest: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def run(self, numbers: Sequence[int]) -> None:
        dates = dated(self.grain, numbers)
        run = committed_run(
            self.warehouse.ledger, table=self.contract.name, line=LINE, dates=dates, contract=self.contract
        )
        names = [UNITS[self.grain][number][0] for number in numbers]
        self.newest |= dict.fromkeys(names, run)
        self.removed -= set(names)

    def remove(self, name: str) -> None:
        """Remove a whole table as `dwh gc --keep` does."""
        with self.warehouse.ledger.writing() as connection:
            gone = runs.update().where(runs.c.table_name == self.contract.name, runs.c.first_date == at(name))
            connection.execute(gone.values(status="removed"))
        del self.newest[name]
        self.removed.add(name)

    def older_than_removed(self, found: Sequence[str], last: str) -> bool:
        """Return whether something newer than what was found, up to a date, was removed."""
        return any(max(found, default="") < name <= last for name in self.removed)

    def read(self, need: Input, dates: DateRange) -> dict[str, str] | None:
        """Return the run of each output that a run reads, None where it is refused."""
        place = {"environment": "dev", "line": LINE, "dates": dates}
        return read_by(PublishedSource.of(need, self.warehouse, **place), need, dates)


def read_by(source: PublishedSource, need: Input, dates: DateRange) -> dict[str, str] | None:
    """Return the run of each output that a source has settled on, None where a run would be refused."""
    if source.torn:
        return None
    try:
        source.check(need, dates)
    except (InputError, MissingInputError):
        return None
    return {
        str(at): one.read_run_id for one in source.reads() for at in DateRange(one.first_date, one.last_date)
    }


@pytest.mark.parametrize("examples", [40, pytest.param(HUNDREDS, marks=pytest.mark.crash)])
def test_an_input_of_another_grain_is_read_for_the_time_of_the_run(warehouse, examples):
    """Whatever the two grains, the window, and what was written when."""

    @settings(max_examples=examples, deadline=None)
    @given(
        grains=st.tuples(GRAINS, GRAINS),
        window=st.tuples(st.integers(0, 3), st.integers(0, 2)),
        may_lack=st.booleans(),
        wrote=st.lists(MANY, max_size=3),
        run=RUNS,
    )
    def check(grains, window, may_lack, wrote, run):
        of, mine = grains
        upstream = Upstream(warehouse, table(of, new_name()), of)
        for one in wrote:
            upstream.run(chosen(of, one))
        numbers = chosen(mine, run)
        meant = {PLACES[of][hour] for number in numbers for hour in UNITS[mine][number][1]}
        asked = range(min(meant) - window[0], max(meant) + window[1] + 1)
        names = [UNITS[of][number][0] for number in asked if 0 <= number < len(UNITS[of])]
        there = {name: upstream.newest[name] for name in names if name in upstream.newest}
        need = Input(upstream.contract, LINE, *window, may_lack)
        expected = there if may_lack or len(there) == len(asked) else None
        assert upstream.read(need, dated(mine, numbers)) == expected

    check()


@pytest.mark.parametrize("examples", [40, pytest.param(HUNDREDS, marks=pytest.mark.crash)])
def test_a_whole_table_is_read_as_of_the_run(warehouse, examples):
    """That of the last day that the run's time covers; a range that would read several is refused, and so is
    what would be older than one that was removed."""

    @settings(max_examples=examples, deadline=None)
    @given(
        mine=GRAINS,
        may_lack=st.booleans(),
        wrote=st.lists(st.integers(-40, 40), min_size=1, max_size=4),
        keep=st.integers(1, 4),
        run=RUNS,
    )
    def check(mine, may_lack, wrote, keep, run):
        upstream = Upstream(warehouse, table(DAY, new_name(), whole=True), DAY)
        for number in wrote:
            upstream.run([PLACES[DAY][MIDDLE] + number])
        for name in sorted(upstream.newest)[:-keep]:
            upstream.remove(name)
        numbers = chosen(mine, run)
        read = [as_of(upstream.newest, UNITS[mine][number][1][-1], may_lack) for number in numbers]
        need = Input(upstream.contract, LINE, may_lack=may_lack)
        last = UNITS[mine][numbers[-1]][1][-1].strftime(WRITTEN[DAY])
        is_old = may_lack and upstream.older_than_removed(list(read[-1]), last)
        expected = read[-1] if read[0] == read[-1] and (read[-1] or may_lack) and not is_old else None
        assert upstream.read(need, dated(mine, numbers)) == expected

    check()


def as_of(newest: dict[str, str], last: datetime, may_lack: bool) -> dict[str, str]:
    """Return the output of the day of an hour, or the newest before where that may lack."""
    day = last.strftime(WRITTEN[DAY])
    there = [name for name in sorted(newest) if name == day or (may_lack and name < day)]
    return {name: newest[name] for name in there[-1:]}


@pytest.mark.parametrize("examples", [40, pytest.param(HUNDREDS, marks=pytest.mark.crash)])
def test_a_job_builds_on_its_own_output_before(warehouse, examples):
    """In any order of runs and removals: that of the date before, nothing for the first, refused over a gap,
    and where the history before it was removed."""

    @settings(max_examples=examples, deadline=None)
    @given(
        grain=GRAINS,
        whole=st.booleans(),
        may_lack=st.booleans(),
        ran=st.lists(st.one_of(st.integers(0, 4), st.just("keep one")), max_size=9),
    )
    def check(grain, whole, may_lack, ran):
        grain = DAY if whole else grain
        mine = Upstream(warehouse, table(grain, new_name(), whole), grain)
        need = Input.previous(may_lack=may_lack).of(mine.contract)
        for step in ran:
            if step == "keep one":
                for name in sorted(mine.newest)[: -1 if whole else 0]:
                    mine.remove(name)
                continue
            number = PLACES[grain][MIDDLE] - 2 + step
            source = PreviousSource.before(need, warehouse, LINE, dates := dated(grain, [number]), None)
            before, there = UNITS[grain][number - 1][0], sorted(mine.newest)
            earlier = [name for name in there if name <= before][-1:]
            refused = earlier and earlier != [before] and not may_lack
            refused = refused or mine.older_than_removed(earlier, before)
            expected = None if refused else {name: mine.newest[name] for name in earlier}
            assert read_by(source, need, dates) == expected
            if not refused:
                mine.run([number])

    check()
