"""Types of columns as text: read, checked, and written in one spelling, without Spark.

The spelling is DDL that every Spark reads, with names in backticks where SQL needs them. What a contract
cannot hold is refused: what Spark refuses itself, and what it cannot write as Parquet and read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dwh.core.errors import InvalidTypeError

__all__ = ["ALLOWED", "can_group", "canonical_type", "quoted", "same_type", "type_of"]

_ALIASES = {
    **{"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint", "real": "float"},
    **{"dec": "decimal", "numeric": "decimal", "timestamp_ltz": "timestamp"},
}
_ATOMIC = {
    *("tinyint", "smallint", "int", "bigint", "float", "double", "boolean", "string", "binary"),
    *("date", "timestamp", "timestamp_ntz", "variant"),
}
_INTERVALS = (("year", "month"), ("day", "hour", "minute", "second"))
_UNSUPPORTED = {
    "char": "write string: Spark has no shorter text in a DataFrame",
    "varchar": "write string: Spark has no shorter text in a DataFrame",
    "void": "it holds nothing but nulls",
    "time": "Spark cannot write it; write bigint for seconds of the day, or string",
    "geometry": "Spark cannot write it; write binary or string",
    "geography": "Spark cannot write it; write binary or string",
}
_MAX_DIGITS = 38
_MAX_DEPTH = 64
_TOKEN = re.compile(r"\s*(?:(?P<quoted>`(?:[^`]|``)*`)|(?P<word>[^\s<>(),:`]+)|(?P<mark>[<>(),:]))")
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

ALLOWED = f"{', '.join(sorted(_ATOMIC))}, decimal(p,s), interval … to …, array<…>, map<…,…> or struct<name:…>"
"""The types that a contract can hold, for messages."""


def canonical_type(text: object) -> str:
    """Return a type in the one spelling that contracts keep.

    Parameters:
        text: as Spark SQL writes it, in any case, with any spaces and by any alias: `LONG`, `dec(5, 2)`. The
            name of a struct's field may also stand as `printSchema` shows it, without backticks.

    Raises InvalidTypeError for what Spark refuses, and for what it cannot write as Parquet and read again.
    """
    if not isinstance(text, str):
        raise InvalidTypeError(text, "a type is written as text")
    return _Reader(text).read().text


def same_type(one: str, other: str) -> bool:
    """Return whether two texts mean the same type; texts that are no types, only if they are equal."""
    return one == other or _spelled(one) == _spelled(other)


def can_group(type_: str) -> bool:
    """Return whether rows can be grouped by values of a canonical type, as those of a key are."""
    return not _Reader(type_).read().contains & {"map", "variant"}


def type_of(data_type: Any) -> str:
    """Return a Spark DataType in the one spelling, or as Spark shows it where no contract can hold it."""
    nested: Mapping[str, Callable[[Any], str]] = {
        "array": lambda it: f"array<{type_of(it.elementType)}>",
        "map": lambda it: f"map<{type_of(it.keyType)},{type_of(it.valueType)}>",
        "struct": lambda it: _struct((field.name, type_of(field.dataType)) for field in it.fields),
    }
    spelled = nested.get(data_type.typeName())
    return spelled(data_type) if spelled else str(data_type.simpleString())


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever it holds."""
    return "`" + name.replace("`", "``") + "`"


@dataclass(frozen=True)
class _Type:
    """A type: its text, and the kinds of types it consists of."""

    text: str
    contains: frozenset[str]


