"""How values of the data become text that a report can hold, cut to length by Spark.

Values that are not equal get texts that are not equal, as far as the cut allows: instants have their
offset from UTC, as a local time occurs twice when clocks go back; microseconds are kept at any depth; a
float beside a double has the digits it really has; bytes that are not UTF-8 are shown as hex.
"""

from __future__ import annotations

from dwh.compare.forms import quoted
from dwh.compare.model import Cell
from dwh.compare.types import ArrayType, DataType, MapType, StructType

__all__ = ["MAX_TEXT", "cell", "text_of"]

MAX_TEXT = 200
"""How many characters of a value a report shows."""

_OPTIONS = (
    "map('ignoreNullFields', 'false', 'timestampNTZFormat', 'yyyy-MM-dd HH:mm:ss.SSSSSS')"  # or to the ms
)
_CONTINUED = "[89AB][0-9A-F]"
_UTF8 = "|".join(  # in hex, as RFC 3629 has it
    (
        "[0-7][0-9A-F]",
        f"(?:C[2-9A-F]|D[0-9A-F]){_CONTINUED}",
        f"E0[AB][0-9A-F]{_CONTINUED}",
        f"E[1-9A-CEF](?:{_CONTINUED}){{2}}",
        f"ED[89][0-9A-F]{_CONTINUED}",
        f"F0[9AB][0-9A-F](?:{_CONTINUED}){{2}}",
        f"F[1-3](?:{_CONTINUED}){{3}}",
        f"F48[0-9A-F](?:{_CONTINUED}){{2}}",
    )
)


def text_of(column: str, data_type: DataType, beside: DataType | None = None, *, most: int = MAX_TEXT) -> str:
    """Return, as SQL, the first characters of a value, one more than fits so that a cut can be seen.

    Parameters:
        beside: the type of the value that it is shown beside, if any.
        most: how many characters fit.
    """
    return f"substring({_whole_text(column, data_type, beside or data_type)}, 1, {most + 1})"


def _whole_text(column: str, data_type: DataType, beside: DataType) -> str:
    if data_type.name == "binary":
        return f"hex({column})"  # as a whole: Sail takes a part of bytes for text
    if isinstance(data_type, (ArrayType, MapType, StructType)):
        return f"to_json({_telling(column, data_type, beside)}, {_OPTIONS})"
    return f"CAST({_telling(column, data_type, beside)} AS string)"


def _telling(value: str, data_type: DataType, beside: DataType) -> str:
    """Return a value in which what would look alike is text that does not."""
    if isinstance(data_type, ArrayType):
        return _items(value, data_type.element, getattr(beside, "element", data_type.element))
    if isinstance(data_type, MapType):
        keys = _items(f"map_keys({value})", data_type.key, getattr(beside, "key", data_type.key))
        values = _items(f"map_values({value})", data_type.value, getattr(beside, "value", data_type.value))
        same = (keys, values) == (f"map_keys({value})", f"map_values({value})")
        return value if same else f"map_from_arrays({keys}, {values})"
    if isinstance(data_type, StructType):
        return _fields(value, data_type, beside)
    return _leaf(value, data_type, beside)


def _items(array: str, item: DataType, beside: DataType) -> str:
    told = _telling("x", item, beside)
    return array if told == "x" else f"transform({array}, x -> {told})"


def _fields(value: str, data_type: StructType, beside: DataType) -> str:
    others = {f.name: f.type for f in beside.fields} if isinstance(beside, StructType) else {}
    places = {field.name: f"{value}.{quoted(field.name)}" for field in data_type.fields}
    told = {
        field.name: _telling(places[field.name], field.type, others.get(field.name, field.type))
        for field in data_type.fields
    }
    if told == places:
        return value
    fields = ", ".join(f"{text} AS {quoted(name)}" for name, text in told.items())
    return f"CASE WHEN isnotnull({value}) THEN struct({fields}) END"


def _leaf(value: str, data_type: DataType, beside: DataType) -> str:
    if data_type.name == "timestamp":
        return f"concat(CAST({value} AS string), date_format({value}, 'XXX'))"
    if data_type.name == "float" and beside != data_type:
        return f"CAST({value} AS double)"
    if data_type.name.startswith("string"):
        first = f"hex(substring({value}, 1, {MAX_TEXT + 1}))"
        return f"IF({first} RLIKE '^(?:{_UTF8})*$', {value}, concat('0x', hex({value})))"
    if data_type.name == "binary":
        return f"hex({value})"
    return value


def cell(text: str | None) -> Cell:
    """Return what `text_of` gave as a value of the model."""
    if text is None or len(text) <= MAX_TEXT:
        return Cell(text)
    return Cell(text[:MAX_TEXT], truncated=True)
