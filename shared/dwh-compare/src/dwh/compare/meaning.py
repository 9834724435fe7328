"""How values of two types that have no exact type in common are compared by what they mean.

Both are cast to one type. Where that loses something, or cannot be done, the value is kept as text beside
it: it then equals nothing of the other type, and two values that cannot be cast are never null alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from dwh.compare.canonical import kind_of
from dwh.compare.forms import Floating, Form, Hashable
from dwh.compare.types import DataType, DecimalType

__all__ = ["by_meaning"]

_DAY = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = "[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?"
_ZONE = "(Z|UTC|GMT|[+-][0-9]{1,2}(:?[0-9]{2})?)"
_EXACT = {"integer", "decimal"}
_FLOATING_TEXT = "([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
_SPECIAL = "double('NaN'), double('Infinity'), double('-Infinity')"
_PLAIN = "decimal(37,20)"  # from 0.0001 to 10^16, where Python writes no exponent
_FLOATING = {"float": 6, "double": 15}  # decimal digits that always survive


@dataclass(frozen=True)
class Meaning:
    """The type that both sides are cast to, and when nothing is lost by that.

    Attributes:
        lossless: an SQL condition over `{x}`, the value as it is, `{value}`, what it is cast to, and
            `{text}`, what it prints as.
    """

    type: str
    lossless: str = "true"


@dataclass(frozen=True)
class Atom:
    """An atomic type: its family, its name, and how many digits a number has after the point."""

    kind: str
    name: str
    scale: int = 0


@dataclass(frozen=True)
class _ByMeaning(Form):
    """What both sides are cast to, and as text what that would lose."""

    inner: Form | None = None
    lossless: str = "true"

    @property
    def readable(self) -> bool:
        return False

    def comparable(self, column: str) -> str:
        value, lost = self._split(column)
        return f"CASE WHEN isnotnull({column}) THEN struct({value} AS value, {lost} AS lost) END"

    def hashable(self, column: str) -> Hashable:
        value, lost = self._split(column)
        return Hashable((value, lost), (f"isnull({column})", f"isnull({value})"))

    def _split(self, column: str) -> tuple[str, str]:
        inner = self.inner or Form(self.tag)
        value, text = f"try_cast({column} AS {inner.tag})", f"CAST({column} AS string)"
        parts = {"x": column, "value": value, "text": text}
        lossless = re.sub(r"\{(x|value|text)\}", lambda found: parts[found[1]], self.lossless)
        kept = f"coalesce({value} IS NOT NULL AND ({lossless}), false)"
        return f"CASE WHEN {kept} THEN {inner.comparable(value)} END", f"CASE WHEN NOT {kept} THEN {text} END"


def by_meaning(left: DataType, right: DataType, signed_zero: bool) -> Form | None:
    """Return how values of two types of different families are compared, None where they cannot be."""
    meaning = common_meaning(_atom(left), _atom(right))
    if meaning is None:
        return None
    floating = meaning.type in _FLOATING
    inner = Floating(meaning.type, False, signed_zero) if floating else Form(meaning.type)
    return _ByMeaning(f"meaning of {meaning.type}", False, inner, meaning.lossless)


def _atom(data_type: DataType) -> Atom:
    scale = max(data_type.scale, 0) if isinstance(data_type, DecimalType) else 0
    return Atom(kind_of(data_type), data_type.name, scale)


def common_meaning(left: Atom, right: Atom) -> Meaning | None:
    """Return how values of two types of different families are compared, None where they cannot be."""
    for one, other in ((left, right), (right, left)):
        for applies, meaning in _MEANINGS:
            if applies(one, other):
                return meaning(one, other)
    return None


def _number(exact: Atom, floating: Atom) -> Meaning:
    """A floating number stands for what it prints as, if the other type can hold that."""
    return Meaning(
        f"decimal(38,{exact.scale})", f"CAST({{value}} AS {floating.name}) = CAST({{x}} AS {floating.name})"
    )


def _instant(_: Atom, __: Atom) -> Meaning:
    """A local time is an instant in the session's zone, unless the clocks skipped it."""
    return Meaning("timestamp", _SAME_TEXT)


def _text_exact(_: Atom, number: Atom) -> Meaning:
    """An exponent loses nothing unless it adds digits after the point, as it may for all but zero."""
    written = f"[0-9]*([.][0-9]{{0,{number.scale}}}0*)?([eE][+]?[0-9]+)?|0+([.]0*)?[eE]-[0-9]+"
    return Meaning(f"decimal(38,{number.scale})", f"{_SAME_TEXT} OR {{text}} RLIKE '^ *[+-]?({written}) *$'")


