"""Compare outputs in the warehouse: what the ledger can answer first, then what must be read.

Outputs never change. So a fingerprint of one, once computed, holds for good, and only the logical
dates whose fingerprints differ need a closer look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dwh.compare.comparing_stored import compare_stored
from dwh.compare.errors import ComparisonError
from dwh.compare.model import Comparison, NotCompared, Side
from dwh.compare.rules import Rule
from dwh.compare.tolerance import Tolerance
from dwh.core.contract import Table
from dwh.core.dates import DateRange
from dwh.core.identity import current_user, new_id
from dwh.core.ledger import one_transaction
from dwh.core.ledger.schema import compared, comparisons
from dwh.core.storage.adopted import check_adopted
from dwh.core.warehouse import Warehouse
from dwh.migrate.clock import recorded_now
from dwh.migrate.compare.dated import dated, read_dated
from dwh.migrate.compare.kept import add_fingerprints, known_fingerprint
from dwh.migrate.compare.lost import check_kept, check_total, keeping
from dwh.migrate.compare.subjects import Subject, declared_changes, sensitive_in

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = [
    "OutputOptions",
    "common_dates",
    "compare_outputs",
    "compared_runs",
    "from_ledger",
    "record",
]


@dataclass(frozen=True)
class OutputOptions:
    """What the operator asked for. See `dwh.compare.comparing`.

    Attributes:
        dates: the logical dates that were asked for; None for those that are there.
        rows: the folder to write all rows that differ to.
    """

    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    exact: bool = False
    max_changed: Decimal | None = None
    dates: DateRange | None = None
    rows: str | None = None
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    ignore_case: bool = False
    allow_empty: bool = False
    mask: tuple[str, ...] = ()
    source_options: Mapping[str, str] = field(default_factory=dict)


def from_ledger(
    warehouse: Warehouse, left: Subject, right: Subject, options: OutputOptions
) -> Comparison | None:
    """Return the comparison if the ledger knows that both sides are equal; needs neither Spark nor data.

    Raises ComparisonError when the sides have no logical date in common, and LostFilesError when files that
    were adopted have changed.
    """
    _check_adopted(warehouse, left, right)
    return _proved_equal(_known(warehouse, left, right), left, right, options)


def compare_outputs(
    spark: SparkSession, warehouse: Warehouse, left: Subject, right: Subject, options: OutputOptions
) -> Comparison:
    """Compare two subjects for the logical dates that both have.

    A date that only one of them has is not compared, which makes the verdict `incomplete`.
    Raises ComparisonError when the sides have no logical date in common, LostFilesError, and RowsError.
    """
    _check_adopted(warehouse, left, right)
    days = common_dates(left, right)
    with keeping(spark, warehouse, [side.outputs[day] for side in (left, right) for day in days]):
        return _compared(spark, warehouse, left, right, options)


def _compared(
    spark: SparkSession, warehouse: Warehouse, left: Subject, right: Subject, options: OutputOptions
) -> Comparison:
    from dwh.compare.comparing import compare, engine_versions
    from dwh.migrate.compare.saved_rows import save_rows

    days = common_dates(left, right)
    for subject in () if options.exact else (left, right):
        add_fingerprints(spark, warehouse, subject, days)
    known = _known(warehouse, left, right)
    arguments = _arguments(left, right, options)
    equal = _proved_equal(known, left, right, options)
    if equal and not options.rows:
        how = replace(equal.measurement, step="fingerprint", versions=engine_versions(spark))
        return replace(equal, measurement=how)
    frames = [
        read_dated(spark, warehouse, subject.contract, [subject.outputs[day] for day in days])
        for subject in (left, right)
    ]
    result = equal or compare(
        *frames, exact=options.exact, max_changed=options.max_changed, fingerprints=known, **arguments
    )
    _check_rows(result, left, right, days)
    if options.rows:
        chosen = {
            name: value for name, value in arguments.items() if name not in ("sides", "gaps", "allow_empty")
        }
        save_rows(
            result,
            frames[0],
            frames[1],
            options.rows,
            {**chosen, "fingerprints": None if options.exact else known},
            partial(check_kept, warehouse, [side.outputs[day] for side in (left, right) for day in days]),
        )
    return result


def _check_rows(result: Comparison, left: Subject, right: Subject, days: Sequence[date]) -> None:
    """Raise LostFilesError where other rows were compared than were committed."""
    for side, rows in ((left, result.rows.left), (right, result.rows.right)):
        outputs = [side.outputs[day] for day in days]
        check_total(outputs, rows)


def _check_adopted(warehouse: Warehouse, left: Subject, right: Subject) -> None:
    days = common_dates(left, right)
    check_adopted(warehouse.ledger, [side.outputs[day] for side in (left, right) for day in days])


def _known(
    warehouse: Warehouse, left: Subject, right: Subject
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the fingerprints of both sides, None where the ledger lacks a part."""
    days = common_dates(left, right)
    one, other = (known_fingerprint(warehouse, subject, days) for subject in (left, right))
    return (one, other) if one is not None and other is not None else None


