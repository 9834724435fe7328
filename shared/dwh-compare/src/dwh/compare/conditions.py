"""Which conditions of declared differences may be used: what depends on the two rows and nothing else.

A condition is read word by word, and every word must be known: a column of `old` or `new`, an operator,
a type, or a function of this module, all of which give the same value for the same row. So there is no
way to name another table, a file, a query, the time, a random number, or a function that somebody
registered, on any engine. Whether the words make sense together is for the engine to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dwh.compare.errors import listed

__all__ = ["problem_of", "unknown_column"]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<comment>--|/\*)
      | (?P<text>[rR]'[^']*'|[rR]"[^"]*"|[xX]?'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`(?:[^`]|``)*`)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:BD|[LSYDFlsydf])?\b)
      | (?P<word>[^\W\d]\w*)
      | (?P<symbol>->|::|<=>|\|\||[-()\[\],.+*/%=<>!&|^~])""",
    re.VERBOSE | re.DOTALL,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS = _words(
    """and or not is null true false in between like ilike rlike regexp escape case when then else end as
    div interval to year years month months week weeks day days hour hours minute minutes second seconds
    millisecond milliseconds microsecond microseconds"""
)
_TYPES = _words(
    """boolean tinyint byte smallint short int integer bigint long float real double decimal dec numeric
    date timestamp timestamp_ntz timestamp_ltz string char varchar binary array map struct"""
)
_FUNCTIONS = _words(
    """cast try_cast if coalesce nvl nvl2 ifnull nullif nullifzero zeroifnull isnull isnotnull isnan nanvl
    greatest least decode equal_null
    abs acos asin atan atan2 bround cbrt ceil ceiling cos degrees e exp expm1 floor hypot ln log log10 log1p
    log2 mod negative pi pmod positive pow power radians rint round sign signum sin sqrt tan try_add
    try_divide try_multiply try_subtract try_to_number width_bucket bit_count getbit shiftleft shiftright
    shiftrightunsigned
    ascii base64 bin bit_length btrim char char_length character_length chr concat concat_ws contains conv
    crc32 elt endswith find_in_set format_number format_string hash hex initcap instr lcase left length
    levenshtein locate lower lpad ltrim md5 octet_length overlay parse_url position printf regexp_count
    regexp_extract regexp_extract_all regexp_instr regexp_like regexp_replace regexp_substr repeat replace
    reverse right rpad rtrim sha sha1 sha2 soundex space split split_part startswith substr substring
    substring_index to_char to_number translate trim ucase unbase64 unhex upper url_decode url_encode
    xxhash64
    add_months date_add date_diff date_format date_from_unix_date date_part date_sub date_trunc datediff
    datepart day dayname dayofmonth dayofweek dayofyear from_unixtime from_utc_timestamp hour last_day
    make_date make_timestamp minute month monthname months_between next_day quarter second timestamp_micros
    timestamp_millis timestamp_seconds to_date to_timestamp to_timestamp_ltz to_timestamp_ntz
    to_unix_timestamp to_utc_timestamp trunc try_to_timestamp unix_date unix_micros unix_millis unix_seconds
    unix_timestamp weekday weekofyear year
    aggregate array_append array_compact array_contains array_distinct array_except array_insert
    array_intersect array_join array_max array_min array_position array_prepend array_remove array_repeat
    array_size array_sort array_union arrays_overlap arrays_zip cardinality element_at exists filter flatten
    forall get map_concat map_contains_key map_entries map_filter map_from_arrays map_from_entries map_keys
    map_values map_zip_with named_struct reduce sequence size slice sort_array str_to_map transform
    transform_keys transform_values try_element_at zip_with
    from_json get_json_object json_array_length json_object_keys to_json"""
)
_COMPARISONS = {("is", "distinct"), ("not", "distinct"), ("distinct", "from")}
_WITHOUT_ARGUMENTS = {"array", "e", "map", "pi"}  # of others, such a call asks for the time or the like
_MEANINGFUL = _WORDS | {"from", "select", "table", "values", "with", "over", "old", "new"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "word" else self.text


def problem_of(condition: str) -> str:
    """Return why a condition is not one on two rows alone, or nothing if it is."""
    tokens, rest = _tokens(condition)
    return f"{rest[:20]!r} is not allowed in a condition" if rest else next(_problems(tokens), "")


def unknown_column(condition: str, old: Collection[str], new: Collection[str]) -> str:
    """Return what a condition says of a column that is not there, or nothing.

    Parameters:
        old, new: the columns of both sides.
    """
    tokens, _ = _tokens(condition)
    nothing = _Token("", "")
    known = {"old": old, "new": new}
    for before, side, dot, column in zip([nothing, *tokens], tokens, tokens[1:], tokens[2:], strict=False):
        row, name = side.word.strip("`").lower(), column.text.strip("`").replace("``", "`")
        if before.text == "." or dot.text != "." or row not in known or column.kind == "symbol":
            continue
        if name.lower() not in {other.lower() for other in known[row]}:
            return f"{row} has no column {name} (columns: {listed(known[row])})"
    return ""


def _tokens(condition: str) -> tuple[list[_Token], str]:
    """Return the words of a condition, and what is left from the first place that has no meaning."""
    tokens: list[_Token] = []
    place = 0
    while place < len(condition):
        match = _TOKEN.match(condition, place)
        if match is None or match.lastgroup == "comment":
            return tokens, condition[place:]
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup or "", match[0]))
        place = match.end()
    return tokens, ""


