"""What callers write as arguments, in the one form that a comparison uses.

Each function takes what one would expect to work, and raises a ComparisonError that says what to write
instead for everything else. None stands for "nothing given" wherever a list or a mapping may be given.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from dwh.compare.changes import Change, Contract, as_change, is_change
from dwh.compare.errors import ComparisonError, ToleranceError
from dwh.compare.model import Side
from dwh.compare.tolerance import Tolerance, hundredth

__all__ = [
    "Tolerances",
    "changes_of",
    "check_frame",
    "check_frames",
    "column_names",
    "contracts_of",
    "how_many",
    "pair_of",
    "share",
    "sides_of",
    "stored_of",
    "stored_pair",
    "tolerance_of",
    "tolerances_of",
]

Tolerances = Mapping[str, Tolerance | float | Decimal | str]
"""A tolerance for each column: how far apart its numbers may be, or "0.1%"."""

_CHANGE_NAMES = "Added, Removed, Renamed, Retyped"


def check_frames(left: object, right: object) -> None:
    """Raise ComparisonError unless both are Spark DataFrames that one engine can bring together."""
    for name, given in (("left", left), ("right", right)):
        if not _is_frame(given):
            raise ComparisonError(f"{name} is {_described(given)}, not a Spark DataFrame{_hint(name, given)}")
    lefts, rights = _session(left), _session(right)
    if type(lefts) is not type(rights):
        raise ComparisonError(
            "one side is a DataFrame of Spark Connect, the other of a Spark in this process; "
            "read both with one session"
        )
    if lefts is not rights and getattr(lefts, "session_id", None) != getattr(rights, "session_id", None):
        raise ComparisonError("the two DataFrames are of different Spark Connect sessions; use one for both")
    _check_schema("left", left)
    _check_schema("right", right)


def check_frame(given: object) -> None:
    """Raise ComparisonError unless it is a Spark DataFrame."""
    if not _is_frame(given):
        raise ComparisonError(f"frame is {_described(given)}, not a Spark DataFrame{_hint('frame', given)}")
    _check_schema("frame", given)


def _check_schema(name: str, frame: Any) -> None:
    """Look at the schema, which PySpark cannot read where a user-defined type is not known here."""
    from pyspark.errors import PySparkException

    try:
        _ = frame.schema
    except PySparkException as error:
        said = str(error).strip().partition("\n")[0]
        raise ComparisonError(f"the schema of {name} cannot be read: {said}") from None


def column_names(argument: str, given: object) -> tuple[str, ...]:
    """Return names of columns; a text is one name, not its letters."""
    names = (given,) if isinstance(given, str) else given or ()
    if not isinstance(names, Iterable) or isinstance(names, (bytes, Mapping)):
        raise ComparisonError(f"{argument}={given!r}: write names of columns, such as {argument}=['id']")
    found = tuple(names)
    for name in found:
        if not isinstance(name, str) or not name:
            raise ComparisonError(f"{argument}: a column's name is text, not {name!r}")
    return found


def share(argument: str, given: object) -> Decimal | None:
    """Return a share from 0 to 1, written as a number or as a percentage: 0.001, "0.001" or "0.1%"."""
    if given is None:
        return None
    number = _number(given)
    if isinstance(given, str) and given.strip().endswith("%"):
        number = _number(given.strip()[:-1])
        number = None if number is None else hundredth(number)
    if number is None or not 0 <= number <= 1:
        raise ComparisonError(f"{argument}={given!r}: write a share from 0 to 1, such as 0.001 or '0.1%'")
    return number


def how_many(argument: str, given: Any) -> int:
    """Return a whole number, 0 or more."""
    try:
        number = -1 if isinstance(given, bool) else operator.index(given)
    except TypeError:
        number = -1
    if not 0 <= number < 2**31:
        raise ComparisonError(f"{argument}={given!r}: write a whole number, 0 or more")
    return number


def tolerances_of(given: object) -> dict[str, Tolerance]:
    """Return tolerances by column; a bare number is an absolute one, "0.1%" a relative one."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ComparisonError(
            f"tolerances={given!r}: write one for each column, such as {{'price': 0.01}}, or {{'*': 0.01}}"
        )
    column_names("tolerances", list(given))
    return {name: tolerance_of(name, value) for name, value in given.items()}