def _proved_equal(
    known: tuple[dict[str, Any], dict[str, Any]] | None, left: Subject, right: Subject, options: OutputOptions
) -> Comparison | None:
    if options.exact or known is None:
        return None
    return compare_stored(*known, **_arguments(left, right, options))


def compared_runs(left: Subject, right: Subject, options: OutputOptions) -> dict[date, tuple[str, str]]:
    """Return which two runs a comparison is about, for each date, where its verdict can prove something.

    It proves nothing where the operator asked for less than what the job declares.
    """
    if replace(options, dates=None, exact=False, rows=None, mask=()) != OutputOptions():
        return {}
    days = left.outputs.keys() & right.outputs.keys()
    return {day: (left.outputs[day].run_id, right.outputs[day].run_id) for day in days}


@one_transaction
def record(
    warehouse: Warehouse,
    comparison: Comparison,
    dates: Sequence[date],
    pairs: Mapping[date, tuple[str, str]],
) -> str:
    """Keep a comparison in the ledger, and return its id.

    Parameters:
        dates: those that it was about.
        pairs: the two runs that it compared for each date: see `compared_runs`.
    """
    found = {
        "left_label": comparison.left.label,
        "right_label": comparison.right.label,
        "environment": warehouse.config.environment,
        "verdict": comparison.verdict,
        "first_date": min(dates, default=None),
        "last_date": max(dates, default=None),
        "compared_by": current_user(),
        "result": comparison.to_dict(),
    }
    with warehouse.ledger.writing() as connection:
        now = _now(connection, warehouse.config.environment, pairs.values())
        found |= {"id": new_id(now), "compared_at": now}
        connection.execute(comparisons.insert(), [found])
        rows = [
            {
                "environment": found["environment"],
                "left_run": left,
                "right_run": right,
                "partition_date": day,
                "comparison": found["id"],
            }
            for day, (left, right) in pairs.items()
        ]
        if rows:
            connection.execute(compared.insert(), rows)
    return str(found["id"])


def _now(connection: sa.Connection, environment: str, pairs: Iterable[tuple[str, str]]) -> datetime:
    """Return the time, after that of whatever was recorded of the same runs: the last verdict counts."""
    lefts = compared.c.left_run.in_({left for left, _ in pairs})
    same = sa.select(compared.c.comparison).where(compared.c.environment == environment, lefts)
    return recorded_now(connection, comparisons.c.compared_at, comparisons.c.id.in_(same))


def _arguments(left: Subject, right: Subject, options: OutputOptions) -> dict[str, Any]:
    """Return what `compare` and `compare_stored` both take."""
    return {
        "key": tuple(dated(right.contract)["key"]),
        "changes": declared_changes(left, right),
        "tolerances": options.tolerances,
        "ignore": options.ignore,
        "mask": tuple(dict.fromkeys((*options.mask, *sensitive_in(left, right)))),
        "rules": options.rules,
        "ignore_case": options.ignore_case,
        "allow_empty": options.allow_empty,
        "contracts": (Table.from_dict(dated(left.contract)), Table.from_dict(dated(right.contract))),
        "sides": (Side(left.label, left.provenance()), Side(right.label, right.provenance())),
        "gaps": _gaps(left, right, options.dates),
    }


def common_dates(left: Subject, right: Subject) -> list[date]:
    """Return the logical dates that both sides have; raises ComparisonError if there are none."""
    if days := sorted(set(left.outputs) & set(right.outputs)):
        return days
    raise ComparisonError(
        f"{left.label} and {right.label} have no logical date in common; "
        "give --from and --to with --run to make what is missing"
    )


def _gaps(left: Subject, right: Subject, asked: DateRange | None) -> tuple[NotCompared, ...]:
    """Return the dates that were asked for, or that one side has, and that are not on both."""
    lefts, rights = set(left.outputs), set(right.outputs)
    wanted = lefts | rights | set(asked or ())
    lacking = (
        (f"neither {left.label} nor {right.label} has", wanted - lefts - rights),
        (f"{left.label} lacks", rights - lefts),
        (f"{right.label} lacks", lefts - rights),
    )
    return tuple(
        NotCompared(f"Partition {_span(sorted(days))}", f"{who} an output for it")
        for who, days in lacking
        if days
    )


def _span(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days):,} dates)"