def _problems(tokens: Sequence[_Token]) -> Iterator[str]:
    nothing = _Token("", "")
    variables = _variables(tokens)
    padded = [nothing, *tokens, nothing, nothing]
    for before, token, after, last in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        if token.kind in ("word", "quoted", "text"):
            yield from _problems_of(before, token, after, last, variables)


def _problems_of(
    before: _Token, token: _Token, after: _Token, last: _Token, variables: set[str]
) -> Iterator[str]:
    called, field = after.text == "(", before.text == "."
    compares = (before.word, token.word) in _COMPARISONS
    if called and (field or token.kind != "word"):
        yield f"{token.text}(…) is not a function that a condition may use"
    elif token.kind == "text":
        if before.word in _TYPES and not re.match(r".?['\"]\s*[-+]?\d", token.text):
            yield f"{before.text} {token.text} is not a date"
    elif called and token.word not in _WORDS:
        yield from _problems_of_call(token, last)
    elif field or compares or token.word.strip("`") in ("old", "new"):
        return
    elif token.kind == "quoted" or token.word not in _WORDS | _TYPES | variables:
        yield f"{token.text} is not known: write old.x or new.x for a column"


def _problems_of_call(token: _Token, last: _Token) -> Iterator[str]:
    if token.word not in _FUNCTIONS | _TYPES:
        yield (
            f"{token.text}(…) is not a function that a condition may use: they depend on the two rows alone, "
            "so no queries, aggregates, time, random numbers or registered functions"
        )
    elif last.text == ")" and token.word not in _WITHOUT_ARGUMENTS:
        yield f"{token.text}() has no argument, so it does not depend on the two rows"


def _variables(tokens: Sequence[_Token]) -> set[str]:
    """Return the variables of lambdas: `x ->` or `(x, y) ->`, but no word that means something."""
    found: set[str] = set()
    for place, (token, after) in enumerate(pairwise(tokens)):
        if after.text == "->":
            found |= _names_before(tokens[: place + 1]) if token.text == ")" else {token.word}
    return {name for name in found if name not in _MEANINGFUL and not name.startswith(("current", "local"))}


def _names_before(tokens: Sequence[_Token]) -> set[str]:
    names: set[str] = set()
    for token in reversed(tokens[:-1]):
        if token.text == "(":
            return names
        if token.text != ",":
            names.add(token.word)
    return set()
