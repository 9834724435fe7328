"""What environments choose, on SQLite and on PostgreSQL: shares, resolutions, publications."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dwh.core.dates import DateRange, parse_any_date
from dwh.core.errors import (
    DecisionConflictError,
    InvalidDateError,
    LedgerError,
    NoOutputError,
    NotPinnedError,
    UnknownSourceError,
    UnknownTableError,
)
from dwh.core.grain import DAY, MONTH
from dwh.core.ledger import Decision, Ledger, RunRecord
from dwh.core.ledger.environments import add_publications
from dwh.core.ledger.rollouts import Rollout, Step, share_of
from dwh.core.ledger.schema import decisions, publications, resolutions
from dwh.core.line import EndedLineWarning, Line
from dwh.core.lines import find_job
from dwh.core.warehouse import read_table

pytestmark = pytest.mark.smoke

TABLE = "shop.takings"
DAYS = [date(2024, 1, day) for day in range(1, 8)]
FIRST, SECOND, THIRD = DAYS[:3]
VECTORS_FILE = Path(__file__).with_name("share-vectors.md")

# Computed with another program: printf 'prod|carrier_delays|2013-01-01' | sha256sum | cut -c1-16
VECTORS = [
    ("prod", "carrier_delays", "2013-01-01", "67733c747dcd6ca4", "0.404102114143645"),
    ("prod", "carrier_delays", "2013-01-02", "4cdae7695e16b530", "0.300215209221359"),
    ("prod", "carrier_delays", "2013-07-01", "ec1177618cf18c9f", "0.922141515079551"),
    ("prod", "carrier_delays", "2024-02-29", "b52649d2769a3295", "0.707615484125747"),
    ("prod", "airport_traffic", "2013-01-01", "739f70cdab4d720d", "0.451651621067233"),
    ("staging", "carrier_delays", "2013-01-01", "730d7fee07073af8", "0.449424739467784"),
    ("dev", "my_job", "1970-01-01", "50a40901c0817c09", "0.315002978255967"),
    ("dev", "my_job", "9999-12-31", "f285f8618ac30126", "0.947356723607992"),
    ("prod", "hourly_weather", "2013-01-15T07", "c8e3ba87e8c71e04", "0.784724863224963"),
    ("prod", "hourly_weather", "2013-10-27T00", "a1b50d0614550a3a", "0.631668867096170"),
    ("prod", "monthly_traffic", "2013-01", "53689a8baf64e1f5", "0.325814875700775"),
    ("staging", "monthly_traffic", "2013-12", "f8116288af341ac6", "0.969015272493565"),
]
WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
SHARES = st.decimals(0, 1, places=4).map(str)


@pytest.mark.parametrize(("environment", "job", "day", "head", "place"), VECTORS)
def test_the_published_vectors(environment, job, day, head, place):
    """The share function gives what the documentation publishes."""
    found = share_of(environment=environment, job=job, day=parse_any_date(day))
    assert found == Fraction(int(head, 16), 2**64)
    assert f"{float(found):.15f}" == place


def test_the_documentation_has_these_vectors():
    """The table in the documentation is the one that is tested here."""
    lines = VECTORS_FILE.read_text("utf-8").splitlines()[2:]
    rows = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in lines]
    assert rows == VECTORS


@given(WORDS, WORDS, st.dates(), SHARES, SHARES)
def test_a_growing_share_only_adds_dates(environment, job, day, one, other):
    """A date that a share serves is served by every greater share."""
    small, great = sorted((one, other), key=Fraction)
    where = {"environment": environment, "job": job, "day": day}
    assert Step("great", 0, great).serves(**where) or not Step("small", 0, small).serves(**where)


@given(WORDS, WORDS, st.dates())
def test_no_share_serves_nothing_and_the_whole_everything(environment, job, day):
    """A share of 0 serves no date, of 1 every date."""
    assert not Step("shadow", 0).serves(environment=environment, job=job, day=day)
    assert Step("100%", 0, "1").serves(environment=environment, job=job, day=day)
    assert 0 <= share_of(environment=environment, job=job, day=day) < 1


@given(st.dates(), st.dates())
def test_a_first_date_serves_itself_and_later_ones(first, day):
    """`from DATE` serves that date and all later ones, whatever the share function says."""
    step = Step(f"from {first}", 0, first_date=str(first))
    assert step.serves(environment="prod", job="takings", day=day) == (day >= first)


@pytest.mark.parametrize(("environment", "job"), sorted({vector[:2] for vector in VECTORS}))
def test_dates_are_spread_evenly(environment, job):
    """Over 10,000 dates, and over those of each weekday, places are as even as chance makes them."""
    days = [date(2000, 1, 1) + timedelta(days=n) for n in range(10_000)]
    weekdays = [[day for day in days if day.weekday() == weekday] for weekday in range(7)]
    for some in (days, *weekdays):
        bins = Counter(math.floor(share_of(environment=environment, job=job, day=day) * 20) for day in some)
        expected = len(some) / 20
        chi_square = sum((bins[n] - expected) ** 2 / expected for n in range(20))
        assert chi_square < 50  # 19 degrees of freedom: more in one case of 7,000


def test_neighbouring_dates_are_independent():
    """Whether a date is served says nothing about the next one."""
    served = [
        share_of(environment="prod", job="takings", day=date(2000, 1, 1) + timedelta(days=n)) < 0.25
        for n in range(10_000)
    ]
    both = sum(one and other for one, other in pairwise(served))
    assert abs(both - 625) < 110  # more than four standard deviations


@pytest.mark.parametrize(
    ("seed", "zone", "locale"),
    [("1", "Pacific/Kiritimati", "tr_TR.UTF-8"), ("4242", "Etc/GMT+12", "C")],
)
def test_other_processes_get_the_same(seed, zone, locale):
    """Neither the hash seed nor the time zone nor the locale of a process changes a place."""
    program = (
        "import time; time.tzset()\n"
        "from dwh.core.dates import parse_any_date\n"
        "from dwh.core.ledger.rollouts import share_of\n"
        f"for e, j, d, head, _ in {VECTORS!r}:\n"
        "    assert share_of(environment=e, job=j, day=parse_any_date(d)) * 2**64 == int(head, 16), d\n"
        "print(hash('a'))"
    )
    variables = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def ramp(step: int, state: Any = "running", **parts: Any) -> Rollout:
    """Return a rollout from 0.1 to 0.2 at a step of shadow, 30 %, from 2024-01-06, 100 %."""
    later = Step("from 2024-01-06", 0, first_date="2024-01-06")
    steps = (Step("shadow", 0), Step("30%", 0, "0.3"), later, Step("100%", 0, "1"))
    begun = Rollout("0.1", "0.2", "ramp", steps, on_fail="hold", window_days=14, started=1)
    return replace(begun, position=step, state=state, **parts)


def decided(rollout: Rollout | None, line: str = "0.1") -> Decision:
    """Return a decision about takings in prod."""
    now = datetime.now(timezone.utc)
    return Decision("prod", "takings", TABLE, 1, "advance", line, rollout, "why", "someone", now)


def test_each_step_keeps_the_dates_of_the_one_before():
    """The dates of a share stay with the new line when a later step goes by date."""
    some = {day for day in DAYS if share_of(environment="prod", job="takings", day=day) < Fraction(3, 10)}
    assert some and some < set(DAYS[:5])
    served = [{day for day in DAYS if decided(ramp(step)).line_for(day) == "0.2"} for step in range(4)]
    assert served == [set(), some, some | set(DAYS[5:]), set(DAYS)]


@pytest.mark.parametrize("state", ["running", "held"])
def test_a_held_rollout_serves_as_before(state):
    """Holding a rollout changes nothing about which line serves."""
    assert {decided(ramp(3, state)).line_for(day) for day in DAYS} == {"0.2"}


@pytest.mark.parametrize("state", ["finished", "rolled back"])
def test_after_a_rollout_the_pin_counts(state):
    """A rollout that has ended serves nothing; its decision's line does."""
    assert {decided(ramp(3, state), "0.1").line_for(day) for day in DAYS} == {"0.1"}


