"""What holds in a folder: configuration, lines, and what is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dwh.core.config import Config, load_config
from dwh.core.errors import PYSPARK_MISSING, LedgerError, LedgerVersionError, SparkUnavailableError
from dwh.core.ledger import Ledger
from dwh.core.ledger.schema import plans, runs
from dwh.core.lines import InstalledLine, broken_lines, installed_lines
from dwh.core.process import has_ended
from dwh.core.warehouse import Warehouse
from dwh.migrate.rollout.state import Progress, progress_of, standing
from dwh.migrate.whereabouts.following import Hint, following
from dwh.migrate.whereabouts.landed import landed

if TYPE_CHECKING:
    from dwh.core.ledger import Decision

__all__ = ["Run", "Situation", "Whereabouts", "whereabouts"]

_LATEST = 50
_HINTS = 3


@dataclass(frozen=True)
class Run:
    """A run of the environment, as far as it matters here."""

    id: str
    job: str
    line: str
    table: str
    status: str
    first_date: date
    last_date: date
    error: str | None

    @property
    def reference(self) -> str:
        """The job in its line."""
        return f"{self.job}@{self.line}"


@dataclass(frozen=True)
class Situation:
    """What decides what one is likely to type next.

    Attributes:
        environment: the configured one.
        lines: those that can be used, oldest first.
        ledger: `ready`, `none` where there is none yet, `old` where it must be upgraded, or `unusable`.
        committed: the latest runs that committed, newest first.
        failed: runs after which nothing was committed for their dates, newest first.
        decisions: what holds for each job in each environment.
        rollouts: those that have not ended.
        planned: environments and jobs for which a rollout was planned after all that was decided.
        landed: a job, and a date for which its inputs are there; None where nobody can tell.
    """

    environment: str
    lines: tuple[InstalledLine, ...]
    ledger: str
    committed: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    decisions: tuple[Decision, ...] = ()
    rollouts: tuple[Progress, ...] = ()
    planned: frozenset[tuple[str, str]] = frozenset()
    landed: tuple[str, date] | None = None


@dataclass(frozen=True)
class Whereabouts:
    """What `dwh` alone says, JSON-able.

    Attributes:
        configuration: the file, or that there is none.
        catalogs: the names of those that follow the ledger.
        ledger: its URL without the password, and what is the matter with it.
        problems: why lines, or the ledger, cannot be used.
        under_way: rollouts, and runs that have not ended.
        next: what one is likely to type, and what for.
    """

    configuration: str
    warehouse: str
    ledger: dict[str, str]
    environment: str
    engine: dict[str, str]
    lines: list[dict[str, Any]]
    catalogs: list[str]
    problems: list[str]
    under_way: list[dict[str, str]]
    next: list[Hint]


def whereabouts(config: Config | None = None) -> Whereabouts:
    """Return where one is, by default by the configuration that holds here; raises ConfigError."""
    config = config or load_config()
    lines, problems = tuple(installed_lines().values()), [str(error) for error in broken_lines().values()]
    if find_spec("pyspark") is None:
        problems.append(str(SparkUnavailableError(*PYSPARK_MISSING)))
    url, state, problem = _ledger(config)
    situation, running = Situation(config.environment, lines, state), []
    if state == "ready":
        warehouse = Warehouse.open(config)
        situation = _situation(warehouse, lines)
        running = list(_running(warehouse.ledger, config.environment))
    if lines and not situation.committed:
        situation = replace(situation, landed=landed(config, lines[-1]))
    return Whereabouts(
        configuration=config.origin,
        warehouse=config.warehouse,
        ledger={"url": url, "state": state},
        environment=config.environment,
        engine={"name": config.engine, "because": config.engine_reason},
        lines=[_line(line) for line in lines],
        catalogs=sorted(config.catalogs),
        problems=[*problems, *([problem] if problem else [])],
        under_way=[*map(_rollout, situation.rollouts), *map(_run, running)],
        next=list(islice(following(situation), _HINTS)),
    )


def _ledger(config: Config) -> tuple[str, str, str]:
    """Return a ledger's URL as it is shown, its state, and why it cannot be used."""
    try:
        ledger = Ledger(config.ledger)
        if ledger.version() is None:
            return ledger.shown_url, "none", ""
        Ledger.open(config.ledger)
    except LedgerError as error:
        is_old = isinstance(error, LedgerVersionError) and not error.newer
        return error.url, "old" if is_old else "unusable", str(error)
    return ledger.shown_url, "ready", ""


