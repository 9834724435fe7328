"""Whatever operators and runs do, in whatever order: the ledger shows what a model in a dict shows."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import fabricate
import pytest
import sqlalchemy as sa
from fabricate import begin, compared, proved, shown, write
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dwh.core import lines as lines_module
from dwh.core.dates import DateRange
from dwh.core.errors import NotPinnedError
from dwh.core.ledger import Ledger, RunRecord
from dwh.core.ledger.environments import resolved_lines
from dwh.core.ledger.rollouts import share_of
from dwh.core.ledger.schema import decisions, publications, resolutions, runs
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout import RolloutError, advance, finish, hold, pin, plan, resume, roll_back
from dwh.migrate.rollout.withheld import publish_withheld

LINES = ("7.1", "7.2", "7.3")
DAYS = fabricate.DAYS[:5]  # few, so that what is done to one meets what was done before
COMPATIBLE = {("7.1", "7.2")}
SHARES = {"shadow": 0.0, "30%": 0.3, "60%": 0.6, "100%": 1.0, "cutover": 1.0}
JOB = {"job": "takings", "environment": "prod"}
HISTORY = (decisions, resolutions, publications)


@dataclass
class Rollout:
    """A rollout, and what was before it."""

    old: str
    new: str
    steps: tuple[str, ...]
    gate: int
    window: int
    shown: dict[Any, str]  # what the new line has not brought
    resolved: dict[Any, str]
    step: int = 0
    state: str = "running"
    passed: set[Any] = field(default_factory=set)
    brought: set[Any] = field(default_factory=set)  # dates that show what the new line has brought
    touched: set[Any] = field(default_factory=set)  # dates resolved since it began
    arrived: set[Any] = field(default_factory=set)  # dates that the new line has written since
    beside: set[Any] = field(default_factory=set)  # dates that the old line has written since

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "held")


@dataclass
class Model:
    """What an environment shows, kept in dicts."""

    pin: str | None = None
    rollout: Rollout | None = None
    shown: dict[Any, str] = field(default_factory=dict)
    resolved: dict[Any, str] = field(default_factory=dict)
    newest: dict[Any, str] = field(default_factory=dict)  # by line and date
    line: dict[str, str] = field(default_factory=dict)  # by run
    proven: set[Any] = field(default_factory=set)  # dates, with the two runs that were compared

    def line_for(self, day: Any) -> str:
        """Return the line of a date that was not resolved."""
        if (rollout := self.rollout) and rollout.active:
            reached = rollout.steps[: rollout.step + 1]
            if share_of(environment="prod", job="takings", day=day) < max(SHARES[step] for step in reached):
                return rollout.new
        return self.pin

    def resolve(self, days: Any, anew: bool = False) -> dict[Any, str]:
        """Decide which line serves each date."""
        lines = {
            day: self.line_for(day) if anew else self.resolved.get(day, self.line_for(day)) for day in days
        }
        for day, line in lines.items():
            if self.resolved.get(day) != line:
                self._resolve(day, line)
        return lines

    def _resolve(self, day: Any, line: str) -> None:
        self.resolved[day] = line
        if self.rollout:
            self.rollout.touched.add(day)

    def _show(self, day: Any, run: str) -> None:
        self.shown[day] = run
        if not self.rollout:
            return
        if self.line[run] == self.rollout.new:
            self.rollout.brought.add(day)
        else:
            self.rollout.brought.discard(day)
            self.rollout.shown[day] = run

    def commit(self, run: str, line: str, days: Any) -> None:
        """Take a run's output, and show it where its line serves and needs no proof."""
        self.line[run] = line
        for day in days:
            self.newest[line, day] = run
            if self.rollout and self.rollout.active and line == self.rollout.new:
                self.rollout.arrived.add(day)
            if self.rollout and line == self.rollout.old and "cutover" not in self.rollout.steps:
                self.rollout.beside.add(day)
            if not self.pin:
                continue
            serving = self.resolved.get(day, self.line_for(day))
            if serving == line and day not in self.resolved:
                self._resolve(day, line)
            if self._needs_no_proof(day, line, serving):
                self._show(day, run)

    def _needs_no_proof(self, day: Any, line: str, serving: str) -> bool:
        rollout = self.rollout
        if not rollout or not rollout.active or line not in (rollout.old, rollout.new):
            return serving == line
        shows_new = self.line.get(self.shown.get(day, "")) == rollout.new
        stands_in = serving == rollout.new and "cutover" not in rollout.steps and not shows_new
        return line == rollout.old and (serving == line or stands_in)

    def served_pairs(self, days: Any = DAYS) -> dict[Any, tuple[str | None, str]]:
        """Return both lines' newest runs of the dates that the new line serves, and has written since."""
        rollout = self.rollout
        if not rollout or not rollout.active:
            return {}
        return {
            day: (self.newest.get((rollout.old, day)), self.newest[rollout.new, day])
            for day in days
            if day in rollout.arrived and self.resolved.get(day) == rollout.new
        }

    def publish_proven(self, days: Any) -> None:
        """Show what is proven of what was withheld."""
        for day, pair in self.served_pairs(days).items():
            if (day, pair) in self.proven and self.shown.get(day) != pair[1]:
                self._show(day, pair[1])

    def finish(self) -> None:
        """End a rollout; what shows the old line's output in the new one's place stays with the old line."""
        rollout = self.rollout
        for day in self.served_pairs():
            if self.line.get(self.shown.get(day, "")) not in (None, rollout.new):
                self._resolve(day, rollout.old)
        rollout.state, self.pin = "finished", rollout.new

    def may_pin(self, line: str, publish: bool) -> bool:
        """Tell whether a line can be pinned."""
        if self.rollout and self.rollout.active:
            return False
        if self.pin in (None, line):
            return self.pin is None or publish
        others = {*(self.line[run] for run in self.shown.values()), *self.resolved.values()} - {line}
        return not others or (self.pin, line) in COMPATIBLE

    def do_pin(self, line: str, publish: bool) -> None:
        """Pin a line."""
        if line != self.pin:
            self.rollout = None
        self.pin = line
        for day in DAYS if publish else ():
            if (line, day) in self.newest and day not in self.shown:
                if self.resolved.get(day) != line:
                    self._resolve(day, line)
                self._show(day, self.newest[line, day])

    def exchanges(self) -> dict[Any, tuple[str, str | None]]:
        """Return the runs that a cutover would exchange, by date."""
        new = self.rollout.new
        return {
            day: (run, self.newest.get((new, day)))
            for day, run in self.shown.items()
            if self.line[run] != new
        }

    def proven_dates(self) -> set[Any]:
        """Return the dates whose exchange was compared and passed, before a cutover."""
        rollout = self.rollout
        if rollout.steps[rollout.step + 1 : rollout.step + 2] != ("cutover",):
            return set()
        return {day for day, pair in self.exchanges().items() if (day, pair) in self.proven}

    def cut_over(self) -> bool:
        """Show the new line everywhere, if each exchange is proven."""
        rollout = self.rollout
        if self.proven_dates() != self.exchanges().keys():
            return False
        for day, run in list(self.shown.items()):
            if self.line[run] != rollout.new:
                self._show(day, self.newest[rollout.new, day])
        for day, line in list(self.resolved.items()):
            if line != rollout.new:
                self._resolve(day, rollout.new)
        self.pin = rollout.new
        return True

    def roll_back(self) -> None:
        """Show what was shown before."""
        rollout = self.rollout
        for day in rollout.brought:
            shown = None if day in rollout.beside else rollout.shown.get(day)
            run = shown or self.newest.get((rollout.old, day))
            if run:
                self.shown[day] = run
            else:
                del self.shown[day]
        for day in rollout.touched:
            if self.resolved[day] == rollout.new:
                self.resolved[day] = rollout.resolved.get(day, rollout.old)
        self.pin, rollout.state = rollout.old, "rolled back"


