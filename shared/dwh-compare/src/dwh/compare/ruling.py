"""Which rules are for which column, and whether they fit it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from dwh.compare.canonical import Wrap, is_for
from dwh.compare.errors import ComparisonError, RuleError, ToleranceError, first_line
from dwh.compare.nearness import Near
from dwh.compare.options import EVERY
from dwh.compare.rules import AnyOrder, Rule, parse_rules
from dwh.compare.structs import FieldNames, IncomparableError, Path, Place, place_of
from dwh.compare.tolerance import Tolerance
from dwh.compare.types import ArrayType, DataType, StructType, is_number

if TYPE_CHECKING:
    from dwh.compare.schema import Tables

__all__ = ["RuleChoice", "chosen_rules", "prepare_rules", "rule_texts", "rules_of_columns", "with_tolerances"]

RuleChoice = Mapping[str, "Rule | str | Sequence[Rule | str]"]
"""Rules by column, or by the path of a struct's field such as `address.city`."""


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
    from pyspark.errors import PySparkException

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


Types = Mapping[str, tuple[DataType, DataType]]
"""The types of the columns that both sides have, by their names on the right."""

Names = Mapping[str, FieldNames]
"""How the fields of each column's structs belong together."""


def rules_of_columns(
    rules: Mapping[str, Sequence[Rule]], types: Types, names: Names, key: Sequence[str]
) -> dict[str, dict[Path, list[Wrap]]]:
    """Return the rules of each column, by the path inside it.

    Parameters:
        rules: by column or path, as the caller gave them, in the names of the right side.

    Raises RuleError where a rule is for nothing that is compared.
    """
    found: dict[str, dict[Path, list[Wrap]]] = {}
    for name, given in rules.items():
        place = place_of(name, types)
        if place is None:
            raise RuleError(name, f"it is not a column of both sides ({', '.join(types)})", name)
        shown = ", ".join(map(str, given))
        path, *both = _at(place, types, names, partial(RuleError, shown, column=name))
        for rule in given:
            _check(rule, name, both)
            _check_place(rule, name, place.column, key)
        found.setdefault(place.column, {}).setdefault(path, []).extend(given)
    _refuse_pairs_without_order(found, types, names)
    return found


def with_tolerances(
    rules: Mapping[str, Mapping[Path, Sequence[Wrap]]],
    tolerances: Mapping[str, Tolerance],
    types: Types,
    names: Names,
    alone: Collection[str],
) -> dict[str, dict[Path, list[Wrap]]]:
    """Return the rules of each column, with tolerances for numbers inside structs and arrays.

    Parameters:
        tolerances: by column or path; those of columns of numbers are left to the caller. `*` is for all
            numbers in structs and arrays, too.
        alone: columns that have none: the key's, and what is ignored.

    Raises ToleranceError for one that is for no numbers.
    """
    found = {column: {path: list(each) for path, each in paths.items()} for column, paths in rules.items()}
    for name, tolerance in tolerances.items():
        if name == EVERY or (name in types and not _are_arrays(types[name])):
            continue
        place = place_of(name, types)
        if place is None:
            raise ToleranceError(name, f"it is not a column of both sides ({', '.join(types)})")
        if place.column in alone:
            raise ToleranceError(name, "a key column or an ignored column has none")
        path, *both = _at(place, types, names, partial(ToleranceError, name))
        if not all(_is_for(Near(tolerance), kind) for kind in both):
            told = " and ".join(dict.fromkeys(kind.name for kind in both))
            raise ToleranceError(name, f"it is {told}; only numbers have one")
        found.setdefault(place.column, {}).setdefault(path, []).append(Near(tolerance))
    _refuse_pairs_without_order(found, types, names)
    if EVERY in tolerances:
        others = {column: both for column, both in types.items() if column not in alone}
        _add_to_every_number(found, Near(tolerances[EVERY]), others, names)
    return found