class _Reader:
    """Reads one type from its words and marks, left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._depth = 0

    def read(self) -> _Type:
        """Return the type that the whole text is."""
        found = self._type()
        if self._tokens:
            raise self._refused(f"after {found.text} comes {self._tokens[0]!r}")
        return found

    def _split(self) -> Iterator[str]:
        position, end = 0, len(self._text.rstrip())
        while position < end:
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise self._refused("a backtick is not closed")
            yield match[0].strip() if match["quoted"] is None else match["quoted"]
            position = match.end()

    def _type(self) -> _Type:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._refused(f"it is nested more than {_MAX_DEPTH} levels deep")
        written = self._next("a type")
        name = _ALIASES.get(written.lower(), written.lower())
        readers = {"decimal": self._decimal, "interval": self._interval}
        nested = {"array": self._array, "map": self._map, "struct": self._fields}
        if name in nested:
            self._expect("<", f"{name} must say what it holds, such as {_EXAMPLES[name]}")
            found = nested[name]()
        elif name in readers:
            found = readers[name]()
        elif name in _ATOMIC:
            found = self._atomic(name)
        else:
            raise self._unknown(written)
        self._depth -= 1
        return found

    def _atomic(self, name: str) -> _Type:
        if self._at("("):
            raise self._refused(f"{name} takes no numbers")
        if self._at("collate"):
            raise self._refused("files do not keep a collation; write string, and collate where you read")
        return _Type(name, frozenset({name}))

    def _decimal(self) -> _Type:
        digits, scale = 10, 0
        if self._take("("):
            digits = self._number()
            scale = self._number() if self._take(",") else 0
            self._expect(")", "write decimal(p,s), such as decimal(12,2)")
        if not 1 <= digits <= _MAX_DIGITS or scale > digits:
            raise self._refused(
                f"decimal({digits},{scale}) is not possible: a decimal has 1 to {_MAX_DIGITS} digits, "
                "and no more than that after the point"
            )
        return _Type(f"decimal({digits},{scale})", frozenset({"decimal"}))

    def _number(self) -> int:
        word = self._next("a number")
        if not re.fullmatch(r"[0-9]{1,9}", word):
            raise self._refused(f"{word!r} is not a number of digits, such as in decimal(12,2)")
        return int(word)

    def _interval(self) -> _Type:
        first = self._next("a unit, such as day").lower()
        last = self._next("a unit, such as second").lower() if self._take("to") else first
        for units in _INTERVALS:
            if first in units and last in units[units.index(first) :]:
                text = f"interval {first}" + (f" to {last}" if last != first else "")
                return _Type(text, frozenset({"interval"}))
        raise self._refused("an interval is written like interval day to second, or interval year to month")

    def _array(self) -> _Type:
        element = self._type()
        self._expect(">", f"write it like {_EXAMPLES['array']}")
        return _Type(f"array<{element.text}>", element.contains | {"array"})

    def _map(self) -> _Type:
        key = self._type()
        if forbidden := key.contains & {"map", "variant"}:
            raise self._refused(f"the key of a map cannot be or hold a {min(forbidden)}")
        self._expect(",", f"write it like {_EXAMPLES['map']}")
        value = self._type()
        self._expect(">", f"write it like {_EXAMPLES['map']}")
        return _Type(f"map<{key.text},{value.text}>", key.contains | value.contains | {"map"})

    def _fields(self) -> _Type:
        fields: dict[str, _Type] = {}
        while True:
            name = self._field_name()
            if name.lower() in {other.lower() for other in fields}:
                raise self._refused(f"two fields are called {name} (case does not count)")
            self._take(":")
            fields[name] = self._type()
            if self._at("not") or self._at("comment"):
                raise self._refused(
                    f"field {name}: NOT NULL and COMMENT are not allowed here; say it in doc="
                )
            if not self._take(","):
                break
        self._expect(">", f"write it like {_EXAMPLES['struct']}")
        text = _struct((name, type_.text) for name, type_ in fields.items())
        return _Type(text, frozenset({"struct"}).union(*(type_.contains for type_ in fields.values())))

    def _field_name(self) -> str:
        word = self._next("a field, such as name:string")
        name = word[1:-1].replace("``", "`") if word.startswith("`") else word
        if word in tuple("<>(),:") or not name.strip() or not name.isprintable():
            raise self._refused(f"found {word!r} where a field's name should be; quote names in backticks")
        return name

    def _unknown(self, written: str) -> InvalidTypeError:
        name = {"character": "char"}.get(written.lower(), written.lower())
        if name in _UNSUPPORTED:
            return self._refused(f"a contract cannot hold {name}: {_UNSUPPORTED[name]}")
        known = {*_ATOMIC, *_ALIASES, "decimal", "interval", "array", "map", "struct"}
        near = get_close_matches(name, sorted(known), n=1)
        return self._refused(f"there is no type {written!r}" + (f", did you mean {near[0]}?" if near else ""))

    def _next(self, wanted: str) -> str:
        if not self._tokens:
            raise self._refused(f"it ends where {wanted} should be")
        return self._tokens.pop(0)

    def _at(self, mark: str) -> bool:
        return bool(self._tokens) and self._tokens[0].lower() == mark

    def _take(self, mark: str) -> bool:
        if at := self._at(mark):
            del self._tokens[0]
        return at

    def _expect(self, mark: str, hint: str) -> None:
        if not self._take(mark):
            found = repr(self._tokens[0]) if self._tokens else "the end"
            raise self._refused(f"found {found} where {mark!r} should be; {hint}")

    def _refused(self, problem: str) -> InvalidTypeError:
        return InvalidTypeError(self._text, problem)


_EXAMPLES = {"array": "array<string>", "map": "map<string,bigint>", "struct": "struct<name:string>"}


def _struct(fields: Iterator[tuple[str, str]]) -> str:
    shown = (f"{name if _BARE.fullmatch(name) else quoted(name)}:{type_}" for name, type_ in fields)
    return f"struct<{','.join(shown)}>"


def _spelled(text: str) -> str:
    try:
        return canonical_type(text)
    except InvalidTypeError:
        return text