def run_record(run_id: str, line: str, days: list[date], **parts: Any) -> RunRecord:
    """Return a run that is about to start."""
    values = {
        "id": run_id,
        "job": "takings",
        "line": line,
        "release": f"{line}.0",
        "table_name": TABLE,
        "environment": "prod",
        "status": "started",
        "first_date": min(days),
        "last_date": max(days),
        "started_at": datetime.now(timezone.utc),
        "finished_at": None,
        "started_by": "someone",
        "host": "here",
        "pid": 1,
        "location": f"{TABLE}/{line}/_run={run_id}",
        "contract": {"columns": []},
        "code": {"state": "installed"},
        "engine": {},
        "inputs": [],
        "error": None,
    }
    return RunRecord(**{**values, **parts})


def commit(ledger: Ledger, run_id: str, line: str, days: list[date], **parts: Any) -> None:
    """Start and commit a run."""
    run = run_record(run_id, line, days, **parts)
    ledger.start_run(run)
    ledger.commit_run(run, dict.fromkeys(days, 1))


def decide(
    ledger: Ledger, line: str, rollout: Rollout | None = None, table: str = TABLE, **parts: Any
) -> Decision:
    """Decide about takings in prod, on the basis of what holds."""
    expected = parts.pop("expected", ledger.decision(environment="prod", job="takings"))
    with ledger.deciding(environment="prod", job="takings", table=table, expected=expected) as (
        connection,
        sequence,
    ):
        now = datetime.now(timezone.utc)
        made = Decision("prod", "takings", table, sequence, "pin", line, rollout, "why", "someone", now)
        connection.execute(decisions.insert(), [made.to_row()])
    return made


