"""Rules by column: what else counts as the same value, declared by whoever compares.

A rule only ever makes more values equal. The same value is always equal to itself, so that equal
fingerprints prove equality under every rule, and unequal ones prove nothing.

* Most rules bring both values into a normal form before they are compared: `Trim`, `IgnoreCase`,
  `Unicode`, `Round`, `AnyOrder`. They apply to keys and multisets, too, and to the elements of arrays.
* `Within` and `Sql` look at two values. They need a key, and are not for the key itself; elements of arrays
  are paired by their place.

To add a rule, write a class and name it in `RULES`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from dwh.compare.conditions import problem_of
from dwh.compare.errors import RuleError
from dwh.compare.forms import Form, Hashable, Pairwise, SideName
from dwh.compare.types import VOID, ArrayType, DataType, DecimalType, is_number

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = [
    "RULES",
    "AnyOrder",
    "IgnoreCase",
    "Round",
    "Rule",
    "Sql",
    "Trim",
    "Unicode",
    "Within",
    "parse_rules",
]

_ANY = Form("string")
_WHOLE = ("tinyint", "smallint", "int", "bigint")
_UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


class Rule(ABC):
    """What else counts as the same value in a column.

    Attributes:
        of: what kind of values it is for, as an error says it.
        pairwise: whether it looks at two values, so that rows must be paired first.
    """

    of: ClassVar[str] = "text"
    pairwise: ClassVar[bool] = False

    @abstractmethod
    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        """Return how values of two types compare under this rule, given how they do without it."""

    def takes(self, data_type: DataType) -> bool:
        """Return whether the rule is for values of a type."""
        return data_type.name.startswith(("string", "char(", "varchar("))

    def prepare(self, spark: SparkSession) -> None:
        """Bring into a session what the rule needs there; most need nothing."""
        return


@dataclass(frozen=True)
class _Normal(Form):
    """Values that are brought into a normal form by an SQL expression over `{x}`.

    Attributes:
        of_left: the expression for values on the left, where their type needs another.
    """

    inner: Form = _ANY
    expression: str = "{x}"
    of_left: str = ""

    def on(self, side: SideName) -> _Normal:
        own = super().on(side)
        return replace(own, expression=self.of_left, of_left="") if side == "left" and self.of_left else own

    @property
    def readable(self) -> bool:
        return False

    def comparable(self, column: str) -> str:
        return self.inner.comparable(self._of(column))

    def hashable(self, column: str) -> Hashable:
        return self.inner.hashable(self._of(column))

    def _of(self, column: str) -> str:
        return self.expression.replace("{x}", column)


@dataclass(frozen=True)
class _Sorted(Form):
    inner: Form = _ANY

    @property
    def readable(self) -> bool:
        return False

    def comparable(self, column: str) -> str:
        return f"sort_array({self.inner.comparable(column)})"

    def hashable(self, column: str) -> Hashable:
        size, hashes = self.inner.hashable(column).values
        return Hashable((size, f"sort_array({hashes})"))


def _normal(inner: Form, expression: str) -> Form:
    return _Normal(inner.tag, False, inner, expression)


@dataclass(frozen=True)
class Trim(Rule):
    """Spaces, tabs and line breaks at both ends do not count."""

    def __str__(self) -> str:
        return "trim"

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        return _normal(inner, r"trim(BOTH ' \t\n\r' FROM {x})")


@dataclass(frozen=True)
class IgnoreCase(Rule):
    """Upper and lower case are the same, in every script that has them."""

    def __str__(self) -> str:
        return "ignore_case"

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        # Spark makes lower(upper(x)) lower(x), under which ß is not SS.
        return _normal(inner, "lower(concat(upper({x}), ''))")


@dataclass(frozen=True)
class Unicode(Rule):
    """Texts are the same whose Unicode normal form is: é as one character, or as e and an accent.

    Parameters:
        normal_form: NFC, NFD, or NFKC, NFKD, under which ﬁ is fi, too.
    """

    normal_form: str = "NFC"

    def __post_init__(self) -> None:
        if self.normal_form not in ("NFC", "NFD", "NFKC", "NFKD"):
            raise RuleError(f"unicode({self.normal_form})", "the forms are NFC, NFD, NFKC and NFKD")

    def __str__(self) -> str:
        return f"unicode({self.normal_form})"

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        return _normal(inner, f"{self._function}({{x}})")

    def prepare(self, spark: SparkSession) -> None:
        """Register the function: no engine has one."""
        normal_form = self.normal_form

        def normalized(text: str | None) -> str | None:
            import unicodedata  # in the worker

            return None if text is None else unicodedata.normalize(normal_form, text)  # type: ignore[arg-type]  # checked above

        spark.udf.register(self._function, normalized, "string")

    @property
    def _function(self) -> str:
        return f"dwh_{self.normal_form.lower()}"


@dataclass(frozen=True)
class Round(Rule):
    """Numbers are the same that round to the same. 0.4999 and 0.5001 do not, a tolerance joins them.

    Parameters:
        digits: decimal places; below 0, zeros before the point.
    """

    of: ClassVar[str] = "numbers"
    digits: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.digits, bool) or not isinstance(self.digits, int) or abs(self.digits) > 38:
            raise RuleError(f"round({self.digits!r})", "write how many decimal places: round(2)")

    def __str__(self) -> str:
        return f"round({self.digits})"

    def takes(self, data_type: DataType) -> bool:
        return is_number(data_type)

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        exact = not any(data_type.name in ("float", "double", VOID.name) for data_type in (left, right))
        whole = Form("decimal(38,0)", False) if exact and self.digits < 0 else inner
        return _Normal(inner.tag, False, whole, self._rounded(right), self._rounded(left))

    def _rounded(self, data_type: DataType) -> str:
        """Return the value rounded: 127 to 130, which no tinyint holds, and 10^38 - 1 to what is above it."""
        if not isinstance(data_type, DecimalType):
            wide = data_type.name in _WHOLE and self.digits < 0
            value = "CAST({x} AS decimal(20,0))" if wide else "{x}"
            return f"round({value}, {self.digits})"
        if self.digits >= 0 or (data_type.precision, data_type.scale) != (38, 0):
            return f"round({{x}}, {self.digits})"
        least, most = 10**38 - 5 * 10 ** (-self.digits - 1), 10**38 - 1
        below, above = f"{{x}} <= {_integer(-least)}", f"{{x}} >= {_integer(least)}"
        fits = f"round(IF({below} OR {above}, NULL, {{x}}), {self.digits})"
        # What lies beyond goes to a number that nothing else is rounded to.
        return f"CASE WHEN {above} THEN {_integer(most)} WHEN {below} THEN {_integer(-most)} ELSE {fits} END"


def _integer(number: int) -> str:
    """Return a literal: Spark's own unary minus would round it to 34 digits."""
    return f"CAST('{number}' AS decimal(38,0))"


