"""A comparison as Markdown, for a pull request and for the text of a failed assertion.

It is GitHub's Markdown, and its tables are padded so that it reads well unrendered. Whatever comes
from outside is shown as code, where nothing is a link, a mention, a picture or HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from dwh.compare.report import measured, schema, values, view
from dwh.compare.safe_text import count, percent, plural, prose

if TYPE_CHECKING:
    from dwh.compare.model import Comparison

__all__ = ["to_markdown"]

_VERDICTS = {"pass": "✅ Pass", "fail": "❌ Fail", "incomplete": "⚠️ Incomplete"}
_MOST_LINES = 20
_MOST_CHANGES = 3
_MOST_SAMPLES = 5
_MOST_CELLS = 12
_WIDEST = 60
_ACTIVE = re.compile(r"[\\`*_\[\]<>&|#~@$]|://|:\w+:|www\.|^[-+=]+$|^\d+[.)]$")
_WORD = re.compile(r"(\(?)(.*?)([).,;:]*)", re.DOTALL)


def to_markdown(comparison: Comparison) -> str:
    """Return the report: the verdict and why first, how it was measured last, ending in a line break.

    Bounded, so that it fits a comment: the columns, changes and rows with most to say, and how many
    more there are.
    """
    parts: tuple[Iterable[str], ...] = (
        _verdict(comparison),
        _differences(comparison),
        _gaps(comparison),
        _declarations(comparison),
        _schema(comparison),
        _columns(comparison),
        _changes(comparison),
        _samples(comparison),
        _measured(comparison),
    )
    return "\n".join(line for part in parts for line in part).strip() + "\n"


def _verdict(comparison: Comparison) -> Iterator[str]:
    left, right = _code(view.name(comparison.left.label)), _code(view.name(comparison.right.label))
    yield from (f"## {_VERDICTS[comparison.verdict]}: {left} → {right}", "")
    yield from _list(_prose(prose(reason)) for reason in comparison.reasons)


def _differences(comparison: Comparison) -> Iterator[str]:
    lines = [line for line in view.differences(comparison) if line.unexpected or line.expected]
    if lines:
        yield from _table(
            ("differs", "unexpected:", "expected:", "together:"),
            [(line.what, _bold(line.unexpected), count(line.expected), view.part(line)) for line in lines],
        )
    shares = view.row_shares(comparison)
    rows = comparison.rows
    yield (
        f"{count(shares.equal)} of {plural(shares.all, 'row')} equal ({percent(shares.equal, shares.all)}); "
        f"{view.amount(rows.left)} rows left, {view.amount(rows.right)} right."
    )
    yield ""


def _gaps(comparison: Comparison) -> Iterator[str]:
    gaps = schema.gaps(comparison)
    if gaps:
        yield from ("### Not compared", "")
        yield from _list(f"{_code(what)}: {_prose(why)}" for what, why in gaps)


def _declarations(comparison: Comparison) -> Iterator[str]:
    lines = schema.declarations(comparison)
    if lines:
        yield from ("### Declared changes", "")
        rows = [
            (
                _prose(line.what),
                _code(line.where) or "any",
                _prose(line.reason),
                _prose(line.outcome),
            )
            for line in lines
        ]
        yield from _table(("declared", "where", "why", "outcome"), rows)


def _schema(comparison: Comparison) -> Iterator[str]:
    lines = schema.schema_lines(comparison)
    yield from ("### Schema", "", schema.schema_summary(comparison), "")
    if lines:
        rows = [
            (
                _code(line.column),
                _side(line.left),
                _side(line.right),
                line.what,
                _mark(line.tone) or "allowed",
                _prose(line.reason) or "not declared",
            )
            for line in lines
        ]
        yield from _table(("column", "left", "right", "what", "", "why"), rows)


def _columns(comparison: Comparison) -> Iterator[str]:
    lines = values.columns(comparison)
    if lines:
        yield from ("### Columns", "")
        rows = [
            (
                _code(line.name),
                _bold(line.unexpected),
                count(line.expected),
                percent(line.unexpected + line.expected, line.whole),
                _prose("; ".join(filter(None, (line.numbers, line.nulls, line.note)))),
            )
            for line in lines
        ]
        yield from _table(("column", "unexpected:", "expected:", "of all:", "how far apart"), rows)


def _changes(comparison: Comparison) -> Iterator[str]:
    rows = [
        (
            _code(column.name),
            _code(change.old),
            _code(change.new),
            _mark(view.tone(change.unexpected, change.expected)),
            count(change.unexpected + change.expected),
            _key(change.example),
        )
        for column in values.columns(comparison)[:_MOST_LINES]
        for change in column.changes[:_MOST_CHANGES]
    ]
    if rows:
        yield from ("### Most frequent changes", "")
        yield from _table(("column", "left", "right", "", "times:", "for example"), rows)


def _samples(comparison: Comparison) -> Iterator[str]:
    samples = values.samples(comparison, _MOST_CELLS)
    if samples:
        yield from ("### Sample rows", "")
    for sample in samples[:_MOST_SAMPLES]:
        yield from (f"{_key(sample.key) or 'A row'}: {sample.kind}, {_mark(sample.tone)}", "")
        rows = [
            (_code(cell.column), _side(cell.old), _side(cell.new), _mark(cell.tone)) for cell in sample.cells
        ]
        yield from _table(("column", "left", "right", ""), rows)
        yield from _more(sample.left_out, "column")
    yield from _more(len(samples) - _MOST_SAMPLES, "sample row")


def _measured(comparison: Comparison) -> Iterator[str]:
    yield from ("### How it was measured", "")
    rows = [tuple(_prose(said) or "–" for said in line) for line in measured.sides(comparison)]
    yield from _table(("", "left", "right"), rows)
    yield from _list(f"{fact}: {_prose(said)}" for fact, said in measured.measured(comparison))


def _mark(tone: view.Tone) -> str:
    return {"expected": "✓ expected", "unexpected": "✗ unexpected", "both": "✗ partly expected", "": ""}[tone]


def _bold(number: int) -> str:
    return f"**{count(number)}**" if number else "0"


def _key(key: values.Key) -> str:
    return ", ".join(f"{_code(column)} = {_code(value)}" for column, value in key)


def _side(text: str) -> str:
    return _code(text) or "–"


def _more(number: int, noun: str) -> tuple[str, ...]:
    return (f"… and {plural(number, 'more ' + noun)}.", "") if number > 0 else ()


def _code(shown: str) -> str:
    """Visible text as code; as HTML where a code span could end early or a table cell could split."""
    if not set(shown) & set("`|\\"):
        return f"`{shown}`" if shown else ""
    return "<code>" + re.sub(r"[^\w ⟨⟩…␣]|_", lambda char: f"&#{ord(char[0])};", shown) + "</code>"


def _prose(shown: str) -> str:
    """Visible text among prose: words with a character that Markdown or GitHub acts on become code."""
    return " ".join(_word(word) if _ACTIVE.search(word) else word for word in shown.split(" "))


def _word(word: str) -> str:
    """A word as code, without the punctuation of the sentence around it."""
    before, core, after = _WORD.fullmatch(word).groups()  # type: ignore[union-attr]  # it matches anything
    return f"{before}{_code(core)}{after}"


def _list(items: Iterable[str]) -> Iterator[str]:
    every = list(items)
    yield from (f"- {item}" for item in every[:_MOST_LINES])
    yield from ("", *_more(len(every) - _MOST_LINES, "line"))


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A padded table; a header that ends in a colon has numbers below it."""
    titles = [header.rstrip(":") for header in headers]
    shown = rows[:_MOST_LINES]
    widths = [_column_width(cells) for cells in zip(titles, *shown, strict=True)]
    numeric = [header.endswith(":") for header in headers]
    columns = list(zip(widths, numeric, strict=True))
    rule = ["-" * (width - 1) + (":" if number else "-") for width, number in columns]
    for cells in (titles, rule, *shown):
        padded = [_pad(cell, *column) for cell, column in zip(cells, columns, strict=True)]
        yield "| " + " | ".join(padded) + " |"
    yield from ("", *_more(len(rows) - len(shown), "line"))


def _column_width(cells: Sequence[str]) -> int:
    return max(3, *(min(cell_len(cell), _WIDEST) for cell in cells))


def _pad(cell: str, width: int, numeric: bool) -> str:
    room = " " * (width - cell_len(cell))
    return room + cell if numeric else cell + room