def _are_arrays(both: Sequence[DataType]) -> bool:
    return all(isinstance(kind, ArrayType) for kind in both)


def _add_to_every_number(
    rules: dict[str, dict[Path, list[Wrap]]], near: Near, types: Types, names: Names
) -> None:
    """Add a tolerance to all numbers inside columns that have none of their own, and whose order counts."""
    for column, (left, right) in types.items():
        if is_number(left) or is_number(right):
            continue
        known = rules.get(column, {})
        for path in _paths_to_numbers(left, right, (), names[column]):
            own = any(isinstance(rule, Near) for rule in known.get(path, ()))
            if not own and not _without_order(known, path, elements=True):
                rules.setdefault(column, {}).setdefault(path, []).append(near)


def _paths_to_numbers(left: DataType, right: DataType, path: Path, names: FieldNames) -> Iterator[Path]:
    if is_number(left) and is_number(right):
        yield path
    elif isinstance(left, ArrayType) and isinstance(right, ArrayType):
        yield from _paths_to_numbers(left.element, right.element, path, names)
    elif isinstance(left, StructType) and isinstance(right, StructType):
        with suppress(IncomparableError):  # which is said of the column
            for old, new in names.pairs(left, right, path):
                yield from _paths_to_numbers(old.type, new.type, (*path, new.name), names)


def rule_texts(rules: Mapping[Path, Sequence[Wrap]]) -> tuple[str, ...]:
    """Return the rules of a column as a report shows them: `trim`, `city: trim`."""
    return tuple(
        f"{'.'.join(path)}: {rule}" if path else str(rule) for path, found in rules.items() for rule in found
    )


def _at(
    place: Place, types: Types, names: Names, error: Callable[[str], ComparisonError]
) -> tuple[Path, DataType, DataType]:
    """Return the path of a place as the right side writes it, and both types there."""
    try:
        return names[place.column].both_at(*types[place.column], place.path)
    except LookupError as problem:
        raise error(str(problem.args[0])) from None


def _check(rule: Rule, name: str, both: Sequence[DataType]) -> None:
    if not all(_is_for(rule, data_type) for data_type in both):
        types = " and ".join(dict.fromkeys(kind.name for kind in both))
        raise RuleError(str(rule), f"it is {types}; this rule is for {rule.of}", name)


def _is_for(rule: Wrap, data_type: DataType) -> bool:
    if isinstance(data_type, ArrayType) and not rule.takes(data_type):
        return _is_for(rule, data_type.element)
    return is_for(rule, data_type)


def _check_place(rule: Rule, name: str, column: str, key: Sequence[str]) -> None:
    if rule.pairwise and column in key:
        raise RuleError(str(rule), "it compares paired values, and the key is what pairs rows", name)
    if rule.pairwise and not key:
        raise RuleError(str(rule), "without a key rows cannot be paired; give key=", name)


def _refuse_pairs_without_order(
    rules: Mapping[str, Mapping[Path, Sequence[Wrap]]], types: Types, names: Names
) -> None:
    """Raise where something looks at two elements of arrays whose order does not count."""
    for column, paths in rules.items():
        for path, given in paths.items():
            _, *both = names[column].both_at(*types[column], path)
            for rule in given:
                elements = not all(is_for(rule, kind) for kind in both)
                if rule.pairwise and _without_order(paths, path, elements=elements):
                    raise _refused(rule, ".".join((column, *path)))


def _refused(rule: Wrap, name: str) -> ComparisonError:
    problem = "the order of the array around it does not count (any_order), so its elements are not paired"
    return ToleranceError(name, problem) if isinstance(rule, Near) else RuleError(str(rule), problem, name)


def _without_order(rules: Mapping[Path, Sequence[Wrap]], path: Path, *, elements: bool) -> bool:
    """Return whether an array has no order in which a value is, or whose elements are meant."""
    around = (path[:size] for size in range(len(path) + elements))
    return any(isinstance(rule, AnyOrder) for place in around for rule in rules.get(place, ()))
