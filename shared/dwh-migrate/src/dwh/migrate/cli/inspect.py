"""Commands that look: `dwh jobs`, `dwh show`, `dwh history`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from dwh.core.dates import DateRange
from dwh.core.distributions import Brought, brought_lines
from dwh.core.errors import DwhError, NoOutputError, UnknownTableError
from dwh.core.lines import InstalledLine, broken_lines, installed_lines
from dwh.core.sql_types import type_of
from dwh.migrate import completion
from dwh.migrate.cli.options import (
    as_json,
    date_range,
    environment_of,
    in_environment,
    optional_dates,
    parse_instant,
    spark_log,
    table,
    verbose,
)
from dwh.migrate.console import print_detail, print_json, print_note, print_rows, utc_text, working_spark
from dwh.migrate.rows import cell, plain_rows, without_values

if TYPE_CHECKING:
    from dwh.core.ledger import Output
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.history import Span

__all__ = ["COMMANDS"]

_TEXTS = ("string", "date", "binary", "boolean")


@click.command()
@as_json
def jobs(as_json: bool) -> None:
    """List each job in each installed line: its release, its line's status and end, its table.

    A line or a job that cannot be used is listed as broken, and the reason follows.

    \b
    Example:
      dwh jobs
    """
    found = sorted(_jobs(), key=lambda job: job["job"])
    if as_json:
        print_json(found)
        return
    if found:
        columns = [name for name in found[0] if name != "problem"]
        print_rows(columns, [[job[name] for name in columns] for job in found])
    else:
        print_note("no line is installed here; type: pip install DISTRIBUTION")
    for problem in (job["problem"] for job in found if job["problem"]):
        print_note(f"broken: {problem}")
    for line in installed_lines().values():
        for release, reason in line.yanked.items():
            print_note(f"yanked: {line.distribution} {release}: {reason}")


def _jobs() -> Iterator[dict[str, Any]]:
    """Yield each job of each installed line; a line that is broken has one row, without a job."""
    lines, broken = installed_lines(), broken_lines()
    for brought in brought_lines().values():
        if brought.name in broken:
            yield _row(brought, "broken", job="", problem=str(broken[brought.name]))
        else:
            line = lines[brought.name]
            yield from (_job(name, brought, line) for name in line.job_names())


def _job(name: str, brought: Brought, line: InstalledLine) -> dict[str, Any]:
    try:
        table = line.job(name).writes.name
    except DwhError as error:
        return _row(brought, "broken", line.line.ends, job=name, problem=str(error))
    return _row(brought, line.line.status, line.line.ends, job=name, table=table)


def _row(
    line: Brought,
    status: str,
    ends: date | None = None,
    *,
    job: str,
    table: str = "",
    problem: str | None = None,
) -> dict[str, Any]:
    reference = f"{job}@{line.name}" if job else ""
    return {
        **{"job": job, "line": line.name, "release": line.release, "status": status, "ends": ends or ""},
        **{"table": table, "reference": reference, "problem": problem},
    }


@click.command()
@table
@click.option(
    "--line",
    metavar="LINE",
    shell_complete=completion.lines,
    help="The newest output of this line, such as 0.1.",
)
@in_environment
@date_range
@click.option("--as-of", metavar="INSTANT", help="As it was then: 2026-11-22T12:00:00Z.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum rows.")
@click.option("--unmask", is_flag=True, help="Show the values of columns that the contract calls sensitive.")
@spark_log
@verbose
@as_json
def show(
    table: str,
    line: str | None,
    env: str | None,
    date: str | None,
    start: str | None,
    end: str | None,
    as_of: str | None,
    limit: int,
    unmask: bool,
    spark_log: bool,
    as_json: bool,
) -> None:
    """Show TABLE as the environment publishes it, or as a line has written it there.

    Instants are in UTC, whatever the machine's time zone. In JSON, decimals are text, as are NaN and
    Infinity, which JSON has no numbers for; bytes are hexadecimal. Values of columns that the contract
    calls sensitive are masked, unless --unmask asks for them.

    \b
    Examples:
      dwh show flights.carrier_delays --env prod
      dwh show flights.carrier_delays --env prod --line 0.1
      dwh show flights.carrier_delays --line 0.1 --date 2013-01-15 --json
    """
    dates, instant = optional_dates(date, start, end), parse_instant(as_of)
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.sensitive import sensitive_columns_of

    warehouse, environment = Warehouse.open(), environment_of(env)
    if line:
        outputs = warehouse.outputs(
            table=table, line=line, environment=environment, dates=dates, as_of=instant
        )
        where = f"in line {line}, environment {environment}"
    else:
        outputs = warehouse.published(table=table, environment=environment, dates=dates, as_of=instant)
        where = f"published in {environment}"
    outputs = warehouse.current(outputs)
    types, rows = _read(warehouse, outputs, limit, spark_log)
    sensitive = () if unmask else sensitive_columns_of(warehouse, outputs)
    if hidden := [name for name in sensitive if name in types]:
        rows = without_values(rows, hidden)
        print_note(f"masked, as the contract calls it sensitive: {', '.join(hidden)}; to see it: --unmask")
    if as_json:
        print_json(rows)
        return
    cells = [[cell(value) for value in row.values()] for row in rows]
    print_rows(list(types), cells, right=[name for name, type_ in types.items() if type_ not in _TEXTS])
    total = sum(output.row_count for output in outputs)
    print_note(f"{len(rows):,} of {total:,} rows of {table} {where}")


def _read(
    warehouse: Warehouse, outputs: list[Output], limit: int, spark_log: bool
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the columns' types and the first rows, read by PyArrow where it can, else by the engine."""
    from dwh.migrate.parquet_rows import UnreadError, first_rows

    try:
        found = first_rows(warehouse, outputs, limit)
    except UnreadError as reason:
        print_detail(f"PyArrow leaves it to an engine: {reason}")
    else:
        print_detail("engine: none, as PyArrow reads the files")
        return found
    with working_spark(warehouse.config, spark_log) as spark:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        frame = warehouse.read(spark, outputs)
        rows = plain_rows(frame.orderBy(*frame.columns[:2]).limit(limit))
    return {field.name: type_of(field.dataType) for field in frame.schema.fields}, rows


