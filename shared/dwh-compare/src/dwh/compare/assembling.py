"""The result of a comparison, put together from what was asked, paired and found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dwh.compare.declared import Usable, declared_schema
from dwh.compare.evidence import ColumnFound, Evidence
from dwh.compare.fingerprints import BUCKETS, hash_bits
from dwh.compare.masking import masked, sensitive_of
from dwh.compare.model import ColumnResult, Comparison, Measurement, NotCompared
from dwh.compare.options import EVERY, Options
from dwh.compare.schema import Paired, Schemas
from dwh.compare.tolerance import Tolerance
from dwh.compare.verdict import judge, threshold_of

__all__ = ["assemble", "nothing_compared"]


def assemble(
    schemas: Schemas,
    options: Options,
    expectations: Sequence[Usable],
    evidence: Evidence,
    versions: Mapping[str, str],
    mask: Sequence[str],
) -> Comparison:
    """Return the result of a comparison.

    Parameters:
        expectations: in the order in which the evidence says what each of them covers.
        versions: of the engine that looked at rows; none where nothing did.
        mask: columns whose values nobody is to see, beside those that a contract calls sensitive.
    """
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
    result = Comparison(
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
    return _masked(result, mask, options)


def _masked(result: Comparison, mask: Sequence[str], options: Options) -> Comparison:
    """Return a comparison without values of the columns that the caller, or a contract, wants hidden."""
    names = [side.name for column in result.schema for side in (column.left, column.right) if side]
    return masked(result, tuple(dict.fromkeys((*mask, *sensitive_of(options.contracts, names)))))


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
