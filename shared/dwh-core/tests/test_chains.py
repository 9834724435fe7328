"""Chains of jobs: after any order of runs and reruns, each output is what a model in plain Python says.

The ledger and the sources are real; the rows are numbers that the test keeps for each output.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dwh.core import Column, Input, Table
from dwh.core.dates import DateRange
from dwh.core.errors import MissingInputError
from dwh.core.ledger.environments import add_publications
from dwh.core.sources import as_read_by
from dwh.core.sources.published import PublishedSource
from dwh.core.testing.runs import committed_run

HUNDREDS = 100 * int(os.environ.get("DWH_EXAMPLES", "4"))  # of chains: nox -s crash
LINE = "0.1"
COLUMNS = (Column("day", "date"),)
# How a job reads the one before it: back, ahead, whether it may lack dates, whether what is published.
READS = st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans(), st.booleans())
# A run: of which job of the chain, from which date, for how many more, and whether it is published.
RUNS = st.tuples(st.integers(0, 3), st.integers(0, 7), st.integers(0, 3), st.booleans())
# What is published again, as a rollback does: of the runs until then, the one of this number.
BACK = st.integers(0, 13)
CHAINS = {
    "reads": st.lists(READS, min_size=1, max_size=3),
    "done": st.lists(st.one_of(RUNS, RUNS, BACK), max_size=16),
}


def day(number: int) -> date:
    """Return a date by its number."""
    return date(2024, 1, 1) + timedelta(number)


def computed(job: int, at: date, run: int, window: dict[date, int]) -> int:
    """Return what a job gives for a date: of the first, what differs from run to run; else of its window."""
    if job == 0:
        return 1_000 * run + at.day
    return sum(value * (1 + (when - at).days % 7) for when, value in window.items()) % 1_000_003


@dataclass
class Model:
    """What each job's outputs hold, by brute force."""

    reads: list[tuple[int, int, bool, bool]]
    newest: dict[tuple[int, date], int] = field(default_factory=dict)
    published: dict[tuple[int, date], int] = field(default_factory=dict)
    wrote: list[dict[tuple[int, date], int]] = field(default_factory=list)

    def run(self, number: int, job: int, dates: DateRange, publish: bool) -> bool:
        """Run a job for some dates; return whether its input had what it needs."""
        values = {}
        if job > 0:
            back, ahead, may_lack, of_published = self.reads[job - 1]
            there = self.published if of_published else self.newest
            span = (dates.last - dates.first).days + back + ahead + 1
            needed = [dates.first - timedelta(back) + timedelta(n) for n in range(span)]
            if not may_lack and any((job - 1, at) not in there for at in needed):
                return False
        for at in dates:
            window = {}
            if job > 0:
                around = [at + timedelta(n) for n in range(-back, ahead + 1)]
                window = {d: there[job - 1, d] for d in around if (job - 1, d) in there}
            values[job, at] = computed(job, at, number, window)
        self.newest |= values
        self.wrote.append(values)
        if publish:
            self.published |= values
        return True

    def go_back(self, to: int) -> None:
        """Publish again what an earlier run has written."""
        if self.wrote:
            self.published |= self.wrote[to % len(self.wrote)]


@dataclass
class Chain:
    """The same with a real ledger: what was read is what the sources have settled and recorded."""

    warehouse: Any
    reads: list[tuple[int, int, bool, bool]]
    name: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")
    values: dict[tuple[str, date], int] = field(default_factory=dict)
    wrote: list[tuple[int, str, DateRange]] = field(default_factory=list)

    def table(self, job: int) -> str:
        return f"{self.name}.t{job}"

    def source(self, job: int, dates: DateRange) -> tuple[Input, PublishedSource]:
        back, ahead, may_lack, of_published = self.reads[job - 1]
        line = None if of_published else LINE
        need = Input(Table(self.table(job - 1), COLUMNS, partition_by="day"), line, back, ahead, may_lack)
        return need, PublishedSource.of(need, self.warehouse, environment="dev", line=line, dates=dates)

    def run(self, number: int, job: int, dates: DateRange, publish: bool) -> bool:
        read: dict[date, int] = {}
        back = ahead = 0
        recorded, inputs = [], []
        if job > 0:
            need, source = self.source(job, dates)
            back, ahead = need.back, need.ahead
            try:
                source.check(need, dates)
            except MissingInputError:
                return False
            recorded, inputs = source.reads(), [{"name": need.name, **source.record()}]
            read = {
                at: self.values[one.read_run_id, at]
                for one in recorded
                for at in DateRange(one.first_date, one.last_date)
            }
        run = committed_run(
            self.warehouse.ledger,
            table=self.table(job),
            line=LINE,
            dates=dates,
            reads=recorded,
            inputs=inputs,
        )
        for at in dates:
            first, last = at - timedelta(back), at + timedelta(ahead)
            window = {when: value for when, value in read.items() if first <= when <= last}
            self.values[run, at] = computed(job, at, number, window)
        self.wrote.append((job, run, dates))
        if publish:
            self.publish(job, run, dates)
        return True

    def publish(self, job: int, run: str, dates: DateRange) -> None:
        with self.warehouse.ledger.holding(self.table(job)) as (connection, sequence):
            add_publications(
                connection,
                environment="dev",
                table=self.table(job),
                run_ids=dict.fromkeys(dates, run),
                sequence=sequence,
                now=datetime.now(timezone.utc),
            )

    def go_back(self, to: int) -> None:
        """Publish again what an earlier run has written."""
        if self.wrote:
            self.publish(*self.wrote[to % len(self.wrote)])

    def newest(self) -> dict[tuple[int, date], int]:
        return self._found(
            lambda table: self.warehouse.ledger.newest_outputs(environment="dev", table=table, line=LINE)
        )

    def published(self) -> dict[tuple[int, date], int]:
        return self._found(
            lambda table: self.warehouse.ledger.published_outputs(environment="dev", table=table)
        )

    def _found(self, outputs: Callable[[str], Any]) -> dict[tuple[int, date], int]:
        return {
            (job, one.partition_date): self.values[one.run_id, one.partition_date]
            for job in range(len(self.reads) + 1)
            for one in outputs(self.table(job))
        }