@dataclass(frozen=True)
class AnyOrder(Rule):
    """The order of an array's elements does not count; how often each is there does."""

    of: ClassVar[str] = "arrays"

    def __str__(self) -> str:
        return "any_order"

    def takes(self, data_type: DataType) -> bool:
        return isinstance(data_type, ArrayType)

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        return _Sorted(f"sorted {inner.tag}", False, inner)


@dataclass(frozen=True, init=False)
class Within(Rule):
    """Times and dates that are no further apart than this are the same.

    Parameters:
        apart: a timedelta, or text such as 500ms, 1s, 5m, 2h, 1d.
    """

    of: ClassVar[str] = "times and dates"
    pairwise: ClassVar[bool] = True
    apart: timedelta

    def __init__(self, apart: timedelta | str) -> None:
        object.__setattr__(self, "apart", _duration(apart))

    def __str__(self) -> str:
        microseconds = self._microseconds
        unit = next(name for name, size in reversed(_UNITS.items()) if microseconds % size == 0)
        return f"within({microseconds // _UNITS[unit]}{unit})"

    def takes(self, data_type: DataType) -> bool:
        return data_type.name in ("date", "timestamp", "timestamp_ntz")

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        kinds = {left.name, right.name}
        if "timestamp" in kinds:
            old, new = (f"unix_micros(CAST({{{side}}} AS timestamp))" for side in ("left", "right"))
            near = f"abs({new} - {old}) <= {self._microseconds}L"
        elif "timestamp_ntz" in kinds:  # which is in no zone, and has no clock that changes
            old, new = (f"CAST({{{side}}} AS timestamp_ntz)" for side in ("left", "right"))
            step = f"make_dt_interval(0, 0, 0, CAST('{self._microseconds / 10**6:.6f}' AS decimal(18,6)))"
            near = f"{new} <= {old} + {step} AND {old} <= {new} + {step}"
        else:
            near = f"abs(datediff({{right}}, {{left}})) <= {self._microseconds // _UNITS['d']}"
        return Pairwise(inner.tag, False, inner, near)

    @property
    def _microseconds(self) -> int:
        return self.apart // timedelta(microseconds=1)