def shown(ledger: Ledger, environment: str = "prod", **parts: Any) -> dict[date, str]:
    """Return the run that an environment shows for each date."""
    found = ledger.published_outputs(environment=environment, table=TABLE, **parts)
    return {output.partition_date: output.run_id for output in found}


def counts(ledger: Ledger) -> list[int]:
    """Return how much was ever decided, resolved and published."""
    with ledger.reading() as connection:
        return [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (decisions, resolutions, publications)
        ]


def test_without_a_pin_nothing_is_resolved(ledger):
    """An environment without a pin is refused, with the command that pins and the known environments."""
    decide(ledger, "0.1")
    before = counts(ledger)
    with pytest.raises(NotPinnedError, match=r"dwh pin takings LINE --env staging .*takings@LINE") as caught:
        ledger.resolve(environment="staging", job="takings", dates=DateRange(FIRST, FIRST))
    assert caught.value.known == ("prod",)
    with pytest.raises(NotPinnedError):
        ledger.resolve(environment="prod", job="other", dates=DateRange(FIRST, FIRST))
    assert counts(ledger) == before


def test_a_future_date_is_not_resolved(ledger):
    """A logical date that has not begun in UTC is refused, and those before it are not decided either."""
    decide(ledger, "0.1")
    today = datetime.now(timezone.utc).date()
    with pytest.raises(InvalidDateError, match="in the future"):
        ledger.resolve(environment="prod", job="takings", dates=DateRange(today, today + timedelta(days=1)))
    assert counts(ledger) == [1, 0, 0]
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(today, today))[1] == {
        today: "0.1"
    }