def tolerance_of(column: str, given: Any) -> Tolerance:
    """Return the tolerance that is meant; raises ToleranceError."""
    if isinstance(given, Tolerance):
        return given
    percentage = isinstance(given, str) and given.strip().endswith("%")
    number = _number(given.strip()[:-1] if percentage else given)
    try:
        if number is not None:
            return Tolerance(relative=hundredth(number)) if percentage else Tolerance(number)
    except ValueError:
        pass
    raise ToleranceError(column, f"{given!r}: write a finite number, 0 or more, '0.1%', or a Tolerance")


def changes_of(given: object) -> tuple[Change, ...]:
    """Return declared changes; one alone is a list of one."""
    changes = (given,) if is_change(given) else given or ()
    if not isinstance(changes, Iterable) or isinstance(changes, (str, bytes, Mapping)):
        raise ComparisonError(
            f"changes={given!r}: write a list of Added, Removed, Renamed, Retyped and Expected"
        )
    found = tuple(changes)
    for change in found:
        if not is_change(change):
            raise ComparisonError(
                f"changes: {change!r} is not an Added, Removed, Renamed, Retyped or Expected"
            )
    return tuple(map(as_change, found))


def sides_of(given: object) -> tuple[Side, Side]:
    """Return what both sides are called; a text is a label."""
    one, other = pair_of("sides", given, (str, Side))
    return (_side(one), _side(other))


def _side(given: Any) -> Side:
    return Side(given) if isinstance(given, str) else given


def pair_of(argument: str, given: object, kind: Any) -> tuple[Any, Any]:
    """Return two of a kind, left and right; raises ComparisonError for anything else."""
    both = tuple(given) if isinstance(given, (tuple, list)) else ()
    if len(both) != 2 or not all(isinstance(each, kind) for each in both):
        raise ComparisonError(
            f"{argument}={_described(given)}: write two of them, for the left and the right"
        )
    return both[0], both[1]


def stored_of(argument: str, given: object) -> Mapping[str, Any]:
    """Return a fingerprint that was stored; raises ComparisonError for what no fingerprint is.

    One of another format may look otherwise, so `schema_of` is left to say which format it has.
    """
    if isinstance(given, Mapping) and given.get("format", 1) != 1 and "key" in given:
        return given
    needed = {"format", "encoding", "schema", "columns", "skipped", "key", "unique", "by", "parts"}
    if not isinstance(given, Mapping) or not needed <= given.keys():
        raise ComparisonError(f"{argument} is {_described(given)}, not what fingerprint() returned")
    return given


def stored_pair(given: object) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return two fingerprints, or None where none are given."""
    if given is None:
        return None
    left, right = pair_of("fingerprints", given, Mapping)
    return stored_of("the left fingerprint", left), stored_of("the right fingerprint", right)


def contracts_of(given: object) -> tuple[Contract, Contract] | None:
    """Return the contracts of both sides, or None where none are given."""
    return None if given is None else pair_of("contracts", given, Contract)


def _number(given: object) -> Decimal | None:
    """Return a number as what it prints as; None for what is not one."""
    if given is None or isinstance(given, bool) or type(given).__name__ in ("bool_", "bool"):
        return None
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and math.isfinite(float(number)) else None


def _is_frame(given: Any) -> bool:
    """Return whether it is a DataFrame of Spark, classic or of Connect, without importing either."""
    return any(
        kind.__module__.startswith("pyspark.sql.") and kind.__name__ == "DataFrame"
        for kind in type(given).__mro__
    )


def _session(frame: Any) -> Any:
    return frame.sparkSession


def _described(given: object) -> str:
    kind = type(given)
    if given is None or isinstance(given, (str, int, float)):
        return repr(given)[:80]
    return kind.__name__ if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__qualname__}"


def _hint(name: str, given: object) -> str:
    module = type(given).__module__
    if module.startswith("pyspark.pandas"):
        return f"; write {name}.to_spark()"
    if isinstance(given, str):
        return "; read what is there first, such as spark.read.parquet(path) or spark.table(name)"
    if module.startswith(("pandas", "pyarrow")) or isinstance(given, (list, tuple)):
        return f"; make it one: spark.createDataFrame({name})"
    return ""