@click.command()
@table
@click.option("--line", metavar="LINE", shell_complete=completion.lines, help="Only this line, such as 0.1.")
@date_range
@click.option("--all", "every", is_flag=True, help="Also the runs that did not commit, and why.")
@click.option(
    "--published", is_flag=True, help="What an environment publishes, and what it published before."
)
@click.option("--inputs", is_flag=True, help="What each run has read, and which runs had written that.")
@in_environment
@as_json
def history(
    table: str,
    line: str | None,
    date: str | None,
    start: str | None,
    end: str | None,
    every: bool,
    published: bool,
    inputs: bool,
    env: str | None,
    as_json: bool,
) -> None:
    """Show which run of which release wrote each partition of TABLE in the environment, and when.

    The newest commit comes last. Readers of a line get its newest output of each partition. One that is
    outdated was made from an output of another table, or of its own, that has been replaced since.

    \b
    Examples:
      dwh history flights.carrier_delays --env prod
      dwh history flights.carrier_delays --line 0.1 --date 2013-01-15 --all
      dwh history flights.carrier_delays --published --env prod
      dwh history flights.carrier_delays --inputs --date 2013-01-15
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.history import check_dates, partition_history, standing, unfinished_runs

    dates, environment = optional_dates(date, start, end), environment_of(env)
    warehouse = Warehouse.open()
    if dates is not None:
        check_dates(warehouse, table=table, environment=environment, line=line, dates=dates)
    if published:
        _published(warehouse, table=table, environment=environment, line=line, dates=dates, as_json=as_json)
        return
    others = (
        unfinished_runs(warehouse, table=table, environment=environment, line=line, dates=dates)
        if every
        else []
    )
    spans = partition_history(warehouse, table=table, environment=environment, line=line, dates=dates)
    if not spans and not others:
        raise _nothing_of(warehouse, table=table, environment=environment)
    if inputs:
        _inputs(warehouse, spans, as_json)
        return
    if as_json:
        print_json({"outputs": [asdict(span) for span in spans], "runs": [asdict(run) for run in others]})
        return
    if spans:
        print_rows(
            ("partitions", "line", "release", "code", "run", "rows", "committed", "state"),
            [
                (
                    s.partitions,
                    s.line,
                    s.release,
                    s.code,
                    s.run,
                    f"{s.rows:,}",
                    utc_text(s.committed_at),
                    standing(s),
                )
                for s in spans
            ],
            right=("rows",),
        )
    if spans and others:
        print()
    if others:
        print_rows(
            ("run", "reference", "dates", "status", "started", "error"),
            [(r.run, r.reference, r.dates, r.status, utc_text(r.started_at), r.error) for r in others],
        )


def _nothing_of(warehouse: Warehouse, *, table: str, environment: str) -> DwhError:
    """Return why there is nothing: no environment has the table, or this one lacks what was asked for."""
    known = warehouse.ledger.table_names()
    if table not in known:
        return UnknownTableError(table, known)
    others = [name for name in warehouse.ledger.table_environments(table) if name != environment]
    problem = f"environment {environment} has none of the outputs that were asked for"
    return NoOutputError(table, problem, _elsewhere(table, others))


def _elsewhere(table: str, others: list[str]) -> str:
    if not others:
        return f"no other environment has any; type: dwh history {table} --all"
    return f"environments with outputs: {', '.join(others)}; type: dwh history {table} --env {others[0]}"


def _inputs(warehouse: Warehouse, spans: list[Span], as_json: bool) -> None:
    from dwh.migrate.history import inputs_history, standing

    found = inputs_history(warehouse, spans)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        print_rows(
            ("partitions", "line", "run", "state", "input", "from", "read", "written by run"),
            [
                (
                    *(one.partitions, one.line, one.run, standing(one), one.input, one.source),
                    *(one.read or "", one.read_run or ""),
                )
                for one in found
            ],
        )


def _published(
    warehouse: Warehouse,
    *,
    table: str,
    environment: str,
    line: str | None,
    dates: DateRange | None,
    as_json: bool,
) -> None:
    from dwh.migrate.history import published_history

    found = published_history(warehouse, table=table, environment=environment, dates=dates)
    spans = [span for span in found if line is None or span.line == line]
    if as_json:
        print_json([asdict(span) for span in spans])
    elif spans:
        print_rows(
            ("partitions", "line", "release", "run", "since", "by", "who", "state", "reason"),
            [
                (
                    *(s.partitions, s.line or "", s.release or "", s.run or "", utc_text(s.published_at)),
                    *(s.action, s.by, s.state, s.reason),
                )
                for s in spans
            ],
        )
    else:
        asked = (f" by line {line}" if line else "") + (" for these dates" if dates else "")
        print_note(
            f"environment {environment} has never published anything of {table}{asked}; type: dwh pins"
        )


COMMANDS = (jobs, show, history)