def test_what_was_resolved_stays(ledger):
    """A date that was resolved keeps its line when the pin moves; others get the new one."""
    decide(ledger, "0.1")
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(SECOND, SECOND))[1] == {
        SECOND: "0.1"
    }
    decision = decide(ledger, "0.2")
    lines = {FIRST: "0.2", SECOND: "0.1", THIRD: "0.2"}
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, THIRD)) == (
        decision,
        lines,
    )
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, THIRD)) == (
        decision,
        lines,
    )
    assert counts(ledger) == [2, 3, 0]


def test_resolving_anew_adds_to_the_history(ledger):
    """Deciding again goes by what holds now, and keeps what was decided before."""
    decide(ledger, "0.1")
    ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND))
    decide(ledger, "0.2")
    for _ in range(2):
        _, lines = ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, FIRST), anew=True)
        assert lines == {FIRST: "0.2"}
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND))[1] == {
        FIRST: "0.2",
        SECOND: "0.1",
    }
    with ledger.reading() as connection:
        kept = connection.execute(sa.select(resolutions.c.partition_date, resolutions.c.line)).all()
        assert sorted(tuple(row) for row in kept) == [(FIRST, "0.1"), (FIRST, "0.2"), (SECOND, "0.1")]


def together(*actions: Callable[[], Any]) -> list[Any]:
    """Do things at the same time; return what each returned or raised."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def act(place: int, action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = action()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=act, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def another(ledger: Ledger) -> Ledger:
    """Return the same ledger as another process has it."""
    return Ledger.open(ledger.url.render_as_string(hide_password=False))


def test_all_who_resolve_at_once_get_the_same(ledger):
    """Eight who resolve overlapping dates while the pin moves agree about every date."""
    decide(ledger, "0.1")
    ranges = [DateRange(DAYS[n % 4], DAYS[n % 4 + 3]) for n in range(8)]
    asked = [
        partial(another(ledger).resolve, environment="prod", job="takings", dates=dates) for dates in ranges
    ]
    results = together(*asked, partial(decide, another(ledger), "0.2"))
    agreed: dict[date, set[str]] = {}
    for _, lines in results[:-1]:
        for day, line in lines.items():
            agreed.setdefault(day, set()).add(line)
    assert len(agreed) == 7 and all(len(lines) == 1 for lines in agreed.values())
    assert counts(ledger)[1] == 7


def test_a_run_is_published_where_its_line_serves(ledger):
    """A commit publishes the dates that the run's line serves, in the run's environment alone."""
    commit(ledger, "early", "0.1", DAYS)
    assert shown(ledger) == {}, "without a pin nothing is shown"
    decide(ledger, "0.1", ramp(1, started=0))
    some = {day for day in DAYS if share_of(environment="prod", job="takings", day=day) < Fraction(3, 10)}
    commit(ledger, "new", "0.2", DAYS)
    assert shown(ledger) == {}, "what the new line writes is not proven"
    lines = ledger.resolve(environment="prod", job="takings", dates=DateRange(DAYS[0], DAYS[-1]))[1]
    assert {day for day, line in lines.items() if line == "0.2"} == some
    commit(ledger, "old", "0.1", DAYS)
    assert shown(ledger) == dict.fromkeys(DAYS, "old"), "the old line's stands in for it"
    commit(ledger, "elsewhere", "0.1", DAYS, environment="dev")
    assert "elsewhere" not in shown(ledger).values()
    assert shown(ledger, "dev") == {}


def prove(ledger: Ledger, run_ids: dict[date, str]) -> None:
    """Publish runs in prod, as whoever has compared them does."""
    with ledger.holding(TABLE) as (connection, sequence):
        add_publications(
            connection,
            environment="prod",
            table=TABLE,
            run_ids=run_ids,
            sequence=sequence,
            now=datetime.now(timezone.utc),
        )


def test_a_rerun_within_a_ramp_replaces_nothing_that_was_proven(ledger):
    """Either line may run again: the date goes on showing the output that a comparison has passed for."""
    decide(ledger, "0.1", ramp(3, started=0))
    for run_id, line in (("old", "0.1"), ("new", "0.2")):
        commit(ledger, run_id, line, [FIRST, SECOND])
    prove(ledger, {FIRST: "new"})
    commit(ledger, "new again", "0.2", [FIRST, SECOND])
    assert shown(ledger) == {FIRST: "new", SECOND: "old"}
    commit(ledger, "old again", "0.1", [FIRST, SECOND])
    assert shown(ledger) == {FIRST: "new", SECOND: "old again"}


def test_lines_that_may_not_mix_do_not_stand_in_for_each_other(ledger):
    """After a cutover a date shows the new line's output once it is proven, and until then what it showed."""
    decide(ledger, "0.2", ramp(3, started=0, way="cutover"))
    commit(ledger, "new", "0.2", [FIRST])
    prove(ledger, {FIRST: "new"})
    for run_id, line in (("old", "0.1"), ("newer", "0.2")):
        commit(ledger, run_id, line, [FIRST, SECOND])
    assert shown(ledger) == {FIRST: "new"}