def _duration(given: Any) -> timedelta:
    match = re.fullmatch(r"\s*(\d{1,15})\s*(us|ms|s|m|h|d)\s*", given) if isinstance(given, str) else None
    try:
        apart = timedelta(microseconds=int(match[1]) * _UNITS[match[2]]) if match else given
    except OverflowError:
        apart = None  # more than any two times are apart
    if not isinstance(apart, timedelta) or apart < timedelta():
        raise RuleError(f"within({given})", "write a duration such as 500ms, 1s, 5m, 2h or 1d")
    return apart


@dataclass(frozen=True)
class Sql(Rule):
    """Values are the same where a Spark SQL condition over them, as `left` and `right`, is true.

    Parameters:
        condition: such as `abs(left - right) <= 0.01 * abs(left)`; of what is true only one is enough.
    """

    of: ClassVar[str] = "values"
    pairwise: ClassVar[bool] = True
    condition: str

    def __post_init__(self) -> None:
        if not isinstance(self.condition, str) or not self.condition.strip():
            raise RuleError("sql()", "write a condition over left and right: sql(upper(left) = right)")
        if problem := problem_of(self._over("array(0)", "array(0)")):
            raise RuleError(str(self), problem.replace("old.x or new.x for a column", "left and right"))

    def __str__(self) -> str:
        return f"sql({self.condition})"

    def takes(self, data_type: DataType) -> bool:
        return True

    def form(self, inner: Form, left: DataType, right: DataType) -> Form:
        return Pairwise(inner.tag, False, inner, self._over("array({left})", "array({right})"))

    def _over(self, left: str, right: str) -> str:
        """Return the condition over two arrays of one value: only lambdas can name parts of an expression."""
        return f"exists({left}, left -> exists({right}, right -> coalesce(({self.condition}), false)))"


RULES: Mapping[str, type[Rule]] = {
    "trim": Trim,
    "ignore_case": IgnoreCase,
    "unicode": Unicode,
    "round": Round,
    "any_order": AnyOrder,
    "within": Within,
    "sql": Sql,
}
"""The rules by the names that `--rule` takes."""

_WRITTEN = re.compile(r"\s*(?P<name>[a-z_]+)\s*(?:\((?P<argument>.*)\))?\s*", re.DOTALL)


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules that text such as `trim,unicode(NFC)` names; raises RuleError."""
    return tuple(_parsed(part) for part in _split(text))


def _split(text: str) -> Sequence[str]:
    """Return what commas outside parentheses and quotes separate."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"`":
            quote = char
        else:
            depth += (char == "(") - (char == ")")
        if char == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _parsed(text: str) -> Rule:
    match = _WRITTEN.fullmatch(text)
    rule = RULES.get(match["name"]) if match else None
    if match is None or rule is None:
        raise RuleError(text, f"the rules are {', '.join(RULES)}")
    argument = match["argument"]
    try:
        if argument is None:
            return rule()
        return rule(int(argument) if rule is Round else argument)  # type: ignore[call-arg]
    except (TypeError, ValueError):
        raise RuleError(text, f"{match['name']} does not take {'this' if argument else 'nothing'}") from None
