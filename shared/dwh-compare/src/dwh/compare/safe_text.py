"""Values and numbers as text that cannot mislead or harm whoever reads it.

Shared by all that is printed or becomes a page; each escapes for its own format afterwards.
Everything shown between ⟨ and ⟩ was said by dwh, never by the data: a value that holds such
a bracket, or another symbol used here, has it spelled out by its code point. The symbols are ones
that the fonts of a bare machine have, so not the control pictures (␛, ␊).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from decimal import Context, Decimal

__all__ = [
    "count",
    "exact",
    "json_visible",
    "percent",
    "plural",
    "prose",
    "quantity",
    "shorten",
    "show",
    "show_among",
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
# Cyrillic, Greek and typographic characters, and those that they are drawn like.
_DRAWN_ALIKE = (
    ("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u04bb\u051b\u051d", "aeopcyxisjhqw"),
    ("\u0410\u0412\u0415\u0417\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425", "ABE3KMHOPCTYX"),
    ("\u0406\u0405\u0408\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f", "ISJABEZHIKMNO"),
    ("\u03a1\u03a4\u03a5\u03a7\u03bf\u03bd\u0131\u2010\u2011\u2012\u2013\u2014\u2015", "PTYXovi------"),
    ("\u2212\u2018\u2019\u201a\u2032\u201c\u201d\u2033", "-''''\"\"\""),
    ("\u2024\u2219\u2022\u2215\u2044", ".\xb7\xb7//"),
)
_ALIKE = {ord(one): ord(other) for pair in _DRAWN_ALIKE for one, other in zip(*pair, strict=True)}
_MISLEADING_SPACES = re.compile("^ +| +$| {2,}")


def visible(text: str) -> str:
    """`text` on one line with nothing hidden: two different texts never look alike for what is not seen.

    Control characters become ⟨ESC⟩, ⟨LF⟩ or ⟨U+0007⟩, and so do characters that are invisible, change
    the direction of writing, pile up on each other, or spell what one character could say (e and U+0301,
    where U+00E9 is both). Spaces at either end or side by side become ␣.
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

    So two different long texts look different, wherever the difference is. Characters outside ASCII are
    spelled out where the two look alike otherwise, such as a Latin and a Cyrillic a.
    """
    if not (isinstance(old, str) and isinstance(new, str)):
        return show(old, limit), show(new, limit)
    said = _in_ascii if old != new and _look(old) == _look(new) else visible
    start = 0
    if max(len(old), len(new)) > limit:
        start = max(0, _where_they_part(old, new) - min(_BEFORE_DIFFERENCE, limit // 2))
    left, right = (_window(text, start, limit, said) or _nothing(text) for text in (old, new))
    return left, right


def show_among(value: str | None, others: Iterable[str], limit: int = LIMIT) -> str:
    """A value as `show` prints it, or as `show_pair` does beside the first of others that looks the same."""
    shown = show(value, limit)
    if value is None:
        return shown
    alike = (
        other
        for other in others
        if other != value and (show(other, limit) == shown or _look(other) == _look(value))
    )
    other = next(alike, None)
    return shown if other is None else show_pair(value, other, limit)[0]


def _look(text: str) -> str:
    """Return what a text looks like: characters that are drawn alike become one."""
    return unicodedata.normalize("NFKC", text).translate(_ALIKE)


def _in_ascii(text: str) -> str:
    """Return a text `visible`, with every character outside ASCII spelled out."""
    spelled = "".join(_symbol(char) if char < "\x7f" else _code_point(char) for char in text)
    return _MISLEADING_SPACES.sub(lambda spaces: _SPACE * len(spaces[0]), spelled)


def json_visible(text: str) -> str:
    """JSON in which the characters that `visible` spells out are escapes; it means the same."""
    return "".join(json.dumps(char)[1:-1] if _is_hidden(char) else char for char in text)


def _is_hidden(char: str) -> bool:
    if char < "\x7f" or char in _OURS:
        return False
    return _symbol(char) != char or _composes("", char) or unicodedata.combining(char) > 0


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


def _window(text: str, start: int, limit: int, said: Callable[[str], str] = visible) -> str:
    """`limit` characters of `text` from `start`, between marks for what is not shown."""
    before = f"⟨{count(start)} alike⟩…" if start else ""
    left_out = len(text) - start - limit
    after = f"…⟨+{plural(left_out, 'character')}⟩" if left_out > 0 else ""
    return before + said(text[start : start + limit]) + after


def _spelled(text: str) -> Iterator[str]:
    room, base = 0, ""  # a mark with nothing before it would sit on the report's own text
    for char in text:
        if _composes(base, char):
            yield _code_point(char)
        elif unicodedata.category(char) not in ("Mn", "Me"):
            symbol = _symbol(char)
            room, base = (_MARKS_IN_A_ROW, char) if symbol == char else (0, "")
            yield symbol
        else:
            yield _symbol(char) if room else _code_point(char)
            room = max(0, room - 1)


def _composes(base: str, char: str) -> bool:
    """Return whether Unicode has one character for the two, or takes another for the same as this one."""
    if char < "\u0300":  # nothing before it composes, and most texts end here
        return False
    return unicodedata.normalize("NFC", char) != char or (
        bool(base) and len(unicodedata.normalize("NFC", base + char)) == 1
    )


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