def test_after_a_rollout_its_line_is_published_at_once(ledger):
    """Once nothing is compared any more, a commit publishes what the environment's line has written."""
    decide(ledger, "0.2", ramp(3, state="finished", started=0))
    commit(ledger, "new", "0.2", [FIRST])
    assert shown(ledger) == {FIRST: "new"}


def test_publishing_decides_for_good(ledger):
    """A run that named its version and was published has decided about its dates."""
    decide(ledger, "0.1")
    commit(ledger, "r1", "0.1", [FIRST])
    decide(ledger, "0.2")
    commit(ledger, "r2", "0.2", [FIRST, SECOND])
    assert shown(ledger) == {FIRST: "r1", SECOND: "r2"}
    commit(ledger, "r3", "0.1", [FIRST, SECOND])
    assert shown(ledger) == {FIRST: "r3", SECOND: "r2"}
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND))[1] == {
        FIRST: "0.1",
        SECOND: "0.2",
    }


def test_a_run_that_was_served_is_not_shown_once_others_serve(ledger):
    """A run whose dates have been given to another line before it commits is not published."""
    decide(ledger, "0.1")
    ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND))
    slow = run_record("slow", "0.1", [FIRST, SECOND])
    ledger.start_run(slow)
    decide(ledger, "0.2")
    ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, FIRST), anew=True)
    ledger.commit_run(slow, {FIRST: 1, SECOND: 1})
    assert shown(ledger) == {SECOND: "slow"}


def test_what_does_not_commit_is_never_shown(ledger):
    """Neither a run that failed nor a commit that was refused publishes anything."""
    decide(ledger, "0.1")
    for run_id in ("r1", "r2"):
        ledger.start_run(run_record(run_id, "0.1", [FIRST, SECOND]))
    ledger.fail_run("r1", "why")
    with pytest.raises(LedgerError, match="run r1 is failed"):
        ledger.commit_run(run_record("r1", "0.1", [FIRST, SECOND]), {FIRST: 1})
    with pytest.raises(LedgerError, match="refused a statement"):
        ledger.commit_run(run_record("r2", "0.1", [FIRST, SECOND]), {FIRST: 1, SECOND: None})
    assert shown(ledger) == {}
    assert counts(ledger) == [1, 0, 0]


def publish(ledger: Ledger, runs: dict[date, str | None], environment: str = "prod") -> datetime:
    """Show other runs by a decision; return when."""
    expected = ledger.decision(environment="prod", job="takings")
    with ledger.deciding(environment="prod", job="takings", table=TABLE, expected=expected) as (
        connection,
        sequence,
    ):
        now = datetime.now(timezone.utc)
        add_publications(
            connection, environment=environment, table=TABLE, run_ids=runs, sequence=sequence, now=now
        )
    return now


