"""Values and numbers as text that cannot mislead or harm whoever reads it.

Shared by all that is printed or becomes a page; each escapes for its own format afterwards.
Everything shown between ⟨ and ⟩ was said by dwh, never by the data: a value that holds such
a bracket, or another symbol used here, has it spelled out by its code point. The symbols are ones
that the fonts of a bare machine have, so not the control pictures (␛, ␊).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Context, Decimal

__all__ = [
    "count",
    "exact",
    "percent",
    "plural",
    "prose",
    "quantity",
    "shorten",
    "show",
    "show_pair",
    "visible",
]

LIMIT = 120
_BEFORE_DIFFERENCE = 24
_MARKS_IN_A_ROW = 3
_LEAST_PLAIN, _MOST_PLAIN = -5, 40  # powers of ten that are written out
_SPACE = "\N{OPEN BOX}"
_OURS = "⟨⟩…␣"
_NAMES = {"\0": "NUL", "\t": "TAB", "\n": "LF", "\r": "CR", "\x1b": "ESC"}
_SPELLED_OUT = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
# Drawn as nothing, or as a blank, although Unicode files them under letters, marks and symbols.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MISLEADING_SPACES = re.compile("^ +| +$| {2,}")


def visible(text: str) -> str:
    """`text` on one line with nothing hidden: two different texts never look alike for what is not seen.

    Control characters become ⟨ESC⟩, ⟨LF⟩ or ⟨U+0007⟩, and so do characters that are invisible, change
    the direction of writing or pile up on each other. Spaces at either end or side by side become ␣.
    The result holds no line break, no control character and no lone surrogate.
    """
    spelled = "".join(_spelled(text))
    return _MISLEADING_SPACES.sub(lambda spaces: _SPACE * len(spaces[0]), spelled)


def show(value: object, limit: int = LIMIT) -> str:
    """A value as the reports print it: null and the empty string told apart, the rest `visible`.

    Of a text longer than `limit` characters the first `limit` are shown, and how many are not.
    """
    return _window(_raw(value), 0, limit) if value is not None and value != "" else _nothing(value)


def show_pair(old: object, new: object, limit: int = LIMIT) -> tuple[str, str]:
    """Two values as `show` prints them, but a long text is shown from just before they part.

    So two different long texts look different, wherever the difference is.
    """
    if not (isinstance(old, str) and isinstance(new, str)) or max(len(old), len(new)) <= limit:
        return show(old, limit), show(new, limit)
    start = max(0, _where_they_part(old, new) - min(_BEFORE_DIFFERENCE, limit // 2))
    return _window(old, start, limit) or _nothing(old), _window(new, start, limit) or _nothing(new)


def shorten(text: str, limit: int = LIMIT) -> str:
    """`text` made `visible` and cut after `limit` characters, saying how many were left out."""
    return _window(text, 0, limit)


def prose(text: str) -> str:
    """A sentence that someone wrote: bounded, line breaks become spaces."""
    return shorten(" ".join(text.split()), 600)


def count(number: int) -> str:
    """A whole number with thousands separators: 1,234,567."""
    return f"{number:,}"


def plural(number: int, noun: str, many: str = "") -> str:
    """The number with its noun: "1 row", "2,000 rows", "2 keys that repeat"."""
    return f"{count(number)} {noun if number == 1 else many or noun + 's'}"


def quantity(number: float | None) -> str:
    """A measured number to six significant digits; a dash where there is none."""
    if number is None:
        return "–"
    return f"{number:,.0f}" if 1e6 <= abs(number) < 1e15 else f"{number:,.6g}"


def exact(number: Decimal) -> str:
    """A number with every digit that it has: 1,000.01, 1e-09."""
    short = number.normalize(Context(prec=100))
    power = short.adjusted()
    if _LEAST_PLAIN <= power <= _MOST_PLAIN or not short:
        return f"{short:,f}"
    return f"{short.scaleb(-power, Context(prec=100)):f}e{power:+03d}"


def percent(part: int, whole: int) -> str:
    """`part` of `whole` to two decimals, rounded to the honest side.

    0 % is said of nothing and 100 % of everything only: the rest is at least "<0.01 %" and at most
    ">99.99 %". A dash where there is no whole.
    """
    if whole == 0:
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    hundredths = round(part * 10_000 / whole)
    if hundredths == 0:
        return "<0.01 %"
    return f"{hundredths / 100:.2f} %" if hundredths < 10_000 else ">99.99 %"


def _raw(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value)


def _nothing(value: object) -> str:
    return "⟨null⟩" if value is None else "⟨empty⟩"


def _where_they_part(old: str, new: str) -> int:
    ends = min(len(old), len(new))
    return next((place for place in range(ends) if old[place] != new[place]), ends)


def _window(text: str, start: int, limit: int) -> str:
    """`limit` characters of `text` from `start`, between marks for what is not shown."""
    before = f"⟨{count(start)} alike⟩…" if start else ""
    left_out = len(text) - start - limit
    after = f"…⟨+{plural(left_out, 'character')}⟩" if left_out > 0 else ""
    return before + visible(text[start : start + limit]) + after


def _spelled(text: str) -> Iterator[str]:
    room = 0  # a mark with nothing before it would sit on the report's own text
    for char in text:
        if unicodedata.category(char) not in ("Mn", "Me"):
            symbol = _symbol(char)
            room = _MARKS_IN_A_ROW if symbol == char else 0
            yield symbol
        else:
            yield _symbol(char) if room else _code_point(char)
            room = max(0, room - 1)


def _symbol(char: str) -> str:
    if " " <= char <= "~":
        return char
    if char in _NAMES:
        return f"⟨{_NAMES[char]}⟩"
    if char in _OURS or _BLANK.match(char):
        return _code_point(char)
    return _code_point(char) if unicodedata.category(char) in _SPELLED_OUT else char


def _code_point(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"