def _situation(warehouse: Warehouse, lines: tuple[InstalledLine, ...]) -> Situation:
    environment = warehouse.config.environment
    decisions = standing(warehouse)
    active = [(now, rollout) for now in decisions if (rollout := now.active_rollout)]
    # The configured environment first, as that is where one is.
    active.sort(key=lambda each: each[0].environment != environment)
    return Situation(
        environment,
        lines,
        "ready",
        committed=tuple(_runs(warehouse.ledger, environment, "committed")),
        failed=tuple(_failed(warehouse.ledger, environment)),
        decisions=tuple(decisions),
        rollouts=tuple(progress_of(warehouse, now, rollout) for now, rollout in active),
        planned=_planned(warehouse.ledger, decisions),
    )


def _planned(ledger: Ledger, decisions: Sequence[Decision]) -> frozenset[tuple[str, str]]:
    """Return the environments and jobs whose newest plan is newer than what was decided last."""
    newest = sa.select(plans.c.environment, plans.c.job, sa.func.max(plans.c.planned_at))
    with ledger.reading() as connection:
        found = connection.execute(newest.group_by(plans.c.environment, plans.c.job))
        planned = {(row[0], row[1]): row[2] for row in found}
    decided = {(now.environment, now.job): now.decided_at for now in decisions}
    return frozenset(each for each, when in decided.items() if planned.get(each, when) > when)


def _runs(ledger: Ledger, environment: str, *statuses: str) -> Iterator[Run]:
    """Yield the latest runs of an environment, newest first."""
    names = (*("id", "job", "line", "table_name", "status", "first_date", "last_date", "error"),)
    query = (
        sa.select(*(runs.c[name] for name in names))
        .where(runs.c.status.in_(statuses), runs.c.environment == environment)
        .order_by(runs.c.started_at.desc())
        .limit(_LATEST)
    )
    with ledger.reading() as connection:
        yield from [Run(*row) for row in connection.execute(query)]


def _failed(ledger: Ledger, environment: str) -> Iterator[Run]:
    """Yield the last run of each reference that failed, unless its dates were committed afterwards."""
    seen: set[str] = set()
    for run in _runs(ledger, environment, "failed", "abandoned"):
        if run.reference not in seen and not _made_good(ledger, environment, run):
            yield run
        seen.add(run.reference)


def _made_good(ledger: Ledger, environment: str, run: Run) -> bool:
    began = sa.select(runs.c.started_at).where(runs.c.id == run.id).scalar_subquery()
    later = sa.select(runs.c.id).where(
        runs.c.table_name == run.table,
        runs.c.started_at > began,
        runs.c.environment == environment,
        runs.c.line == run.line,
        runs.c.status == "committed",
        runs.c.first_date <= run.last_date,
        runs.c.last_date >= run.first_date,
    )
    with ledger.reading() as connection:
        return connection.scalar(later.limit(1)) is not None


def _running(ledger: Ledger, environment: str) -> Iterator[Run]:
    """Yield the runs that have started and whose process, as far as can be seen, goes on."""
    query = sa.select(runs.c.id, runs.c.process, runs.c.host, runs.c.pid).where(
        runs.c.status == "started", runs.c.environment == environment
    )
    with ledger.reading() as connection:
        gone = {row.id for row in connection.execute(query) if has_ended(row.process, row.host, row.pid)}
    yield from (run for run in _runs(ledger, environment, "started") if run.id not in gone)


def _line(line: InstalledLine) -> dict[str, Any]:
    status = "ended" if line.line.ended else line.line.status
    return {"line": line.name, "release": line.release, "status": status, "jobs": len(line.job_names())}


def _rollout(now: Progress) -> dict[str, str]:
    steps = [f"[{step.name}]" if step == now.step else step.name for step in now.rollout.steps]
    what = f"rollout of {now.decision.job} in {now.decision.environment}"
    way = f"{now.rollout.old_line} → {now.rollout.new_line}: {' → '.join(steps)}"
    return {"what": what, "state": f"{way}, {now.rollout.state}, {now.gate}"}


def _run(run: Run) -> dict[str, str]:
    dates = str(run.first_date) if run.first_date == run.last_date else f"{run.first_date} to {run.last_date}"
    return {"what": f"run {run.id}", "state": f"{run.reference}, {dates}"}