def test_the_past_of_an_environment_stays(ledger):
    """As of an instant, what was shown then is shown, in whatever zone the instant is given."""
    decide(ledger, "0.1")
    commit(ledger, "r1", "0.1", [FIRST, SECOND])
    commit(ledger, "r2", "0.1", [FIRST])
    (first,) = [
        output.committed_at
        for output in ledger.outputs(environment="prod", table=TABLE)
        if output.run_id == "r2"
    ]
    gone = publish(ledger, {SECOND: None})
    assert shown(ledger) == {FIRST: "r2"}
    back = publish(ledger, {FIRST: "r1", SECOND: "r1"})
    tokyo = timezone(timedelta(hours=9))
    assert shown(ledger, as_of=back.astimezone(tokyo)) == {FIRST: "r1", SECOND: "r1"}
    assert shown(ledger, as_of=gone) == {FIRST: "r2"}
    assert shown(ledger, as_of=first) == {FIRST: "r2", SECOND: "r1"}
    assert shown(ledger, as_of=first - timedelta(microseconds=1)) == {FIRST: "r1", SECOND: "r1"}
    assert shown(ledger, dates=DateRange(SECOND, THIRD)) == {SECOND: "r1"}


def test_environments_are_apart(ledger):
    """What one environment shows says nothing about another."""
    decide(ledger, "0.1")
    commit(ledger, "r1", "0.1", [FIRST])
    commit(ledger, "r2", "0.1", [FIRST], environment="staging")
    publish(ledger, {FIRST: "r2"}, "staging")
    publish(ledger, {FIRST: None})
    assert (shown(ledger), shown(ledger, "staging")) == ({}, {FIRST: "r2"})


def test_outputs_are_apart(ledger):
    """What one environment runs is no output of another, however new it is."""
    commit(ledger, "r1", "0.1", [FIRST])
    commit(ledger, "r2", "0.1", [FIRST, SECOND], environment="dev")
    found = {
        name: ledger.newest_outputs(environment=name, table=TABLE, line="0.1") for name in ("prod", "dev")
    }
    assert [(output.partition_date, output.run_id) for output in found["prod"]] == [(FIRST, "r1")]
    assert {output.run_id for output in found["dev"]} == {"r2"}
    assert [output.run_id for output in ledger.outputs(environment="prod", table=TABLE)] == ["r1"]
    assert ledger.table_lines(environment="staging", table=TABLE) == []
    assert ledger.table_environments(TABLE) == ["dev", "prod"]
    assert ledger.table_names() == [TABLE]


def test_a_publication_of_another_environment_s_run_shows_nothing(ledger):
    """What is not an environment's own output, it cannot publish."""
    commit(ledger, "r1", "0.1", [FIRST], environment="dev")
    publish(ledger, {FIRST: "r1"})
    assert shown(ledger) == {}


def test_a_reader_sees_before_or_after(ledger):
    """Someone who reads while all publications move never sees a mixture."""
    decide(ledger, "0.1")
    days = [FIRST + timedelta(days=n) for n in range(60)]
    for run_id in ("r1", "r2"):
        commit(ledger, run_id, "0.1", days)
    done, seen = threading.Event(), []
    mine = another(ledger)

    def watch() -> None:
        while not done.is_set():
            seen.append(set(shown(mine).values()))

    def move() -> None:
        try:
            for n in range(20):
                read = len(seen)
                publish(ledger, dict.fromkeys(days, f"r{n % 2 + 1}"))
                while len(seen) < read + 2:  # the second one began after the move
                    time.sleep(0.001)
        finally:
            done.set()

    assert together(watch, move) == [None, None]
    assert {len(runs) for runs in seen} == {1}
    assert {"r1"} in seen and {"r2"} in seen