days = st.integers(0, len(DAYS) - 1).flatmap(
    lambda first: st.integers(0, 2).map(lambda count: DAYS[first : first + count + 1])
)
some_lines = st.sampled_from(LINES)


class Environment(RuleBasedStateMachine):
    """An environment on a real ledger, beside its model."""

    template: ClassVar[Path]
    warehouse: ClassVar[Warehouse]
    number: ClassVar[Any] = itertools.count()

    started: Bundle[RunRecord] = Bundle("started")

    def __init__(self) -> None:
        super().__init__()
        file = self.template.with_name(f"ledger{next(self.number)}.db")
        shutil.copy(self.template, file)
        self.house = replace(self.warehouse, ledger=Ledger.open(f"sqlite:///{file}"))
        self.model = Model()
        self.history: dict[str, set[Any]] = {table.name: set() for table in HISTORY}
        self.runs = 0

    def teardown(self) -> None:
        """Close the database."""
        self.house.ledger._engine.dispose()

    def does(self, allowed: bool, action: Any, *arguments: Any, **parts: Any) -> bool:
        """Do something that is allowed, or see it refused; return which."""
        if allowed:
            action(self.house, *arguments, **parts)
        else:
            before = self.rows()
            with pytest.raises((RolloutError, NotPinnedError)):
                action(self.house, *arguments, **parts)
            assert self.rows() == before
        return allowed

    def rows(self) -> dict[str, set[Any]]:
        """Return the history."""
        with self.house.ledger.reading() as connection:
            return {
                table.name: {repr(tuple(row)) for row in connection.execute(sa.select(table))}
                for table in HISTORY
            }

    def name(self) -> str:
        """Return the name of another run."""
        self.runs += 1
        return f"r{self.runs}"

    @initialize(line=some_lines, days=days)
    def begin(self, line: str, days: Any) -> None:
        """Most environments use a line, and show what it has written."""
        self.pin(line, False)
        self.run_by_version(line, days)

    @rule(line=some_lines, publish=st.booleans())
    def pin(self, line: str, publish: bool) -> None:
        """An operator pins a line."""
        allowed = self.model.may_pin(line, publish)
        if self.does(allowed, pin, **JOB, line=line, reason="why", publish=publish):
            self.model.do_pin(line, publish)

    @rule(days=days, anew=st.booleans(), agree=st.booleans())
    def run_by_environment(self, days: Any, anew: bool, agree: bool) -> None:
        """A DAG runs what the environment decides; during a rollout both lines, which it compares."""
        if not self.model.pin:
            with pytest.raises(NotPinnedError):
                self.house.ledger.resolve(
                    environment="prod", job="takings", dates=DateRange(days[0], days[-1])
                )
            return
        _, lines = self.house.ledger.resolve(
            environment="prod", job="takings", dates=DateRange(days[0], days[-1]), anew=anew
        )
        assert lines == self.model.resolve(days, anew)
        rollout = self.model.rollout
        for day, line in lines.items():
            if not rollout or not rollout.active or line not in (rollout.old, rollout.new):
                self.commit(write(self.house, f"takings@{line}", day, run_id=self.name()), [day])
                assert self.model.shown[day] == f"r{self.runs}", "what was served is shown"
                continue
            for each in (rollout.old, rollout.new):
                self.commit(write(self.house, f"takings@{each}", day, run_id=self.name()), [day])
                assert self.model.shown.get(day) != f"r{self.runs}" or each == rollout.old
            self.compare({day: (f"r{self.runs - 1}", f"r{self.runs}")}, agree)
            self.publish([day])
            assert (self.model.shown.get(day) == f"r{self.runs}") == (line == rollout.new and agree)

    def compare(self, pairs: Any, agree: bool = True) -> None:
        """Compare two runs of each date, and tell the model."""
        proved(self.house, pairs, "pass" if agree else "fail")
        found = set(pairs.items())
        self.model.proven = self.model.proven | found if agree else self.model.proven - found

    @rule(days=days)
    def publish(self, days: Any) -> None:
        """A run, or a backfill, publishes what is proven by now."""
        publish_withheld(self.house, "takings", DateRange(days[0], days[-1]))
        self.model.publish_proven(days)

    def commit(self, run: RunRecord, days: Any) -> None:
        """Tell the model of a run that has committed."""
        self.model.commit(run.id, run.line, days)

    @rule(line=some_lines, days=days)
    def run_by_version(self, line: str, days: Any) -> None:
        """Someone runs a version by its name."""
        self.commit(write(self.house, f"takings@{line}", *days, run_id=self.name()), days)

    @rule(line=some_lines, days=days)
    def run_elsewhere(self, line: str, days: Any) -> None:
        """Someone runs a version in another environment, which changes nothing here."""
        write(self.house, f"takings@{line}", *days, environment="dev")

    @rule(target=started, line=some_lines, days=days)
    def begin_run(self, line: str, days: Any) -> RunRecord:
        """A slow run of a version begins."""
        return write(self.house, f"takings@{line}", *days, run_id=self.name(), commit=False)

    @rule(run=consumes(started), fails=st.booleans())
    def end_run(self, run: RunRecord, fails: bool) -> None:
        """A slow run commits late, or fails."""
        if fails:
            self.house.ledger.fail_run(run.id, "why")
            return
        days = list(DateRange(run.first_date, run.last_date))
        self.house.ledger.commit_run(run, dict.fromkeys(days, 1))
        self.commit(run, days)

    @rule(
        new=some_lines,
        ramp=st.sampled_from([("shadow", "30%", "100%"), ("30%", "60%", "100%"), ("100%",)]),
        gate=st.integers(0, 1),
        window=st.sampled_from([0, 14]),
    )
    def start(self, new: str, ramp: tuple[str, ...], gate: int, window: int) -> None:
        """An operator plans a rollout and begins it."""
        model = self.model
        allowed = model.pin not in (None, new) and not (model.rollout and model.rollout.active)
        if not allowed:
            self.does(False, plan, **JOB, old=model.pin or "7.1", new=new)
            return
        steps = ramp if (model.pin, new) in COMPATIBLE else ("shadow", "cutover")
        begin(self.house, new, steps, gate=gate, window_days=window)
        before = dict(model.shown), dict(model.resolved)
        model.rollout = Rollout(model.pin, new, steps, gate, window, *before)

    def active(self) -> bool:
        """Tell whether a rollout is under way."""
        return self.model.rollout is not None and self.model.rollout.active

    def told(self) -> bool:
        """Tell whether there was a rollout, and a run to record a comparison of."""
        return self.active() and bool(self.model.line)

    @precondition(told)
    @rule(day=st.sampled_from(DAYS))
    def pass_gate(self, day: Any) -> None:
        """A comparison passes."""
        compared(self.house, "pass", day)
        self.model.rollout.passed.add(day)

    @precondition(active)
    @rule(days=days, every=st.booleans())
    def prove(self, days: Any, every: bool) -> None:
        """Someone compares what a cutover would exchange, or what waits, of some dates or of all."""
        for pairs in (self.model.exchanges(), self.model.served_pairs()):
            found = {
                day: (left, right)
                for day, (left, right) in pairs.items()
                if left and right and (every or day in days)
            }
            if found:
                self.compare(found)

    def has_open_gate(self) -> bool:
        """Tell whether the rollout may go on."""
        rollout = self.model.rollout
        if not rollout or rollout.state != "running":
            return False
        return len(rollout.passed | self.model.proven_dates()) >= rollout.gate

    @rule()
    def advance(self) -> None:
        """An operator takes the next step."""
        rollout = self.model.rollout
        allowed = self.has_open_gate() and rollout.step + 1 < len(rollout.steps)
        if allowed and rollout.steps[rollout.step + 1] == "cutover":
            allowed = self.model.cut_over()
        if self.does(allowed, advance, **JOB):
            rollout.step += 1
            rollout.passed.clear()

    @precondition(active)
    @rule()
    def hold(self) -> None:
        """An operator holds a rollout."""
        if self.does(self.model.rollout.state == "running", hold, **JOB, reason="wait"):
            self.model.rollout.state = "held"

    @precondition(active)
    @rule()
    def resume(self) -> None:
        """An operator goes on."""
        if self.does(self.model.rollout.state == "held", resume, **JOB, reason="go on"):
            self.model.rollout.state = "running"
            self.model.rollout.passed.clear()

    @rule()
    def finish(self) -> None:
        """An operator ends a rollout."""
        rollout = self.model.rollout
        if self.does(self.has_open_gate() and rollout.step + 1 == len(rollout.steps), finish, **JOB):
            self.model.finish()

    @rule()
    def roll_back(self) -> None:
        """An operator rolls back."""
        rollout = self.model.rollout
        allowed = self.active() or (bool(rollout) and rollout.state == "finished" and rollout.window > 0)
        if self.does(allowed, roll_back, **JOB, reason="wrong"):
            self.model.roll_back()

    @invariant()
    def shows_what_the_model_shows(self) -> None:
        """Each date shows the run that the model shows, and belongs to the line that the model says."""
        assert shown(self.house) == self.model.shown
        decision = self.house.ledger.decision(environment="prod", job="takings")
        assert (decision and decision.line) == self.model.pin
        with self.house.ledger.reading() as connection:
            assert resolved_lines(connection, environment="prod", job="takings") == self.model.resolved

    @invariant()
    def shows_no_mixture(self) -> None:
        """What is shown together can be read together, and so can what is awaited."""
        lines = {*(self.model.line[run] for run in self.model.shown.values()), *self.model.resolved.values()}
        assert lines <= {"7.1", "7.2"} or lines == {"7.3"}

    @invariant()
    def shows_what_committed(self) -> None:
        """All that is shown comes from runs that have committed."""
        found = self.house.ledger.find_runs(runs.c.id.in_(self.model.shown.values()))
        assert {run.status for run in found} <= {"committed"}

    @invariant()
    def rewrites_nothing(self) -> None:
        """All rows of the history that were ever there are there, unchanged."""
        now = self.rows()
        assert all(self.history[name] <= now[name] for name in now)
        self.history = now


def test_whatever_happens(warehouse, monkeypatch, tmp_path):
    """Pins, runs, rollouts and rollbacks in any order agree with the model, and keep what must hold."""
    monkeypatch.setattr(
        lines_module, "brought_lines", cache(lines_module.brought_lines)
    )  # nothing is installed
    Environment.template = tmp_path / "template.db"
    shutil.copy(Path(warehouse.ledger.url.database), Environment.template)
    Environment.warehouse = warehouse
    limits = settings(max_examples=15, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(Environment, settings=limits)
