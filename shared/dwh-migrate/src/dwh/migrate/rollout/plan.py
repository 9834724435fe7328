"""What a rollout would do: shown before anything is computed, and begun exactly as shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from dwh.core.dates import DateRange, date_spans, parse_date
from dwh.core.definition import inputs_of
from dwh.core.distributions import brought_lines
from dwh.core.errors import InvalidDateError, NotPinnedError
from dwh.core.grain import DAY, Grain
from dwh.core.identity import current_user, new_id
from dwh.core.inputs import Input
from dwh.core.ledger import one_transaction
from dwh.core.ledger.rollouts import OnFail, Step, Way
from dwh.core.ledger.schema import plans
from dwh.core.lines import find_line, installed_lines
from dwh.core.names import valid_environment, valid_job
from dwh.core.warehouse import Warehouse
from dwh.migrate.clock import recorded_now
from dwh.migrate.rollout.errors import LineChoiceError, NoRolloutError, RolloutError, StepError
from dwh.migrate.rollout.pins import living_line
from dwh.migrate.rollout.proof import proof_in
from dwh.migrate.rollout.relation import AT_ONCE, breaks, moves_at_once, two_grains

__all__ = [
    "DEFAULT_GATE",
    "DEFAULT_WINDOW_DAYS",
    "Plan",
    "newest_plan",
    "parse_steps",
    "plan",
]

_KNOWLEDGE = ("proven", "unproven", "failed")  # which grows while a plan waits, and changes nothing in it
_WORDS = {  # that `dwh rollout plan` has for what it shows
    "breaks": "contracts",
    "on_fail": "when it fails",
    "window_days": "days for a rollback",
    "published": "partitions published",
    "lacking": "missing in the new line",
    "reads": "would read",
    "uses": "named by",
}
DEFAULT_GATE = 3
DEFAULT_WINDOW_DAYS = 14
_DEFAULT_STEPS: Mapping[Way, tuple[str, ...]] = {
    "ramp": ("shadow", "25%", "100%"),
    "cutover": ("shadow", "cutover"),
}
_STEP = re.compile(
    r"(?P<name>shadow|cutover|(?P<share>\d{1,3}(\.\d{1,6})?)%|from (?P<first>\S+?))(:(?P<gate>\d{1,6}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Plan:
    """What a rollout would do, and what that rests on. JSON-able through `asdict`.

    Attributes:
        breaks: why the contracts of the two lines may not stand in one table; then the way is
            `cutover`, otherwise `ramp`.
        published: how many logical dates the environment shows.
        lacking: the published logical dates without an output of the new line, as ranges.
        reads: what running those would read.
        readers: installed jobs that read the table.
        uses: where DAGs name the job or its table, as far as they were looked at.
        decision: the sequence of the decision that the plan rests on.
        proven, unproven, failed: how many of the dates that show another line are so: see `Proof`.
    """

    job: str
    environment: str
    table: str
    old_line: str
    old_release: str
    new_line: str
    new_release: str
    way: Way
    breaks: tuple[str, ...]
    steps: tuple[Step, ...]
    on_fail: OnFail
    window_days: int
    published: int
    lacking: tuple[str, ...]
    reads: tuple[str, ...]
    readers: tuple[str, ...]
    uses: tuple[str, ...]
    decision: int
    proven: int = 0
    unproven: int = 0
    failed: int = 0

    def differences(self, other: Plan) -> list[str]:
        """Return what another plan shows differently, a sentence for each."""
        mine, others = asdict(self), asdict(other)
        changed = [name for name in mine if mine[name] != others[name] and name not in _KNOWLEDGE]
        return [
            f"{_WORDS.get(name, name.replace('_', ' '))}: {_shown(mine[name])} → {_shown(others[name])}"
            for name in changed
            if name != "decision"
        ] + ["a decision has been made since"] * ("decision" in changed)


def plan(
    warehouse: Warehouse,
    *,
    job: str,
    old: str,
    new: str,
    environment: str,
    steps: Sequence[str] = (),
    gate: int = DEFAULT_GATE,
    on_fail: OnFail = "hold",
    window_days: int = DEFAULT_WINDOW_DAYS,
    uses: Iterable[str] = (),
    keep: bool = True,
) -> Plan:
    """Return what rolling a job out from one line to the next would do; compute nothing.

    Parameters:
        steps: such as `shadow`, `25%`, `from 2013-07-01`, `100%`, or `cutover`, each perhaps with a
            gate of its own: `25%:10`. By default those of the way that is open. A number beside `cutover`
            says how many of the dates that it moves must be proven, which otherwise every one must.
        gate: of the steps that have none of their own.
        on_fail: what happens when a comparison fails or the candidate crashes.
        window_days: for how many days after its end the rollout can be rolled back.
        uses: where DAGs name the job or its table.
        keep: record the plan in the ledger, so that `start` can begin it.

    Raises RolloutError when this cannot be rolled out, and the errors of what it names.
    """
    valid_environment(environment), valid_job(job)
    decision = warehouse.ledger.decision(environment=environment, job=job)
    if decision is None:
        raise NotPinnedError(environment=environment, job=job, known=warehouse.ledger.environments())
    if decision.active_rollout:
        raise RolloutError(
            f"{job} is being rolled out in {environment} already; "
            f"type: dwh rollout status {job} --env {environment}"
        )
    if old == new or decision.line != old:
        raise RolloutError(
            f"{job} is pinned to {decision.line} in {environment}; "
            f"type: dwh rollout plan {job} {decision.line} NEW --env {environment}"
        )
    new_line = living_line(new)
    if old not in brought_lines():  # its contract is needed, even when the line has ended
        raise LineChoiceError(f"line {old} is not installed here, so nothing can be compared with it")
    old_line = find_line(old)
    old_job, new_job = old_line.job(job), new_line.job(job)
    if old_job.writes.name != new_job.writes.name:
        raise LineChoiceError(
            f"{job} writes {old_job.writes.name} in {old} and {new_job.writes.name} in {new}: "
            "these are two tables, and readers move by themselves; "
            f'type: dwh pin {job} {new} --env {environment} --reason "…"'
        )
    was, now = old_job.writes.logical_grain, new_job.writes.logical_grain
    if was != now:
        raise LineChoiceError(
            f"{job} is {was.adjective} in {old} and {now.adjective} in {new}: "
            f"{two_grains(was=was, now=now, line=new)}"
        )
    problems = breaks(old_job, new_job) or moves_at_once(old_job, new_job)
    way: Way = "cutover" if problems else "ramp"
    table = new_job.writes.name
    published = {
        o.partition_date for o in warehouse.ledger.published_outputs(environment=environment, table=table)
    }
    lacking = published - {
        o.partition_date
        for o in warehouse.ledger.newest_outputs(environment=environment, table=table, line=new)
    }
    with warehouse.ledger.reading() as connection:
        proof = proof_in(connection, environment=environment, job=job, table=table, line=new)
    found = Plan(
        job=job,
        environment=environment,
        table=table,
        old_line=old,
        old_release=old_line.release,
        new_line=new,
        new_release=new_line.release,
        way=way,
        breaks=problems,
        steps=parse_steps(steps, way, gate, problems, now),
        on_fail=on_fail,
        window_days=window_days,
        published=len(published),
        lacking=tuple(str(span) for span in date_spans(lacking)),
        reads=_reads(inputs_of(new_job), warehouse, lacking, new),
        readers=tuple(_readers(table)),
        uses=tuple(uses),
        decision=decision.sequence,
        proven=len(proof.proven),
        unproven=len(proof.unproven),
        failed=len(proof.failed),
    )
    if keep:
        _keep(warehouse, found)
    return found


def newest_plan(warehouse: Warehouse, *, job: str, environment: str) -> Plan:
    """Return the plan that was made last; raises RolloutError when there is none."""
    mine = (plans.c.job == valid_job(job)) & (plans.c.environment == valid_environment(environment))
    query = sa.select(plans.c.plan).where(mine).order_by(plans.c.planned_at.desc()).limit(1)
    with warehouse.ledger.reading() as connection:
        found = connection.scalar(query)
    if found is None:
        raise NoRolloutError(
            f"no rollout of {job} has been planned in {environment}; "
            f"type: dwh rollout plan {job} OLD NEW --env {environment}"
        )
    lists = {name: tuple(found[name]) for name in ("breaks", "lacking", "reads", "readers", "uses")}
    return Plan(**{**found, **lists, "steps": tuple(map(Step.from_dict, found["steps"]))})


def parse_steps(
    texts: Sequence[str], way: Way, gate: int, problems: Sequence[str], grain: Grain = DAY
) -> tuple[Step, ...]:
    """Read the steps of a rollout, by default those of its way; raises RolloutError.

    Parameters:
        grain: of the table, in whose dates a step says from when on it serves.
    """
    steps = tuple(_step(text.strip(), gate, grain) for text in texts or _DEFAULT_STEPS[way])
    names = [step.name for step in steps]
    if way == "cutover":
        if names != ["shadow", "cutover"]:
            raise StepError(f"{', '.join(names)}: {_against_steps(problems)}; the steps are: shadow, cutover")
        return steps
    if "cutover" in names or "shadow" in names[1:]:
        raise StepError(f"{', '.join(names)}: compatible lines are ramped, such as: shadow, 25%, 100%")
    if steps[-1].share != "1":
        raise StepError(f"{', '.join(names)}: the last step must be 100%")
    shares = [Decimal(step.share) for step in steps if step.name.endswith("%")]
    firsts = [step.first_date for step in steps if step.first_date]
    if shares != sorted(set(shares)) or firsts != sorted(set(firsts), reverse=True):
        raise StepError(
            f"{', '.join(names)}: each step must serve more dates than the one before; a share that "
            "shrinks would take dates back, which is what dwh rollout rollback is for"
        )
    return steps


def _step(text: str, gate: int, grain: Grain) -> Step:
    match = _STEP.fullmatch(text)
    if match is None:
        raise StepError(
            f"{text!r} is not a step; write shadow, 25%, from 2013-07-01 or cutover, with or without :GATE"
        )
    own = int(match["gate"]) if match["gate"] else gate
    if match["first"]:
        try:
            return Step(match["name"], own, first_date=str(parse_date(match["first"], grain)))
        except InvalidDateError as error:
            raise StepError(f"step {text!r}: {error.message}") from None
    if match["share"]:
        share = Decimal(match["share"]) / 100
        if not 0 < share <= 1:
            raise StepError(f"step {text!r}: a share must be above 0% and at most 100%")
        return Step(match["name"], own, share=format(share.normalize(), "f"))
    if match["name"] == "cutover":
        sample = int(match["gate"]) if match["gate"] else None
        return Step("cutover", min(own, gate), share="1", proven=sample)
    return Step("shadow", own)


def _against_steps(problems: Sequence[str]) -> str:
    """Return why a table moves as a whole."""
    if problems[0] in AT_ONCE:
        return problems[0]
    return f"the contracts break ({'; '.join(problems)}), so partitions of both lines cannot be in one table"


def _readers(table: str) -> Iterator[str]:
    """Yield the installed jobs that read a table; of those that are broken nothing is known."""
    for line in installed_lines().values():
        for name in line.job_names():
            job = line.usable_job(name)
            if job and table in {need.name for need in inputs_of(job) if not need.own}:
                yield f"{name}@{line.name}"


def _reads(needs: Sequence[Input], warehouse: Warehouse, days: Set[date], line: str) -> tuple[str, ...]:
    from dwh.core.sources import settled_sources  # here, as every look at a rollout would wait for it

    today = datetime.now(timezone.utc).date()
    span = DateRange(min(days, default=today), max(days, default=today))
    sources = settled_sources(needs, warehouse, span, line)

    def shown(need: Input) -> str:
        return f"{need.name} ({_place(sources[need.name].record())}): {_part(need, days)}"

    return tuple(shown(need) for need in needs) if days else ()


def _part(need: Input, days: Set[date]) -> str:
    """Return how much of an input is read by runs for some dates."""
    if need.own:
        return "that of the date before"
    if need.table.date_column is None:
        return "whole"
    read = {day for span in date_spans(days) for day in need.dates(span)}
    return f"{len(read):,} logical date{'' if len(read) == 1 else 's'} of it"


def _place(record: Mapping[str, Any]) -> str:
    if table := record.get("table"):
        return f"catalog table {table}"
    if record["format"] != "dwh":
        return f"{record['format']}, {record['path'] or 'no path'}"
    return f"line {record['line']}" if record["line"] else f"as {record['environment']} publishes it"


@one_transaction
def _keep(warehouse: Warehouse, found: Plan) -> None:
    row = {
        "environment": found.environment,
        "job": found.job,
        "plan": asdict(found),
        "planned_by": current_user(),
    }
    mine = (plans.c.job == found.job, plans.c.environment == found.environment)
    with warehouse.ledger.writing() as connection:
        now = recorded_now(connection, plans.c.planned_at, *mine)
        connection.execute(plans.insert(), [{**row, "id": new_id(now), "planned_at": now}])


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)