@pytest.mark.parametrize("examples", [12, pytest.param(HUNDREDS, marks=pytest.mark.crash)])
def test_every_output_is_what_a_model_says(warehouse, examples):
    """Whatever ran, was published, rolled back and ran again: values, and which runs are refused."""

    @settings(max_examples=examples, deadline=None)
    @given(**CHAINS)
    def check(reads, done):
        model, chain = Model(reads), Chain(warehouse, reads)
        for number, what in enumerate(done):
            if isinstance(what, int):
                model.go_back(what)
                chain.go_back(what)
                continue
            job, first, more, publish = what
            job, dates = job % (len(reads) + 1), DateRange(day(first), day(first + more))
            assert chain.run(number, job, dates, publish) == model.run(number, job, dates, publish)
        assert chain.newest() == model.newest
        assert chain.published() == model.published

    check()


@pytest.mark.parametrize("examples", [5, pytest.param(HUNDREDS // 2, marks=pytest.mark.crash)])
def test_a_range_is_what_its_dates_are_one_by_one(warehouse, examples):
    """In any chain whose first table is there."""

    @settings(max_examples=examples, deadline=None)
    @given(reads=CHAINS["reads"], first=st.integers(0, 7), more=st.integers(1, 4))
    def check(reads, first, more):
        whole, dates = DateRange(day(-20), day(30)), DateRange(day(first), day(first + more))
        at_once, one_by_one = Chain(warehouse, reads), Chain(warehouse, reads)
        for chain in (at_once, one_by_one):
            for job in range(len(reads)):
                chain.run(job, job, DateRange(day(-20 + 6 * job), day(30 - 6 * job)), publish=True)
        assert len(whole) > len(dates)
        last = len(reads)
        assert at_once.run(9, last, dates, publish=False)
        assert all(one_by_one.run(9, last, DateRange(at, at), publish=False) for at in dates)
        mine = [{key: v for key, v in c.newest().items() if key[0] == last} for c in (at_once, one_by_one)]
        assert mine[0] == mine[1]

    check()


@pytest.mark.parametrize("examples", [5, pytest.param(HUNDREDS // 2, marks=pytest.mark.crash)])
def test_a_run_like_another_reads_the_same(warehouse, examples):
    """Whatever its upstream has run and published since."""

    @settings(max_examples=examples, deadline=None)
    @given(how=READS, since=st.lists(st.one_of(RUNS, BACK), min_size=1, max_size=6))
    def check(how, since):
        chain, dates = Chain(warehouse, [how]), DateRange(day(2), day(3))
        chain.run(0, 0, DateRange(day(-3), day(9)), publish=True)
        chain.run(1, 1, dates, publish=False)
        table = chain.table(1)
        outputs = warehouse.ledger.newest_outputs(environment="dev", table=table, line=LINE)
        (first,) = {one.run_id for one in outputs}
        _, before = chain.source(1, dates)
        for number, what in enumerate(since, 2):
            if isinstance(what, int):
                chain.go_back(what)
            else:
                _, at, more, publish = what
                chain.run(number, 0, DateRange(day(at), day(at + more)), publish)
        need, after = chain.source(1, dates)
        again = as_read_by((first,), [need], {need.name: after}, warehouse, dates)[need.name]
        assert again.reads() == before.reads()

    check()
