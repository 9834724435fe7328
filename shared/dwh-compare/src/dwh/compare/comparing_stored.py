"""`compare_stored`: compare two tables by what was kept of them. It needs neither their rows nor PySpark."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dwh.compare.arguments import (
    Tolerances,
    changes_of,
    column_names,
    contracts_of,
    sides_of,
    stored_of,
    tolerances_of,
)
from dwh.compare.assembling import assemble
from dwh.compare.changes import Contract, Declared
from dwh.compare.declared import read_conditions
from dwh.compare.evidence import known_equal
from dwh.compare.model import Comparison, NotCompared, Side
from dwh.compare.options import Key, Options, key_columns, key_names
from dwh.compare.ruling import RuleChoice, chosen_rules
from dwh.compare.schema import pair_columns
from dwh.compare.stored import differing_parts, schema_of

__all__ = ["compare_stored"]


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
    return assemble(schemas, options, declared, evidence, {}, column_names("mask", mask))