def _text_floating(_: Atom, number: Atom) -> Meaning:
    """More digits than the type has are lost, and so is a number too large or too small for it.

    So is what is no digit: some engines take `5D` for 5.
    """
    digits = f"regexp_replace(regexp_replace({_mantissa('{text}')}, '[^0-9]', ''), '^0+', '')"
    few = f"length({digits}) <= {_FLOATING[number.name]}"
    held = f"abs({{value}}) < CAST('Infinity' AS double) AND ({{value}} <> 0 OR {digits} = '')"
    number_text = f"{{text}} RLIKE '^ *[+-]?{_FLOATING_TEXT} *$' AND (({few} AND {held}) OR {_shortest()})"
    special = f"lower({{text}}) RLIKE '^ *([+-]?inf(inity)?|nan) *$' AND {{value}} IN ({_SPECIAL})"
    return Meaning(number.name, f"{_SAME_TEXT} OR ({number_text}) OR ({special})")


def _shortest() -> str:
    """Return whether all digits of a text are those of what the engine prints, rounded.

    Every language has a size from which on it writes an exponent, and some print a digit more than others.
    """
    printed = "CAST({value} AS string)"
    exponents = (f"regexp_replace({text}, '^[^eE]*[eE]?', '')" for text in ("{text}", printed))
    same_exponent = " = ".join(f"try_cast({exponent} AS int)" for exponent in exponents)
    scientific = f"{same_exponent} AND {_rounds_to(_mantissa('{text}'), _mantissa(printed))}"
    plain = _rounds_to("{text}", printed)
    return f"(IF({{text}} RLIKE '[eE]', {scientific}, {plain}))"


def _mantissa(text: str) -> str:
    return f"regexp_replace({text}, '[eE].*$', '')"


def _rounds_to(text: str, printed: str) -> str:
    """Return whether two texts of numbers are as far apart as the last digit of the first leaves open."""
    apart = f"CAST(try_cast({text} AS {_PLAIN}) - try_cast({printed} AS {_PLAIN}) AS double)"
    places = f"regexp_replace({text}, '^[^.]*[.]?', '')"
    return (
        f"({text} RLIKE '^[+-]?[0-9]*[.][0-9]{{1,20}}$' AND 2 * abs({apart}) <= pow(10, -length({places})))"
    )


def _text_date(_: Atom, __: Atom) -> Meaning:
    written = f"^ *{_DAY}([ T]00:00(:00([.]0*)?)?)? *$"
    return Meaning("date", f"{_SAME_TEXT} OR {{text}} RLIKE '{written}'")


def _text_instant(_: Atom, __: Atom) -> Meaning:
    """Without a zone it is a local time in the session's zone, unless the clocks skipped it."""
    local = "CAST({value} AS string) = CAST(try_cast({text} AS timestamp_ntz) AS string)"
    written = f"{{text}} RLIKE '^ *{_DAY}([ T]{_TIME})? *$' AND {local}"
    zoned = f"{{text}} RLIKE '^ *{_DAY}[ T]{_TIME} *{_ZONE} *$'"
    return Meaning("timestamp", f"{_SAME_TEXT} OR ({written}) OR {zoned}")


def _text_local(_: Atom, __: Atom) -> Meaning:
    return Meaning("timestamp_ntz", f"{_SAME_TEXT} OR {{text}} RLIKE '^ *{_DAY}([ T]{_TIME})? *$'")


_SAME_TEXT = "CAST({value} AS string) = {text}"

_Applies = Callable[[Atom, Atom], bool]
_Makes = Callable[[Atom, Atom], Meaning]


def _are(one: str, other: str) -> _Applies:
    return lambda left, right: (left.kind, right.kind) == (one, other)


_MEANINGS: tuple[tuple[_Applies, _Makes], ...] = (
    (lambda one, other: one.kind in _EXACT and other.kind == "floating", _number),
    (_are("boolean", "integer"), lambda _, __: Meaning("bigint")),
    (_are("date", "timestamp"), lambda _, __: Meaning("timestamp")),
    (_are("date", "timestamp_ntz"), lambda _, __: Meaning("timestamp_ntz")),
    (_are("timestamp", "timestamp_ntz"), _instant),
    (lambda one, other: one.kind == "string" and other.kind in _EXACT, _text_exact),
    (_are("string", "floating"), _text_floating),
    (_are("string", "date"), _text_date),
    (_are("string", "timestamp"), _text_instant),
    (_are("string", "timestamp_ntz"), _text_local),
    (_are("string", "boolean"), lambda _, __: Meaning("boolean")),
    (_are("string", "binary"), lambda _, __: Meaning("binary")),
)  # fmt: skip
