"""`dwh compare`: what differs between two versions, and whether it was meant."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dwh.core.config import load_config
from dwh.core.dates import DateRange, check_grain
from dwh.core.errors import DwhError, UsageError
from dwh.core.grain import grain_of_contract
from dwh.migrate import completion
from dwh.migrate.cli.comparing_words import (
    column_rules,
    column_tolerance,
    key_columns,
    reader_settings,
    share_of_rows,
)
from dwh.migrate.cli.options import (
    as_json,
    check_folder,
    date_range,
    in_environment,
    optional_dates,
    spark_log,
    verbose,
    write_file,
)
from dwh.migrate.console import counted, print_error, print_json, print_note, working_spark

if TYPE_CHECKING:
    from dwh.compare.model import Comparison
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.compare.outputs import OutputOptions
    from dwh.migrate.compare.sources import Source
    from dwh.migrate.compare.subjects import Subject

__all__ = ["COMMANDS"]


@click.command()
@click.argument("left", metavar="LEFT", shell_complete=completion.references)
@click.argument("right", metavar="RIGHT", shell_complete=completion.references)
@date_range
@in_environment
@click.option("--run", "run_missing", is_flag=True, help="Run what has no output for the dates yet.")
@click.option("--one-by-one", is_flag=True, help="Run a range in one run, then date by date, and compare.")
@click.option("--key", metavar="COLUMNS", help="For paths: the columns that identify a row: id,day; old=new.")
@click.option(
    "--tolerance", "tolerances", metavar="[COLUMN=]X", multiple=True, help="Absolute, or X% for relative."
)
@click.option(
    "--rule",
    "rules",
    metavar="COLUMN=RULES",
    multiple=True,
    help="What else counts as equal: trim, ignore_case, round(2), …",
)
@click.option("--ignore", metavar="COLUMN", multiple=True, help="A column whose values are not compared.")
@click.option("--max-changed", metavar="SHARE", help="How many rows may differ unexpectedly: 0.1%.")
@click.option(
    "--mask", metavar="COLUMN", multiple=True, help="A column whose values must not appear in a report."
)
@click.option(
    "--option",
    "reader_options",
    metavar="NAME=VALUE",
    multiple=True,
    help="For a path such as csv:./before: an option of Spark's reader.",
)
@click.option("--ignore-case", is_flag=True, help="Pair columns whose names differ in case only.")
@click.option("--allow-empty", is_flag=True, help="Let two tables without rows pass.")
@click.option("--exact", is_flag=True, help="Compare every value, even where fingerprints are equal.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as an HTML page."
)
@click.option(
    "--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write the report as Markdown."
)
@click.option("--rows", metavar="DIR", help="Write all rows that differ as Parquet to a new folder.")
@spark_log
@verbose
@as_json
def compare(
    left: str,
    right: str,
    date: str | None,
    start: str | None,
    end: str | None,
    env: str | None,
    run_missing: bool,
    one_by_one: bool,
    key: str | None,
    tolerances: Sequence[str],
    rules: Sequence[str],
    ignore: Sequence[str],
    mask: Sequence[str],
    max_changed: str | None,
    reader_options: Sequence[str],
    ignore_case: bool,
    allow_empty: bool,
    exact: bool,
    html: Path | None,
    markdown: Path | None,
    rows: str | None,
    spark_log: bool,
    as_json: bool,
) -> None:
    """Say what differs between LEFT, the older version, and RIGHT, and which of it was declared.

    Versions are compared as the environment has run them. Each is JOB@LINE, JOB@RELEASE, TABLE@LINE, the
    id of a run, or a path: of Parquet files, or of another format, named before it, as in csv:./before.
    With --run, a release that is not installed runs in an environment of its own. The same version twice
    compares its newest output with the one before; with --one-by-one, what it writes for a range in one run
    with what it writes date by date. Exits with 0 for the verdict pass, 1 for fail, 3 for incomplete, and
    with 2 for a mistake.

    \b
    Examples:
      dwh compare carrier_delays@0.1 carrier_delays@0.2 --from 2013-01-01 --to 2013-01-31 --run
      dwh compare carrier_delays@0.2 carrier_delays@0.2 --run --date 2013-01-15
      dwh compare carrier_delays@0.2 carrier_delays@0.2 --run --one-by-one --from 2013-01-01 --to 2013-01-07
      dwh compare carrier_delays@0.1.0 carrier_delays@0.1.1 --run --date 2013-01-15
      dwh compare csv:./before/out.csv carrier_delays@0.1 --date 2013-01-15
      dwh compare csv:./before.csv orc:./after --key flight_date,carrier
      dwh compare ./before ./after --key flight_date,carrier --html report.html --rows ./differing
    """
    from dwh.migrate.compare.errors import RowsError
    from dwh.migrate.compare.outputs import OutputOptions

    check_folder("--html", html)
    check_folder("--markdown", markdown)
    _check_rows(rows)
    options = OutputOptions(
        tolerances=dict(map(column_tolerance, tolerances)),
        ignore=tuple(ignore),
        mask=tuple(mask),
        exact=exact,
        max_changed=None if max_changed is None else share_of_rows(max_changed),
        dates=optional_dates(date, start, end) if date or (start and end) else None,
        rows=rows,
        rules=column_rules(rules),
        ignore_case=ignore_case,
        allow_empty=allow_empty,
        source_options=reader_settings(reader_options),
    )
    days = optional_dates(date, start, end)
    try:
        if one_by_one:
            result = _compare_one_by_one(left, right, options.dates, run_missing, options, spark_log)
        else:
            result = _compare(left, right, key, days, run_missing, options, spark_log)
    except RowsError as error:
        _show(error.result, html, markdown, as_json)
        raise
    _show(result, html, markdown, as_json)
    if rows and not as_json:
        print_note(f"rows: {rows}")
    sys.exit(result.exit_code)


def _check_rows(place: str | None) -> None:
    if place is not None:
        from dwh.migrate.compare.saved_rows import check_rows_place

        check_rows_place(place)


def _compare(
    left: str,
    right: str,
    key: str | None,
    dates: DateRange | None,
    run_missing: bool,
    options: OutputOptions,
    spark_log: bool,
) -> Comparison:
    paths = ["/" in text for text in (left, right)]
    if all(paths):
        return _compare_files(left, right, key_columns(key), options, spark_log)
    if any(paths):
        if run_missing:
            raise UsageError("--run is for two versions; for a path, run the job first: dwh run JOB …")
        path, version = (left, right) if paths[0] else (right, left)
        return _compare_with_path(path, version, paths[0], key_columns(key), dates, options, spark_log)
    if key:
        raise UsageError("--key is for paths; versions have the key of their contract")
    _check_reader_options([], options)
    return _compare_versions(left, right, dates, run_missing, options, spark_log)


def _compare_versions(
    left: str, right: str, dates: DateRange | None, run_missing: bool, options: OutputOptions, spark_log: bool
) -> Comparison:
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.compare.errors import RowsError
    from dwh.migrate.compare.outputs import compare_outputs, from_ledger
    from dwh.migrate.compare.subjects import subjects_of

    if run_missing and options.dates is None:
        raise UsageError("--run needs to know for which dates: give --date, or --from and --to")
    warehouse = Warehouse.create() if run_missing else Warehouse.open()
    lacks = bool(run_missing and dates and _lacks(warehouse, left, right, dates))
    if options.mask:
        _check_mask(warehouse, left, right, options.mask, run_missing)
    result = None
    if not options.rows and not lacks:
        subjects = subjects_of(warehouse, left, right, dates)
        result = from_ledger(warehouse, *subjects, options)
    if result is None:
        with working_spark(warehouse.config, spark_log) as spark:
            if run_missing and dates:
                from dwh.migrate.compare.missing import run_missing as complete

                complete(spark, warehouse, left, right, dates, print_note)
            subjects = subjects_of(warehouse, left, right, dates)
            try:
                result = compare_outputs(spark, warehouse, *subjects, options)
            except RowsError as error:
                _record(warehouse, error.result, subjects, options)
                raise
    _record(warehouse, result, subjects, options)
    return result


def _lacks(warehouse: Warehouse, left: str, right: str, dates: DateRange) -> bool:
    from dwh.migrate.compare.missing import is_complete

    return not is_complete(warehouse, left, right, dates)


def _check_mask(warehouse: Warehouse, left: str, right: str, mask: Sequence[str], run_missing: bool) -> None:
    """Refuse a column that neither contract has before an engine starts, which takes seconds."""
    from dwh.compare.masking import check_masked
    from dwh.migrate.compare.subjects import column_names_of, subjects_of

    try:
        subjects = subjects_of(warehouse, left, right, None)
    except DwhError:
        if run_missing:
            return  # the contract of what is yet to run aside is not known here
        raise
    check_masked(mask, column_names_of(*subjects))


def _compare_one_by_one(
    left: str, right: str, dates: DateRange | None, run: bool, options: OutputOptions, spark_log: bool
) -> Comparison:
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.compare.one_by_one import check_one_by_one, run_one_by_one
    from dwh.migrate.compare.outputs import compare_outputs

    days, warehouse = check_one_by_one(left, right, dates, run), Warehouse.create()
    with working_spark(warehouse.config, spark_log) as spark:
        warehouse, *subjects = run_one_by_one(spark, warehouse, left, days, print_note)
        result = compare_outputs(spark, warehouse, subjects[0], subjects[1], options)
    _record(warehouse, result, (subjects[0], subjects[1]), options)
    return result


def _record(
    warehouse: Warehouse, result: Comparison, subjects: tuple[Subject, Subject], options: OutputOptions
) -> None:
    from dwh.migrate.compare.outputs import compared_runs, record

    days = sorted(set(subjects[0].outputs) | set(subjects[1].outputs))
    record(warehouse, result, days, compared_runs(*subjects, options))


def _compare_files(
    left: str, right: str, key: dict[str, str], options: OutputOptions, spark_log: bool
) -> Comparison:
    from dwh.compare.masking import check_masked
    from dwh.migrate.compare.files import Opened, compare_opened
    from dwh.migrate.compare.paths import Looked
    from dwh.migrate.compare.sources import look_at_source, source_of

    # Before Spark starts, which takes seconds: most of what is wrong with a path is found here.
    sources = [source_of(text, options.source_options) for text in (left, right)]
    _check_reader_options(sources, options)
    with counted("looking at files") as told:
        one, other = (Opened(source, look_at_source(source, told)) for source in sources)
    known = [opened.looked.names for opened in (one, other) if isinstance(opened.looked, Looked)]
    if len(known) == 2:  # of other formats only Spark knows the columns
        check_masked(options.mask, known[0] | known[1])
    with working_spark(load_config(), spark_log) as spark:
        return compare_opened(spark, one, other, key, options)


def _check_reader_options(sources: Sequence[Source], options: OutputOptions) -> None:
    if options.source_options and not any(source.options for source in sources):
        raise UsageError("--option is for a path of another format, such as csv:./before")


def _compare_with_path(
    path: str,
    version: str,
    is_left: bool,
    key: dict[str, str],
    dates: DateRange | None,
    options: OutputOptions,
    spark_log: bool,
) -> Comparison:
    from dwh.compare.masking import check_masked
    from dwh.core.warehouse import Warehouse
    from dwh.migrate.compare.against import Against, compare_with_source
    from dwh.migrate.compare.outputs import record
    from dwh.migrate.compare.paths import Looked
    from dwh.migrate.compare.sources import look_at_source, source_of
    from dwh.migrate.compare.subjects import column_names_of, subject_of

    source = source_of(path, options.source_options)
    _check_reader_options([source], options)
    warehouse = Warehouse.open()
    subject = subject_of(warehouse, version, dates)
    if dates:
        check_grain(dates, grain_of_contract(subject.contract), version)
    both = Against(source, look_at_source(source), subject, is_left, key)
    if isinstance(both.looked, Looked):  # of other formats the columns are not known yet
        check_masked(options.mask, both.looked.names | column_names_of(subject))
    with working_spark(warehouse.config, spark_log) as spark:
        result = compare_with_source(spark, warehouse, both, options)
    record(warehouse, result, sorted(subject.outputs), {})
    return result


def _show(result: Comparison, html: Path | None, markdown: Path | None, as_json: bool) -> None:
    # First what cannot fail: a full disk must not cost the answer.
    if as_json:
        print_json(result.to_dict())
    else:
        _print(result)
    if html:
        from dwh.compare.report.html import to_html

        _write("--html", html, to_html(result), as_json)
    if markdown:
        from dwh.compare.report.markdown import to_markdown

        _write("--markdown", markdown, to_markdown(result), as_json)


def _write(option: str, path: Path, text: str, as_json: bool) -> None:
    """Write a report; where that fails the verdict is still what the command exits with."""
    try:
        write_file(option, path, text)
    except UsageError as problem:
        print_error(str(problem))
    else:
        if not as_json:
            print_note(f"report: {path}")


class _Page(io.StringIO):
    """Text for standard output: tables have lines of characters that it can show."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of standard output."""
        return sys.stdout.encoding or "utf-8"


def _print(result: Comparison) -> None:
    from rich.console import Console

    from dwh.compare.report.terminal import print_report

    if sys.stdout.isatty():
        print_report(result, Console())
        return
    text = _Page()
    print_report(result, Console(file=text, width=120))
    print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))


COMMANDS = (compare,)
