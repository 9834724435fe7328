"""The board at a terminal: the same as the page, shorter."""

from __future__ import annotations

from collections.abc import Sequence

from dwh.migrate.board import words
from dwh.migrate.board.model import (
    Board,
    Compared,
    JobInEnvironment,
    JobInLine,
    JobOnBoard,
    RollingOut,
    Written,
)
from dwh.migrate.console import print_note, print_rows

__all__ = ["print_board"]


def print_board(board: Board) -> None:
    """Print where each job is pinned, its rollouts, what is published, the last comparison and partition."""
    if not board.jobs:
        print_note(
            "no line is installed here, and no run has written anything; type: pip install DISTRIBUTION"
        )
        return
    places = [(job, place) for job in board.jobs for place in job.environments]
    print_rows(
        ("job", "releases", *board.environments),
        [(job.name, _releases(job), *(_pin(job, name) for name in board.environments)) for job in board.jobs],
    )
    _print_more(
        ("rollout", "lines", "steps", "state", "rollback"),
        [_rollout(job, place, place.rollout) for job, place in places if place.rollout],
    )
    _print_more(
        ("published", "dates", "by line", "pinned", "by", "why"),
        [_shown(job, place) for job, place in places],
    )
    _print_more(
        ("compared", "with", "dates", "verdict", "when", "by"),
        [_compared(found) for job in board.jobs for found in job.comparisons[:1]],
    )
    _print_more(
        ("written", "date", "release", "run", "by", "committed", "environment"),
        [_written(output) for job in board.jobs for output in job.written[:1]],
    )
    if not board.environments:
        print_note('nothing is pinned; type: dwh pin JOB LINE --env NAME --reason "…"')


def _print_more(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        print()
        print_rows(columns, rows)


def _releases(job: JobOnBoard) -> str:
    def said(line: JobInLine) -> str:
        release = line.release or line.line
        return release if line.stays else f"{release} ({words.outlook(line)})"

    return ", ".join(map(said, job.lines))


def _pin(job: JobOnBoard, environment: str) -> str:
    place = job.in_environment(environment)
    if place is None:
        return "-"
    pin, rollout = place.pin.line, place.rollout
    if rollout is None or rollout.state == "finished":
        return pin
    return f"{pin} ({rollout.state}: {rollout.current} of {rollout.new_line})"


def _rollout(job: JobOnBoard, place: JobInEnvironment, rollout: RollingOut) -> tuple[str, ...]:
    steps = (f"[{step.name}]" if step.place == "current" else step.name for step in rollout.steps)
    why = rollout.gate if rollout.state == "running" else rollout.reason
    return (
        f"{job.name} in {place.environment}",
        f"{rollout.old_line} → {rollout.new_line}",
        " → ".join(steps),
        f"{rollout.state}: {why}",
        words.rollback(rollout),
    )


def _shown(job: JobOnBoard, place: JobInEnvironment) -> tuple[str, ...]:
    return (
        f"{job.name} in {place.environment}",
        words.shown(place.published),
        words.shares(place.published) if place.published else "",
        words.utc(place.pin.decided_at),
        place.pin.decided_by,
        place.pin.reason,
    )


def _compared(found: Compared) -> tuple[str, ...]:
    return (
        found.left,
        found.right,
        words.dates(found.first_date, found.last_date),
        found.verdict,
        words.utc(found.compared_at),
        found.compared_by,
    )


def _written(output: Written) -> tuple[str, ...]:
    return (
        output.table,
        str(output.partition_date),
        output.release,
        output.run,
        output.started_by,
        words.utc(output.committed_at),
        words.whose(output),
    )
