"""Commands that compute: `dwh run`, `dwh backfill`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from dwh.compare.safe_text import plural
from dwh.core.config import Config, load_config
from dwh.core.dates import DateRange, date_spans, logical_dates, open_range
from dwh.core.definition import builds_on_itself, inputs_of
from dwh.core.errors import NotPinnedError, RunError, UsageError
from dwh.core.lines import Reference, find_job, line_of
from dwh.core.names import valid_job
from dwh.migrate import completion
from dwh.migrate.cli.options import (
    as_json,
    date_range,
    environment_of,
    in_environment,
    release_others,
    release_python,
    spark_log,
    verbose,
)
from dwh.migrate.console import print_json, print_note, print_rows, working_spark
from dwh.migrate.releases.installed import is_installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dwh.core.receipt import Receipt
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.rollout import Served

__all__ = ["COMMANDS"]


@click.command()
@click.argument("reference", metavar="JOB[@LINE]", shell_complete=completion.jobs_and_references)
@date_range
@in_environment
@click.option(
    "--version",
    metavar="WHICH",
    shell_complete=completion.lines_or_when,
    help="Without a line: original (the default), current, or a line such as 0.1.",
)
@click.option(
    "--isolated", is_flag=True, help="Run JOB@RELEASE in an environment of its own even if it is installed."
)
@release_python
@release_others
@spark_log
@verbose
@as_json
def run(
    reference: str,
    date: str | None,
    start: str | None,
    end: str | None,
    env: str | None,
    version: str | None,
    isolated: bool,
    python: str | None,
    others: tuple[str, ...],
    spark_log: bool,
    as_json: bool,
) -> None:
    """Run a job for a logical date or a range of dates, and commit what it wrote.

    JOB@LINE takes the release of the line that is installed. JOB@RELEASE insists on one: where another one
    is installed, it runs in an environment of its own, which is made when it is missing. JOB alone takes
    the line that the environment decides. What it once decided for a date stays (`--version original`),
    unless `--version current` asks it to decide again. While a rollout is under way, both of its lines
    run and are compared, and the new one's output is published only where that passes.

    \b
    Examples:
      dwh run carrier_delays@0.1 --date 2013-01-15
      dwh run carrier_delays@0.2.0 --from 2013-01-01 --to 2013-01-31
      dwh run carrier_delays@0.1.1 --isolated --with pyspark==3.5.9 --date 2013-01-15
      dwh run carrier_delays --env prod --date 2013-01-15
    """
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.rollout.terminal import show_withheld

    config = load_config().in_environment(environment_of(env))
    dates = logical_dates(date, start, end, {})
    if "@" not in reference and version in (None, "original", "current"):
        _run_in_environment(config, reference, dates, version == "current", spark_log, as_json)
        return
    if "@" in reference and version is not None:
        raise UsageError(f"{reference} names its version already; leave out --version")
    parsed = Reference.parse(reference if "@" in reference else f"{valid_job(reference)}@{version}")
    if (python or others) and not isolated:
        raise UsageError("--python and --with choose what a release runs in, so add --isolated")
    if isolated and not parsed.exact:
        raise UsageError(f"--isolated needs a release: write JOB@RELEASE, such as {parsed}.0")
    if isolated or not is_installed(parsed):
        receipt = _run_isolated(config, parsed, dates, python, others, spark_log)
        warehouse = Warehouse.open(config)
    else:
        warehouse, receipt = _run_here(config, parsed, dates, spark_log)
    show_withheld(warehouse, job=parsed.job, environment=config.environment)
    if as_json:
        print_json(receipt)
    else:
        _show_receipts([receipt], config.environment)


@click.command()
@click.argument("reference", metavar="JOB@LINE", shell_complete=completion.references)
@date_range
@in_environment
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=31,
    show_default=True,
    help="Maximum dates in one run, which commits all of them or none.",
)
@spark_log
@verbose
@as_json
def backfill(
    reference: str,
    date: str | None,
    start: str | None,
    end: str | None,
    env: str | None,
    batch: int,
    spark_log: bool,
    as_json: bool,
) -> None:
    """Run a job for each logical date of a range for which its line has no output in the environment yet.

    Each batch of dates is a run of its own. What is there is skipped, so that a backfill that was
    stopped continues from there when it is started again. While the environment moves to the line, each
    date is compared with what is published, which is what a cutover asks for, and reads the same outputs and
    snapshots as the run whose output readers get.

    \b
    Example:
      dwh backfill carrier_delays@0.2 --from 2013-01-01 --to 2013-12-31
    """
    job, dates = find_job(reference)(), logical_dates(date, start, end, {})
    config = load_config().in_environment(environment_of(env))
    from dwh.core.run import prepare_run
    from dwh.core.sources import check_named
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.backfill import batches, fill, proof_of_backfill, read_like, ready
    from dwh.migrate.beginnings import beginning_of
    from dwh.migrate.rollout.proving import compare_pairs, unproven_pairs
    from dwh.migrate.rollout.terminal import show_withheld
    from dwh.migrate.rollout.withheld import publish_withheld

    check_named(inputs_of(job), config)  # a refusal makes no ledger
    warehouse = Warehouse.create(config)
    missing = batches(warehouse, job, dates, batch)
    begun = []
    for batch_dates in ready(job, missing):  # what is mistyped is told before Spark starts
        like = read_like(warehouse, job, batch_dates)
        begun.append(beginning_of(prepare_run(job, batch_dates, warehouse=warehouse, like=like)))
    count = sum(map(len, missing))
    print_note(f"{count:,} of {plural(len(dates), 'date')} to run")
    for told in filter(None, begun):
        print_note(told)
    receipts: list[Receipt] = []
    line = line_of(type(job)).name
    unproven = unproven_pairs(warehouse, job=job.name(), line=line, dates=dates)  # of what is there already
    if missing or unproven:
        with working_spark(config, spark_log) as spark:
            try:
                for receipt in fill(spark, warehouse, job, missing):
                    receipts.append(receipt)
                    done = sum(one["partitions"] for one in receipts)
                    first, last = receipt["first_date"], receipt["last_date"]
                    span = first if first == last else f"{first} to {last}"
                    print_note(f"{done:,} of {plural(count, 'date')}: {span}")
            except RunError:
                _note_batch(
                    reference=reference, environment=config.environment, failed=missing[len(receipts)]
                )
                raise
            if unproven:
                list(compare_pairs(spark, warehouse, job.name(), unproven))
    publish_withheld(warehouse, job.name(), dates)
    if proof := proof_of_backfill(warehouse, job=job.name(), line=line, dates=dates):
        print_note(f"compared with what {config.environment} publishes: {proof}")
    show_withheld(warehouse, job=job.name(), environment=config.environment)
    if as_json:
        print_json(receipts)
    elif receipts:
        _show_receipts(receipts, config.environment)


def _show_receipts(receipts: Sequence[Receipt], environment: str) -> None:
    """Print receipts, and which later dates rest on what the last run has replaced."""
    shown = [{name: value for name, value in one.items() if name != "outdated"} for one in receipts]
    print_rows(list(shown[0]), [list(one.values()) for one in shown], right=("partitions", "rows"))
    _note_outdated(receipts[-1], environment)


def _note_outdated(receipt: Receipt, environment: str) -> None:
    if outdated := receipt.get("outdated"):
        first, last = outdated[0].split(" to ")[0], outdated[-1].split(" to ")[-1]
        were = "was" if first == last else "were"
        print_note(
            f"{', '.join(outdated)} of {receipt['job']}@{receipt['line']} {were} built on what this run has "
            f"replaced; to compute them again, type: dwh run {receipt['job']}@{receipt['line']} "
            f"--from {first} --to {last} --env {environment}"
        )


def _note_batch(*, reference: str, environment: str, failed: DateRange) -> None:
    """Say how the dates of a batch that can be run are run, where one of them made it fail."""
    if len(failed) > 1:
        words = f"{reference} --env {environment} --from {failed.first} --to {failed.last} --batch 1"
        print_note(
            f"a batch is one run, so none of its {len(failed):,} dates was written; "
            f"to write each date up to the one that fails, type: dwh backfill {words}"
        )


def _run_here(
    config: Config, reference: Reference, dates: DateRange, spark_log: bool
) -> tuple[Warehouse, Receipt]:
    from dwh.core.run import prepare_run
    from dwh.migrate.beginnings import beginning_of

    job = reference.line().job(reference.job)()
    prepared = prepare_run(job, dates, config=config)
    if told := beginning_of(prepared):
        print_note(told)
    with working_spark(config, spark_log) as spark:
        return prepared.warehouse, prepared.execute(spark)


def _run_isolated(
    config: Config,
    reference: Reference,
    dates: DateRange,
    python: str | None,
    others: tuple[str, ...],
    spark_log: bool,
) -> Receipt:
    from dwh.migrate.releases.running import run_release
    from dwh.migrate.releases.wanted import Wanted

    wanted = Wanted.of(reference, config, python, others)
    return run_release(
        config, reference, dates, wanted, note=print_note, log=sys.stderr if spark_log else None
    )


def _run_in_environment(
    config: Config, job: str, dates: DateRange, anew: bool, spark_log: bool, as_json: bool
) -> None:
    from dwh.core.ledger import Ledger
    from dwh.core.run import in_runs, prepare_run
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.beginnings import beginning_of
    from dwh.migrate.rollout import serve

    if Ledger(config.ledger).version() is None:  # nothing was ever pinned, and a refusal makes no ledger
        raise NotPinnedError(environment=config.environment, job=valid_job(job), known=())
    warehouse = Warehouse.open(config)
    _, lines = warehouse.ledger.resolve(
        environment=config.environment, job=valid_job(job), dates=dates, anew=anew
    )
    for line in sorted(set(lines.values())):  # what is mistyped is told before Spark starts
        found, spans = (
            find_job(f"{job}@{line}")(),
            date_spans(d for d, other in lines.items() if other == line),
        )
        parts = list(spans) if found.writes.date_column is None else in_runs(found, spans, warehouse)
        for span in [span for span in parts if not builds_on_itself(found) or span.first == dates.first]:
            if told := beginning_of(prepare_run(found, span, warehouse=warehouse)):
                print_note(told)
    with working_spark(config, spark_log) as spark:
        served = serve(spark, warehouse, job, dates)
    if as_json:
        print_json([asdict(one) for one in served])
    else:
        _show_served(served, config.environment)
    _tell_withheld(warehouse, job, served)


def _show_served(served: Sequence[Served], environment: str) -> None:
    print_rows(
        ("run", "job", "line", "release", "dates", "rows", "published", "shadow", "consequence"),
        [
            (
                one.receipt["run"],
                one.receipt["job"],
                one.receipt["line"],
                one.receipt["release"],
                open_range(one.receipt["first_date"], one.receipt["last_date"]),
                f"{one.receipt['rows']:,}",
                f"{one.published:,} of {one.receipt['partitions']:,}",
                f"{one.candidate}: {one.shadow}" if one.shadow else "",
                one.consequence or "",
            )
            for one in served
        ],
        right=("rows",),
    )
    _note_outdated(served[-1].receipt, environment)
    for one in served:
        if one.error:
            print_note(f"the candidate {one.candidate} failed, which does not affect readers: {one.error}")


def _tell_withheld(warehouse: Warehouse, job: str, served: Sequence[Served]) -> None:
    """Say which dates do not show what the new line should serve, and what to type.

    Raises UnprovenError when one of them shows nothing at all.
    """
    from dwh.migrate.rollout.errors import UnprovenError
    from dwh.migrate.rollout.proof import shown_dates
    from dwh.migrate.rollout.remedies import between, withheld_now

    days = [day for one in served for span in one.withheld for day in span]
    if not days:
        return
    environment, missing = warehouse.config.environment, [str(span) for one in served for span in one.missing]
    again = f"not proven; once it is fixed, type: dwh run {job} --env {environment} {between(days)}"
    text = withheld_now(warehouse, job=job, environment=environment) or f"{shown_dates(days)}: {again}"
    if missing:
        raise UnprovenError(f"{environment} publishes nothing for {', '.join(missing)}; {text}")
    print_note(text)


COMMANDS = (run, backfill)