def test_of_two_who_decide_at_once_one_wins(ledger):
    """Decisions that rest on the same one: the first holds, each other is told who was faster, and why."""
    expected = decide(ledger, "0.1")
    actions = [partial(decide, another(ledger), f"0.{n}", expected=expected) for n in range(2, 6)]
    results = together(*actions)
    (winner,) = [result for result in results if isinstance(result, Decision)]
    lost = [result for result in results if isinstance(result, DecisionConflictError)]
    assert len(lost) == 3
    assert {(error.action, error.decided_by, error.reason) for error in lost} == {("pin", "someone", "why")}
    assert "takings in prod: someone decided first (pin: why)" in str(lost[0])
    assert "dwh rollout history takings --env prod" in str(lost[0])
    assert ledger.decision(environment="prod", job="takings") == winner
    assert [made.line for made in ledger.decisions()] == ["0.1", winner.line]


def test_a_clock_ahead_does_not_change_the_order_of_decisions(ledger):
    """They come as they were made, which their sequence says."""
    decide(ledger, "0.1")
    with ledger.writing() as connection:
        connection.execute(decisions.update().values(decided_at=datetime.now(timezone.utc) + timedelta(1)))
    commit(ledger, "r1", "0.1", [FIRST])
    made = decide(ledger, "0.2")
    assert [one.line for one in ledger.decisions()] == ["0.1", "0.2"]
    assert ledger.decisions()[-1] == made


def test_hours_of_a_table_that_is_not_there(warehouse):
    """What nobody has written has no grain yet, so that an hour of it is missing, and not a mistake."""
    asked = {"start": "2024-03-31T05", "warehouse": warehouse}
    with pytest.raises(UnknownTableError):
        read_table(None, TABLE, **asked)
    commit(warehouse.ledger, "r1", "0.1", [FIRST])
    assert warehouse.ledger.table_grain(table=TABLE, line="0.2") is None
    with pytest.raises(InvalidDateError, match="a UTC calendar date is needed"):
        read_table(None, TABLE, **asked)


def test_a_clock_ahead_does_not_keep_an_old_grain(ledger):
    """What a table's logical dates cover is what the run wrote that committed last."""
    ahead = datetime.now(timezone.utc) + timedelta(1)
    for run_id, line, grain, began in (("r1", "0.1", "month", ahead), ("r2", "0.2", "day", None)):
        contract = {"name": TABLE, "columns": [], "key": [], "partition_by": "day", "grain": grain}
        commit(ledger, run_id, line, [FIRST], contract=contract, **({"started_at": began} if began else {}))
    assert ledger.table_grain(table=TABLE) == DAY
    assert ledger.table_grain(table=TABLE, line="0.1") == MONTH


def test_the_first_decision_is_one_too(ledger):
    """Of two who pin a job for the first time at once, one wins."""
    results = together(*(partial(decide, another(ledger), "0.1", expected=None) for _ in range(3)))
    assert sorted(type(result).__name__ for result in results) == [
        "Decision",
        "DecisionConflictError",
        "DecisionConflictError",
    ]


def test_a_decision_that_fails_leaves_nothing(ledger):
    """What goes wrong inside a decision takes all of it back, its number included."""
    decide(ledger, "0.1")
    expected = ledger.decision(environment="prod", job="takings")
    with (
        pytest.raises(RuntimeError),
        ledger.deciding(environment="prod", job="takings", table=TABLE, expected=expected) as (
            connection,
            sequence,
        ),
    ):
        connection.execute(decisions.insert(), [{**vars(expected), "sequence": sequence}])
        raise RuntimeError
    assert ledger.decisions() == [expected]
    assert decide(ledger, "0.2").sequence == sequence


