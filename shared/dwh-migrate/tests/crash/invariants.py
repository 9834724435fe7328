"""What must be true of a ledger and its files at every instant, whoever was killed or raced whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from world import BREAKING, ENVIRONMENTS

from dwh.core.ledger import Decision, Ledger
from dwh.core.ledger.schema import (
    compared,
    comparisons,
    decisions,
    metadata,
    publications,
    receipts,
    resolutions,
    runs,
    tables,
)
from dwh.core.warehouse import Warehouse

__all__ = ["contents", "file_problems", "ledger_problems", "orphans", "snapshot_problems"]


def contents(ledger: Ledger) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with ledger.reading() as connection:
        return {
            table.name: sorted(str(row) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
        }


def snapshot_problems(ledger: Ledger, environment: str, job: str, table: str) -> list[str]:
    """Return what is wrong with what a reader sees now: mixed lines, another line than the decided one, or
    a run that is not committed."""
    before = ledger.decision(environment=environment, job=job)
    shown = ledger.published_outputs(environment=environment, table=table)
    after = ledger.decision(environment=environment, job=job)
    lines = {output.line for output in shown}
    problems = []
    if len({output.partition_date for output in shown}) != len(shown):
        problems.append(f"{environment} shows a date of {table} twice")
    if job == BREAKING and len(lines) > 1:
        problems.append(f"{environment} shows {table} in lines {sorted(lines)}")
    if job == BREAKING and lines and before == after and before and lines != {before.line}:
        problems.append(f"{environment} is pinned to {before.line} and shows {table} in {sorted(lines)}")
    ids = {output.run_id for output in shown}
    states = {run.status for run in ledger.find_runs(runs.c.id.in_(ids))} if ids else set()
    if states - {"committed"}:
        problems.append(f"{environment} shows runs of {table} that are {sorted(states)}")
    return problems


def ledger_problems(ledger: Ledger) -> list[str]:
    """Return what is wrong with the whole history, read in one transaction and played again."""
    with ledger.reading() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        rows = {
            table.name: [row._mapping for row in connection.execute(sa.select(table))]
            for table in (
                *(compared, comparisons, decisions, publications, receipts, resolutions),
                *(runs, tables),
            )
        }
    return [*_broken_rows(rows), *_broken_order(rows), *_broken_history(rows)]


def _broken_rows(rows: dict[str, list[Any]]) -> Iterator[str]:
    status = {run["id"]: run["status"] for run in rows["runs"]}
    written = {(r["environment"], r["run_id"], r["partition_date"]): r for r in rows["receipts"]}
    for _, run_id, _ in written:
        if status[run_id] != "committed":
            yield f"run {run_id} has receipts and is {status[run_id]}"
    for run in rows["runs"]:
        if (
            run["status"] == "committed"
            and (
                *(run["environment"], run["id"]),
                run["first_date"],
            )
            not in written
        ):
            yield f"run {run['id']} is committed without receipts"
        if run["status"] == "committed" and not run["location"]:
            yield f"run {run['id']} is committed and has been collected"
    for shown in rows["publications"]:
        receipt = written.get((shown["environment"], shown["run_id"], shown["partition_date"]))
        if shown["run_id"] and (receipt is None or receipt["table_name"] != shown["table_name"]):
            yield f"a publication of {shown['partition_date']} names {shown['run_id']}, which lacks it"


def _broken_order(rows: dict[str, list[Any]]) -> Iterator[str]:
    """Check that each number of a table was taken by one commit, decision or resolution."""
    jobs = {decision["job"]: decision["table_name"] for decision in rows["decisions"]}
    taken: dict[tuple[str, int], set[object]] = defaultdict(set)
    for receipt in rows["receipts"]:
        promoted = receipt["environment"] if receipt["promoted_from"] else receipt["run_id"]
        taken[receipt["table_name"], receipt["sequence"]].add(promoted)
    for decision in rows["decisions"]:
        key = decision["table_name"], decision["sequence"]
        taken[key].add((decision["environment"], decision["job"], decision["action"]))
    for resolution in rows["resolutions"]:
        taken[jobs[resolution["job"]], resolution["sequence"]] |= set()
    for (table, sequence), by in taken.items():
        if len(by) > 1:
            yield f"number {sequence} of {table} was taken by {by}"
    for table in rows["tables"]:
        highest = max((sequence for name, sequence in taken if name == table["name"]), default=0)
        if highest > table["sequence"]:
            yield f"{table['name']} is at {table['sequence']}, and something has number {highest}"


def _broken_history(rows: dict[str, list[Any]]) -> Iterator[str]:
    for environment in ENVIRONMENTS:
        for job, table in {(decision["job"], decision["table_name"]) for decision in rows["decisions"]}:
            for problem in _replay(rows, environment, job, table):
                yield f"{job} in {environment}, {problem}"


def _replay(rows: dict[str, list[Any]], environment: str, job: str, table: str) -> Iterator[str]:
    """Play what happened to a table, number by number, and check what must have been published by it."""
    happened: dict[int, dict[str, Any]] = defaultdict(lambda: defaultdict(list))
    for receipt in rows["receipts"]:
        if (receipt["environment"], receipt["table_name"]) == (environment, table):
            happened[receipt["sequence"]]["receipts"].append(receipt)
    for kind, owner in (("decisions", job), ("resolutions", job), ("publications", table)):
        for row in rows[kind]:
            if row["environment"] == environment and owner in (row.get("job"), row.get("table_name")):
                happened[row["sequence"]][kind].append(row)
    lines = {run["id"]: run["line"] for run in rows["runs"]}
    passed = _passed(rows)
    decision: Decision | None = None
    newest: dict[tuple[str, date], str] = {}
    resolved: dict[date, str] = {}
    shown: dict[date, str | None] = {}
    for number in sorted(happened):
        now = happened[number]
        was = dict(shown)
        before = dict(resolved)
        newest |= {(r["line"], r["partition_date"]): r["run_id"] for r in now["receipts"]}
        resolved |= {r["partition_date"]: r["line"] for r in now["resolutions"]}
        published = {p["partition_date"]: p["run_id"] for p in now["publications"]}
        shown |= published
        wanted: dict[date, str] | None = {}
        for receipt in now["receipts"]:
            day = receipt["partition_date"]
            serving = before.get(day) or (decision.line_for(day) if decision else None)
            shows = lines.get(was.get(day) or "")
            if decision and _needs_no_proof(decision, receipt["line"], serving, shows):
                wanted[day] = receipt["run_id"]
        if not now["receipts"] and not now["decisions"] and decision and decision.active_rollout:
            moving = decision.active_rollout
            old, new = moving.lines
            wanted = {
                day: run
                for day, run in published.items()
                if run == newest.get((new, day)) and resolved.get(day) == new
                if (environment, newest.get((old, day)), run, day) in passed
            }
        for row in now["decisions"]:
            decision = Decision.of(row)
            wanted = None
            if decision.action == "cutover":
                wanted = {
                    day: newest.get((decision.line, day), "missing")
                    for day, run in was.items()
                    if run and lines[run] != decision.line
                }
            elif decision.action not in ("rollback", "pin"):
                wanted = {}
        if wanted is not None and published != wanted:
            what = decision.action if now["decisions"] and decision else "a commit"
            yield f"at {number}: {what} published {published} instead of {wanted}"
        found = {lines[run] for run in shown.values() if run}
        if job == BREAKING and found and decision and found != {decision.line}:
            yield f"at {number}: {sorted(found)} were shown, and {decision.line} was the line"


def _needs_no_proof(decision: Decision, line: str, serving: str | None, shows: str | None) -> bool:
    """Tell whether what a line has written is published at once.

    Parameters:
        serving: the line that serves the date.
        shows: the line of what it shows, None for nothing.
    """
    moving = decision.active_rollout
    if moving is None or line not in moving.lines:
        return serving == line
    stands_in = moving.way == "ramp" and serving == moving.new_line != shows
    return line == moving.old_line and (serving == line or stands_in)


def _passed(rows: dict[str, list[Any]]) -> set[tuple[str, str, str, date]]:
    """Return which two runs a comparison has passed for, by environment and logical date."""
    verdicts = {row["id"]: row["verdict"] for row in rows["comparisons"]}
    return {
        (row["environment"], row["left_run"], row["right_run"], row["partition_date"])
        for row in rows["compared"]
        if verdicts[row["comparison"]] == "pass"
    }


def file_problems(warehouse: Warehouse) -> list[str]:
    """Return which partition of a committed run cannot be read, or has other rows than its receipt says."""
    import pyarrow.parquet as pq

    problems = []
    with warehouse.ledger.reading() as connection:
        joined = receipts.join(runs, runs.c.id == receipts.c.run_id)
        columns = (receipts.c.run_id, receipts.c.partition_date, receipts.c.row_count, runs.c.location)
        found = connection.execute(sa.select(*columns).select_from(joined)).all()
    for run_id, day, count, location in found:
        folder = Path(warehouse.config.warehouse, location, f"flight_date={day}")
        try:
            rows = sum(pq.ParquetFile(file).metadata.num_rows for file in folder.glob("*.parquet"))
        except Exception as error:
            problems.append(f"{run_id}, {day}: {error}")
            continue
        if rows != count:
            problems.append(f"{run_id}, {day}: {rows} rows instead of {count}")
    return problems


def orphans(warehouse: Warehouse) -> list[str]:
    """Return the run folders that belong to no committed run."""
    root = Path(warehouse.config.warehouse)
    committed = {run.location for run in warehouse.ledger.find_runs(runs.c.status == "committed")}
    return sorted(
        str(path.relative_to(root))
        for path in root.glob("*/*/_run=*")
        if str(path.relative_to(root)) not in committed
    )
