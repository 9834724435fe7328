"""`compare` and `compare_stored`: the entries to the comparison of two tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyspark
from pyspark.sql import DataFrame

from dwh.compare.arguments import (
    Tolerances,
    changes_of,
    check_frames,
    column_names,
    contracts_of,
    how_many,
    share,
    sides_of,
    stored_of,
    stored_pair,
    tolerances_of,
)
from dwh.compare.changes import Contract, Declared
from dwh.compare.collected import collected
from dwh.compare.engine import climb, climb_parts, known_equal, without_broken
from dwh.compare.evidence import Evidence, Limits
from dwh.compare.expectations import Usable, declared_schema, read_conditions, usable
from dwh.compare.findings import ColumnFound
from dwh.compare.fingerprints import BUCKETS, hash_bits
from dwh.compare.further_on import shown_further_on
from dwh.compare.masking import masked, sensitive_of
from dwh.compare.model import ColumnResult, Comparison, Measurement, NotCompared, Side
from dwh.compare.options import EVERY, Key, Options, key_columns, key_names
from dwh.compare.ruling import RuleChoice, chosen_rules, prepare_rules
from dwh.compare.schema import Paired, Schemas, Tables, pair_columns, with_rows
from dwh.compare.stored import Parts, differing_parts, schema_of
from dwh.compare.tolerance import Tolerance
from dwh.compare.verdict import judge, threshold_of

__all__ = ["compare", "compare_stored"]


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
    columns, and ComparisonError for arguments that mean nothing.
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
    schemas = pair_columns(left.schema, right.schema, options)
    parts = differing_parts(*known, schemas, signed_zero=options.signed_zero) if known else None
    tables = with_rows(schemas, left, right)
    prepare_rules(options.rules, tables)
    expectations, evidence = _measured(tables, options, limits, parts)
    evidence = shown_further_on(tables, evidence)
    evidence = replace(evidence, seconds={**evidence.seconds, "total": round(time.monotonic() - started, 3)})
    result = _assemble(schemas, options, expectations, evidence, _versions(tables))
    return _masked(result, column_names("mask", mask), options)


def compare_stored(
    left: Mapping[str, Any],
    right: Mapping[str, Any],
    *,
    key: Key | None = None,
    changes: Declared | Iterable[Declared] | None = (),
    tolerances: Tolerances | None = None,
    ignore: str | Iterable[str] | None = (),
    mask: str | Iterable[str] | None = (),
    rules: RuleChoice | None = None,
    contracts: tuple[Contract, Contract] | None = None,
    signed_zero: bool = False,
    ignore_case: bool = False,
    allow_empty: bool = False,
    sides: tuple[Side | str, Side | str] = (Side("left"), Side("right")),
    gaps: Sequence[NotCompared] = (),
) -> Comparison | None:
    """Compare two outputs by what `fingerprint` returned for them, without reading or starting anything.

    Parameters: as for `compare`; the key is by default that of the fingerprints. As no row differs,
    the conditions of expected differences are read, and not tried.

    Returns None if the fingerprints do not prove that all compared values are equal.
    Raises the errors of `compare`.
    """
    started = time.monotonic()
    left, right = stored_of("left", left), stored_of("right", right)
    key = tuple(right["key"]) if key is None else key
    options = Options(
        key_columns(key), changes_of(changes),
        tolerances_of(tolerances), column_names("ignore", ignore), contracts_of(contracts),
        bool(signed_zero), sides=sides_of(sides), gaps=tuple(gaps or ()), rules=chosen_rules(rules),
        key_names=key_names(key), ignore_case=bool(ignore_case), allow_empty=bool(allow_empty),
    )  # fmt: skip
    schemas = pair_columns(schema_of(left), schema_of(right), options)
    parts = differing_parts(left, right, schemas, signed_zero=signed_zero)
    if parts is None or parts.differing:
        return None
    declared = read_conditions(options.changes, schemas)
    evidence = known_equal(parts, len(declared))
    evidence = replace(evidence, seconds={"total": round(time.monotonic() - started, 3)})
    result = _assemble(schemas, options, declared, evidence, {"pyspark": pyspark.__version__})
    return _masked(result, column_names("mask", mask), options)


def _masked(result: Comparison, mask: Sequence[str], options: Options) -> Comparison:
    """Return a comparison without values of the columns that the caller, or a contract, wants hidden."""
    names = [side.name for column in result.schema for side in (column.left, column.right) if side]
    return masked(result, tuple(dict.fromkeys((*mask, *sensitive_of(options.contracts, names)))))


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
            raise
        return checked, _climbed(tables, options, checked, limits, parts)


def _climbed(
    tables: Tables, options: Options, expectations: Sequence[Usable], limits: Limits, parts: Parts | None
) -> Evidence:
    if options.exact:
        return climb(tables, expectations, limits, exact=True)
    if parts:
        return climb_parts(tables, expectations, limits, parts)
    return collected(tables, expectations, limits) or climb(tables, expectations, limits, exact=False)


def _versions(tables: Tables) -> dict[str, str]:
    session = tables.left.sparkSession
    zone = str(session.conf.get("spark.sql.session.timeZone"))
    return {"spark": session.version, "pyspark": pyspark.__version__, "time_zone": zone}


def _assemble(
    schemas: Schemas,
    options: Options,
    expectations: Sequence[Usable],
    evidence: Evidence,
    versions: Mapping[str, str],
) -> Comparison:
    columns = tuple(_column(pair, evidence, options, bool(schemas.key)) for pair in schemas.pairs)
    results = (
        *declared_schema(options.changes, schemas),
        *(item.result(seen) for item, seen in zip(expectations, evidence.seen, strict=True)),
    )
    gaps = (*options.gaps, *_uncompared(schemas), *nothing_compared(schemas), *evidence.gaps)
    thresholds = threshold_of(evidence.rows, options.max_changed)
    verdict, reasons = judge(
        schemas.section, evidence.rows, columns, results, gaps, thresholds, _may_be_empty(options)
    )
    return Comparison(
        verdict=verdict,
        reasons=reasons,
        left=options.sides[0],
        right=options.sides[1],
        schema=schemas.section,
        rows=evidence.rows,
        columns=columns,
        measurement=_measurement(schemas, options, evidence, versions),
        samples=evidence.samples,
        expectations=results,
        not_compared=gaps,
        thresholds=thresholds,
    )


def _may_be_empty(options: Options) -> bool:
    contracts = options.contracts
    return options.allow_empty or bool(contracts and all(table.may_be_empty for table in contracts))


def _column(pair: Paired, evidence: Evidence, options: Options, keyed: bool) -> ColumnResult:
    found = evidence.columns.get(pair.name, ColumnFound())
    by_join = keyed and (options.exact or bool(found.differing.count))
    proven = None if pair.key or not pair.form else "join" if by_join else "fingerprint"
    return ColumnResult(
        name=pair.name,
        left_name=None if pair.left_name == pair.name else pair.left_name,
        key=pair.key,
        compared=pair.form is not None,
        ignored=pair.ignored,
        why_not=pair.why_not,
        differing=found.differing,
        to_null=found.to_null,
        from_null=found.from_null,
        numbers=found.numbers,
        top=found.top,
        tolerance=pair.tolerance,
        rules=pair.rules,
        proven_by=proven,  # type: ignore[arg-type]  # mypy does not see the literals
    )


def _uncompared(schemas: Schemas) -> list[NotCompared]:
    return [
        NotCompared(f"Column {pair.name}", pair.why_not)
        for pair in schemas.pairs
        if not pair.form and not pair.ignored
    ]


def nothing_compared(schemas: Schemas) -> list[NotCompared]:
    """Return that no value was compared, if there are values: that keys are equal says nothing of them."""
    outside_key = max(len(schemas.left_names), len(schemas.right_names)) > len(schemas.key)
    if schemas.values or not outside_key:
        return []
    why = "columns outside the key are on one side only, ignored, or cannot be compared"
    return [NotCompared("Every value", why)]


def _tolerances(schemas: Schemas, options: Options) -> dict[str, Tolerance]:
    """Return the tolerances of columns, and those that were given for what is inside one."""
    found = {pair.name: pair.tolerance for pair in schemas.pairs if pair.tolerance}
    told = {EVERY, *found, *(pair.left_name for pair in schemas.pairs if pair.name in found)}
    return found | {name: given for name, given in options.tolerances.items() if name not in told}


def _measurement(
    schemas: Schemas, options: Options, evidence: Evidence, versions: Mapping[str, str]
) -> Measurement:
    notes = (
        [] if schemas.key else ["Without a key rows are a multiset: a row that differs is on one side only."]
    )
    if schemas.key and evidence.rows.duplicate_keys_left is None:
        notes.append(
            "Where fingerprints are equal, repeated keys were not looked for; exact=True looks for them."
        )
    return Measurement(
        step=evidence.step,
        exact=options.exact,
        hash_bits=None if options.exact else hash_bits(schemas),
        key=tuple(pair.name for pair in schemas.key),
        signed_zero=options.signed_zero,
        tolerances=_tolerances(schemas, options),
        ignored=options.ignore,
        rules={name: tuple(map(str, rules)) for name, rules in options.rules.items()},
        renamed={pair.left_name: pair.name for pair in schemas.pairs if pair.left_name != pair.name},
        rows_joined=evidence.rows_joined,
        buckets=None if evidence.step in ("ledger", "collected") else BUCKETS,
        buckets_differing=evidence.buckets_differing,
        seconds=evidence.seconds,
        versions=versions,
        notes=tuple(notes),
    )
