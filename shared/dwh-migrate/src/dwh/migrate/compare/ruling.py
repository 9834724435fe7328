"""Which rules are for which column, and whether they fit it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException
from pyspark.sql import types as T

from dwh.migrate.compare.canonical import Rules, is_for, type_name
from dwh.migrate.compare.errors import RuleError
from dwh.migrate.compare.footers import first_line
from dwh.migrate.compare.rules import Rule, parse_rules

if TYPE_CHECKING:
    from dwh.migrate.compare.schema import Tables

__all__ = ["RuleChoice", "chosen_rules", "prepare_rules", "rule_texts", "rules_of_columns"]

RuleChoice = Mapping[str, "Rule | str | Sequence[Rule | str]"]
"""Rules by column, or by the path of a struct's field such as `address.city`."""

_STEP = re.compile(r"`((?:[^`]|``)+)`|([^`.]+)")


def chosen_rules(rules: RuleChoice | None) -> dict[str, tuple[Rule, ...]]:
    """Return the rules that a caller gave, by column; raises RuleError."""
    return {name: _as_rules(name, given) for name, given in (rules or {}).items()}


def _as_rules(name: str, given: Rule | str | Sequence[Rule | str]) -> tuple[Rule, ...]:
    """Return the rules of a column, those last that look at pairs."""
    rules: list[Rule] = []
    for item in [given] if not isinstance(given, (list, tuple)) else given:
        if not isinstance(item, (Rule, str)):
            raise RuleError(repr(item), "give rules such as Trim(), or text such as 'trim'", name)
        rules += parse_rules(item) if isinstance(item, str) else [item]
    return tuple(sorted(rules, key=lambda rule: rule.pairwise))


def prepare_rules(rules: Mapping[str, Sequence[Rule]], tables: Tables) -> None:
    """Bring into the session what rules need there, and look whether it understands them.

    Raises RuleError for a condition that is no SQL.
    """
    for rule in {rule for given in rules.values() for rule in given}:
        rule.prepare(tables.left.sparkSession)
    if not any(rule.pairwise for given in rules.values() for rule in given):
        return
    both = tables.left.limit(0).crossJoin(tables.right.limit(0))
    for pair in tables.values:
        if pair.how.near:
            try:
                _ = both.selectExpr(pair.how.same(pair.left, pair.right)).schema
            except PySparkException as error:
                raise RuleError(", ".join(pair.rules), first_line(error), pair.name) from None


def rules_of_columns(
    rules: Mapping[str, Sequence[Rule]],
    types: Mapping[str, tuple[T.DataType, T.DataType]],
    key: Sequence[str],
    ignored: Sequence[str],
) -> dict[str, Rules]:
    """Return the rules of each column, by the path inside it.

    Parameters:
        rules: by column or path, as the caller gave them.
        types: of the columns that both sides have, by name.

    Raises RuleError where a rule is for nothing that is compared.
    """
    found: dict[str, dict[tuple[str, ...], Sequence[Rule]]] = {}
    for name, given in rules.items():
        column, path = _resolved(name, types)
        for rule in given:
            _check(rule, name, [_at(side, path, str(rule), name) for side in types[column]])
            _check_place(rule, name, column, key, ignored)
        found.setdefault(column, {})[path] = given
    return dict(found)


def rule_texts(rules: Rules) -> tuple[str, ...]:
    """Return the rules of a column as a report shows them: `trim`, `city: trim`."""
    return tuple(
        f"{'.'.join(path)}: {rule}" if path else str(rule) for path, found in rules.items() for rule in found
    )


def _resolved(name: str, columns: Mapping[str, object]) -> tuple[str, tuple[str, ...]]:
    """Return the column and the path inside it; a column whose whole name this is comes first."""
    if name in columns:
        return name, ()
    steps = [(quoted.replace("``", "`") or plain) for quoted, plain in _STEP.findall(name)]
    if not steps or steps[0] not in columns:
        raise RuleError(name, f"it is not a column of both sides ({', '.join(columns)})", name)
    return steps[0], tuple(steps[1:])


def _at(data_type: T.DataType, path: Sequence[str], rule: str, name: str) -> tuple[T.DataType, bool]:
    """Return the type at a path, and whether the path leads through an array."""
    in_array = False
    for step in path:
        while isinstance(data_type, T.ArrayType):
            data_type, in_array = data_type.elementType, True
        if not isinstance(data_type, T.StructType) or step not in data_type.fieldNames():
            raise RuleError(rule, f"{type_name(data_type)} has no field {step}", name)
        data_type = data_type[step].dataType
    return data_type, in_array


def _check(rule: Rule, name: str, sides: Sequence[tuple[T.DataType, bool]]) -> None:
    if all(_is_for(rule, data_type) for data_type, _ in sides):
        if rule.pairwise and any(in_array for _, in_array in sides):
            raise RuleError(str(rule), "it cannot look into arrays, whose elements are not paired", name)
        return
    types = " and ".join(dict.fromkeys(type_name(data_type) for data_type, _ in sides))
    raise RuleError(str(rule), f"it is {types}; this rule is for {rule.of}", name)


def _is_for(rule: Rule, data_type: T.DataType) -> bool:
    if isinstance(data_type, T.ArrayType) and not rule.pairwise and not rule.takes(data_type):
        return _is_for(rule, data_type.elementType)
    return is_for(rule, data_type)


def _check_place(rule: Rule, name: str, column: str, key: Sequence[str], ignored: Sequence[str]) -> None:
    if column in ignored:
        raise RuleError(str(rule), "the column is ignored", name)
    if rule.pairwise and column in key:
        raise RuleError(str(rule), "it compares paired values, and the key is what pairs rows", name)
    if rule.pairwise and not key:
        raise RuleError(str(rule), "without a key rows cannot be paired; give key=", name)