def test_decisions_keep_their_order_across_tables(ledger):
    """A job whose line writes another table is decided about in order, however much happened to either."""
    decide(ledger, "0.1")
    for n in range(5):
        commit(ledger, f"r{n}", "0.1", [FIRST])
    made = decide(ledger, "0.2", table="shop.sales")
    assert ledger.decision(environment="prod", job="takings") == made
    _, lines = ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND), anew=True)
    assert lines == {FIRST: "0.2", SECOND: "0.2"}
    assert ledger.resolve(environment="prod", job="takings", dates=DateRange(FIRST, SECOND))[1] == lines
    assert decide(ledger, "0.1").line == "0.1" == ledger.decision(environment="prod", job="takings").line


def test_environments_with_a_pin_are_known(ledger):
    """The environments are those about which something was decided."""
    assert ledger.environments() == []
    assert ledger.decision(environment="prod", job="takings") is None
    decide(ledger, "0.1")
    assert ledger.environments() == ["prod"]


def test_a_reader_names_what_is_not_there(warehouse):
    """A table that an environment lacks, or that is unknown, is refused before Spark starts."""
    with pytest.raises(UnknownTableError):
        read_table(None, TABLE, environment="prod", warehouse=warehouse)
    commit(warehouse.ledger, "r1", "0.1", [FIRST])
    with pytest.raises(NoOutputError, match="environment prod publishes nothing; type: dwh pins"):
        read_table(None, TABLE, environment="prod", warehouse=warehouse)
    decide(warehouse.ledger, "0.1")
    commit(warehouse.ledger, "r2", "0.1", [FIRST])
    with pytest.raises(NoOutputError, match="publishes nothing for 2024-01-02"):
        read_table(None, TABLE, environment="prod", start=SECOND, end=SECOND, warehouse=warehouse)
    with pytest.raises(NoOutputError, match=r"line 0\.1 has no output in environment dev; .*: prod; type: "):
        read_table(None, TABLE, line="0.1", environment="dev", warehouse=warehouse)
    with pytest.raises(InvalidDateError, match="time zone"):
        read_table(None, TABLE, as_of=datetime(2024, 1, 1), warehouse=warehouse)


def ended_line(ends: str) -> str:
    """Return the source of a line's package."""
    return f"from datetime import date\nfrom dwh.core import Line\nLINE = Line('maintenance', ends={ends})\n"


def test_a_line_ends_after_its_last_day():
    """A line is supported through its last day in UTC, and until its status says otherwise."""
    today = datetime.now(timezone.utc).date()
    assert not Line("maintenance").ended
    assert not Line("maintenance", ends=today + timedelta(days=1)).ended
    assert not Line("maintenance", ends=today).ended or datetime.now(timezone.utc).date() > today
    assert Line("maintenance", ends=today - timedelta(days=1)).ended
    assert Line("ended").ended


def test_importing_a_job_of_an_ended_line_warns(installed_line):
    """Who imports a job of a line past its date is told, with the way to the next one."""
    installed_line("7.1", init=ended_line("date(2020, 1, 31)"))
    with pytest.warns(EndedLineWarning, match=r"v7_1_0: this line ended on 2020-01-31 \(UTC\).*dwh rollout"):
        find_job("takings@7.1")


def test_running_a_job_of_an_ended_line_warns(installed_line, warehouse):
    """Each run of a line past its date warns, as its first act."""
    installed_line("7.1", init=ended_line("date(2020, 1, 31)"))
    with pytest.warns(EndedLineWarning):
        job = find_job("takings@7.1")()
    without_sources = type(warehouse)(
        type(warehouse.config)(warehouse.config.warehouse, warehouse.config.ledger), warehouse.ledger
    )
    for _ in range(2):
        with pytest.warns(EndedLineWarning, match="dwh rollout plan"), pytest.raises(UnknownSourceError):
            job.run(date=FIRST, warehouse=without_sources)


def test_a_living_line_does_not_warn(installed_line, recwarn):
    """A line whose end is ahead says nothing."""
    installed_line("7.1", init=ended_line("date(9999, 1, 1)"))
    find_job("takings@7.1")
    assert not [warning for warning in recwarn if issubclass(warning.category, EndedLineWarning)]
