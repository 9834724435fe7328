"""The board at a terminal: the same as the page, shorter."""

from __future__ import annotations

from collections.abc import Sequence

from dwh.migrate.board import words
from dwh.migrate.board.model import Board, JobInEnvironment, JobOnBoard, RollingOut
from dwh.migrate.console import print_note, print_rows

__all__ = ["print_board"]


def print_board(board: Board) -> None:
    """Print where each job is pinned, then its rollouts, last comparison and newest partition."""
    if not board.jobs:
        print_note("no line is installed here, and no run has written anything; type: pip install dwh-v0_1")
        return
    print_rows(
        ("job", "lines", *board.environments),
        [(job.name, _lines(job), *(_cell(job, name) for name in board.environments)) for job in board.jobs],
    )
    _print_more(("rollout", "lines", "steps", "state", "rollback"), _rollouts(board))
    _print_more(
        ("shown", "dates", "by line", "pinned", "by", "why"), [_shown(job, p) for job, p in _places(board)]
    )
    _print_more(
        ("compared", "with", "dates", "verdict", "when", "by"),
        [
            (
                c.left,
                c.right,
                words.dates(c.first_date, c.last_date),
                c.verdict,
                words.utc(c.compared_at),
                c.compared_by,
            )
            for job in board.jobs
            for c in job.comparisons[:1]
        ],
    )
    _print_more(
        ("written", "date", "release", "run", "by", "committed", "shown in"),
        [
            (
                w.table,
                w.partition_date,
                w.release,
                w.run,
                w.started_by,
                words.utc(w.committed_at),
                ", ".join(w.shown_in),
            )
            for job in board.jobs
            for w in job.written[:1]
        ],
    )
    if not board.environments:
        print_note('nothing is pinned; type: dwh pin JOB LINE --env NAME --reason "…"')


def _print_more(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        print()
        print_rows(columns, rows)


def _places(board: Board) -> list[tuple[JobOnBoard, JobInEnvironment]]:
    return [(job, place) for job in board.jobs for place in job.environments]


def _lines(job: JobOnBoard) -> str:
    def said(line: str, release: str | None, remark: str) -> str:
        return f"{release or line}{f' ({remark})' if remark else ''}"

    return ", ".join(
        said(
            line.line,
            line.release,
            words.outlook(line) if line.ends_soon or line.status in ("ended", "not installed") else "",
        )
        for line in job.lines
    )


def _cell(job: JobOnBoard, environment: str) -> str:
    place = job.in_environment(environment)
    if place is None:
        return "-"
    rollout = place.rollout
    if rollout is None or rollout.state == "finished":
        return place.pin.line
    return f"{place.pin.line} ({rollout.state}: {rollout.current} of {rollout.new_line})"


def _rollouts(board: Board) -> list[tuple[str, ...]]:
    return [
        (
            f"{job.name} in {place.environment}",
            f"{rollout.old_line} → {rollout.new_line}",
            _steps(rollout),
            f"{rollout.state} ({rollout.gate})" if rollout.gate else f"{rollout.state}: {rollout.reason}",
            words.rollback(rollout),
        )
        for job, place in _places(board)
        if (rollout := place.rollout)
    ]


def _steps(rollout: RollingOut) -> str:
    return " → ".join(f"[{step.name}]" if step.place == "current" else step.name for step in rollout.steps)


def _shown(job: JobOnBoard, place: JobInEnvironment) -> tuple[str, ...]:
    pin = place.pin
    by_line = words.shares(place.published) if place.published else ""
    where = f"{job.name} in {place.environment}"
    return where, words.shown(place.published), by_line, words.utc(pin.decided_at), pin.decided_by, pin.reason
