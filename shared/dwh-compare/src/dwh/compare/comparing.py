"""`compare`: the entry to the comparison of two tables by their rows."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyspark
from pyspark.sql import DataFrame, SparkSession

from dwh.compare.arguments import (
    Tolerances,
    changes_of,
    check_frames,
    column_names,
    contracts_of,
    how_many,
    share,
    sides_of,
    stored_pair,
    tolerances_of,
)
from dwh.compare.assembling import assemble
from dwh.compare.changes import Contract, Declared
from dwh.compare.collected import collected
from dwh.compare.declared import Usable
from dwh.compare.engine import climb, climb_parts, without_broken
from dwh.compare.errors import ComparisonError, EngineError, without_values
from dwh.compare.evidence import Evidence, Limits
from dwh.compare.expectations import usable
from dwh.compare.further_on import shown_further_on
from dwh.compare.masking import sensitive_of
from dwh.compare.model import Comparison, NotCompared, Side
from dwh.compare.options import Key, Options, key_columns, key_names
from dwh.compare.ruling import RuleChoice, chosen_rules, prepare_rules
from dwh.compare.schema import Tables, pair_columns, with_rows
from dwh.compare.stored import Parts, differing_parts
from dwh.compare.types import schema_of_frame

__all__ = ["compare", "engine_versions"]


def compare(
    left: DataFrame,
    right: DataFrame,
    *,
    key: Key | None = (),
    changes: Declared | Iterable[Declared] | None = (),
    tolerances: Tolerances | None = None,
    ignore: str | Iterable[str] | None = (),
    mask: str | Iterable[str] | None = (),
    rules: RuleChoice | None = None,
    contracts: tuple[Contract, Contract] | None = None,
    exact: bool = False,
    max_changed: float | Decimal | str | None = None,
    samples: int = 20,
    top: int = 5,
    signed_zero: bool = False,
    ignore_case: bool = False,
    allow_empty: bool = False,
    sides: tuple[Side | str, Side | str] = (Side("left"), Side("right")),
    gaps: Sequence[NotCompared] = (),
    fingerprints: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
) -> Comparison:
    """Compare two DataFrames, the older one on the left, and say which differences are meant.

    Rows with the same key are compared column by column; without a key, rows are multisets. Values
    are compared by meaning: null equals null, NaN equals NaN, decimals and integers exactly across
    widths and scales, maps without order, structs by the names of their fields, timestamps as
    instants. A null in the key matches a null.

    Parameters:
        key: the columns that identify a row, or the only one, by their name on the right; or a mapping of
            their names on the left to those on the right, where these differ: `{"id": "customer_id"}`.
        changes: what was declared to differ, as in `Job.changes`; fields of structs by their path.
        tolerances: how far numbers may be apart: a number, "0.1%" of the larger one, or a Tolerance; by
            column, called by either name, or by the path of what is inside one, as for `rules`. `*` is for
            all numbers that have none of their own, also inside structs and arrays.
        ignore: columns whose values are not compared; the report shows them.
        mask: columns whose values nobody is to see: the result has `•••1`, `•••2`, … in their place. Those
            that a contract calls sensitive are masked in any case.
        rules: what else counts as the same value, by column, or by the path of a struct's field:
            `{"name": [Trim(), IgnoreCase()], "address.city": Trim()}`, or as text: `{"name": "trim"}`.
        contracts: the contracts of both sides. A change of type that both state is declared.
        exact: compare all rows value by value even where fingerprints are equal.
        max_changed: the share of rows, from 0 to 1 or as "0.1%", that may differ unexpectedly.
        samples: how many differing rows of each kind to return.
        top: how many of the most frequent changes to return for each column.
        signed_zero: whether -0.0 and 0.0 are different.
        ignore_case: whether columns, and fields of structs, belong together whose names differ in upper
            and lower case only.
        allow_empty: whether two tables without rows pass, as where both contracts allow that.
        sides: how both sides are called in the report, and where they come from.
        gaps: what the caller knows to be missing on a side; it keeps the verdict from being `pass`.
        fingerprints: what `fingerprint` returned for these very rows, each side. Parts that they prove
            equal are not read; nor are columns, where both say that the key is unique. That is then
            taken for true: a key that is not makes the counts wrong. `exact` reads everything.

    Raises KeyChoiceError, ToleranceError, RuleError or ColumnChoiceError when the arguments do not fit the
    columns, ComparisonError for arguments that mean nothing, and EngineError where the engine fails and what
    it says may hold masked values.
    """
    started = time.monotonic()
    check_frames(left, right)
    limits = Limits(how_many("samples", samples), how_many("top", top))
    options = Options(
        key_columns(key), changes_of(changes), tolerances_of(tolerances),
        column_names("ignore", ignore), contracts_of(contracts), bool(signed_zero), bool(exact),
        share("max_changed", max_changed), sides_of(sides), tuple(gaps or ()),
        chosen_rules(rules), key_names(key), bool(ignore_case), bool(allow_empty),
    )  # fmt: skip
    known = stored_pair(fingerprints)
    schemas = pair_columns(schema_of_frame(left), schema_of_frame(right), options)
    parts = differing_parts(*known, schemas, signed_zero=options.signed_zero) if known else None
    tables = with_rows(schemas, left, right)
    prepare_rules(options.rules, tables)
    hidden = column_names("mask", mask) or sensitive_of(options.contracts, (*left.columns, *right.columns))
    with _without_values(bool(hidden)):
        expectations, evidence = _measured(tables, options, limits, parts)
        evidence = shown_further_on(tables, evidence)
    evidence = replace(evidence, seconds={**evidence.seconds, "total": round(time.monotonic() - started, 3)})
    versions = engine_versions(tables.left.sparkSession)
    return assemble(schemas, options, expectations, evidence, versions, column_names("mask", mask))


@contextmanager
def _without_values(hidden: bool) -> Iterator[None]:
    """Leave out what an engine says where it may quote a value that is to be masked."""
    try:
        yield
    except ComparisonError:
        raise
    except Exception as error:  # engines raise errors of every kind
        if hidden:
            raise EngineError(without_values(error)) from None
        raise


def _measured(
    tables: Tables, options: Options, limits: Limits, parts: Parts | None
) -> tuple[Sequence[Usable], Evidence]:
    """Return the expectations, broken ones marked, and what the ladder found."""
    expectations = tuple(usable(options.changes, tables))
    try:
        return expectations, _climbed(tables, options, expectations, limits, parts)
    except Exception:
        checked = without_broken(tables, expectations)
        if checked == expectations:
            if options.exact or parts or all(item.change.where.strip() == "true" for item in expectations):
                raise
            # Of two small sides, conditions are tried on cells that are equal, too: these may not do.
            return expectations, climb(tables, expectations, limits, exact=False)
        return checked, _climbed(tables, options, checked, limits, parts)


def _climbed(
    tables: Tables, options: Options, expectations: Sequence[Usable], limits: Limits, parts: Parts | None
) -> Evidence:
    if options.exact:
        return climb(tables, expectations, limits, exact=True)
    if parts:
        return climb_parts(tables, expectations, limits, parts)
    return collected(tables, expectations, limits) or climb(tables, expectations, limits, exact=False)


def engine_versions(session: SparkSession) -> dict[str, str]:
    """Return what a result says of the engine that looked at rows."""
    zone = str(session.conf.get("spark.sql.session.timeZone"))
    return {"spark": session.version, "pyspark": pyspark.__version__, "time_zone": zone}
