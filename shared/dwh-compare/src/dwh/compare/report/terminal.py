"""A comparison on a terminal, in colour where the console has any, or as plain text in a pipe.

Texts reach the console as `rich.text.Text`, never as markup, and hold no control character.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dwh.compare.report import measured, schema, values, view
from dwh.compare.safe_text import count, percent, plural, prose

if TYPE_CHECKING:
    from dwh.compare.model import Comparison

__all__ = ["print_report"]

_STYLES = {"pass": "bold green", "fail": "bold red", "incomplete": "bold yellow"}
_TONES = {"unexpected": "red", "expected": "cyan", "both": "red", "": ""}
_MARKS = {"unexpected": "✗ unexpected", "expected": "✓ expected", "both": "✗ partly expected", "": ""}
_TOUCHING = ("tolerances", "rules", "ignored columns", "thresholds")
_MOST_LINES = 12
_MOST_CHANGES = 3
_MOST_SAMPLES = 3
_MOST_CELLS = 12


def print_report(comparison: Comparison, console: Console) -> None:
    """Print the verdict and why, then what differs, then how it was measured.

    Short enough for one screen when it passes without an unexpected difference; otherwise the columns,
    changes and rows with most to say, and how many more there are. Plain text where the console is not
    a terminal.
    """
    if console.encoding.startswith("utf"):
        _print(comparison, console)
        return
    with console.capture() as capture:
        _print(comparison, console)
    console.file.write(capture.get().encode(console.encoding, "backslashreplace").decode(console.encoding))


def _print(comparison: Comparison, console: Console) -> None:
    for part in _parts(comparison):
        console.print(part, highlight=False, markup=False, emoji=False)


def _parts(comparison: Comparison) -> Iterator[RenderableType]:
    yield from _verdict(comparison)
    yield from _differences(comparison)
    yield from _gaps(comparison)
    if _in_full(comparison):
        yield from _schema(comparison)
    yield from _declarations(comparison)
    if _in_full(comparison):
        yield from _columns(comparison)
        yield from _changes(comparison)
        yield from _samples(comparison)
    yield from _measured(comparison)


def _in_full(comparison: Comparison) -> bool:
    """Whether there is something to look into: a threshold lets unexpected differences pass."""
    return comparison.verdict != "pass" or any(line.unexpected for line in view.differences(comparison))


def _verdict(comparison: Comparison) -> Iterator[RenderableType]:
    left, right = view.name(comparison.left.label), view.name(comparison.right.label)
    verdict = (comparison.verdict.upper(), _STYLES[comparison.verdict])
    yield Text.assemble(verdict, "  ", (left, "bold"), " → ", (right, "bold"))
    for reason in comparison.reasons[:_MOST_LINES]:
        yield _indented(Text(prose(reason)))
    yield from _more(len(comparison.reasons) - _MOST_LINES, "reason")


def _differences(comparison: Comparison) -> Iterator[RenderableType]:
    lines = [line for line in view.differences(comparison) if line.unexpected or line.expected]
    shares = view.row_shares(comparison)
    equal = percent(shares.equal, shares.all)
    yield _indented(Text(f"{count(shares.equal)} of {plural(shares.all, 'row')} equal ({equal})."))
    if lines:
        rows = [
            (
                line.what,
                _number(line.unexpected, "unexpected"),
                _number(line.expected, "expected"),
                view.part(line),
            )
            for line in lines
        ]
        yield from _table("", ("differs", "unexpected:", "expected:", "together:"), rows)


def _gaps(comparison: Comparison) -> Iterator[RenderableType]:
    if comparison.not_compared:
        yield from _table("Not compared", ("what", "why"), schema.gaps(comparison))


def _schema(comparison: Comparison) -> Iterator[RenderableType]:
    rows = [
        (
            line.column,
            line.left or "–",
            line.right or "–",
            line.what,
            _mark(line.tone) or "allowed",
            line.reason,
        )
        for line in schema.schema_lines(comparison)
    ]
    if rows:
        yield from _table("Schema", ("column", "left", "right", "what", "", "why"), rows)


def _declarations(comparison: Comparison) -> Iterator[RenderableType]:
    rows = [
        (line.what, line.where or "any", line.reason, Text(line.outcome, _TONES[line.tone] or "yellow"))
        for line in schema.declarations(comparison)
    ]
    if rows:
        yield from _table("Declared changes", ("declared", "where", "why", "outcome"), rows)


def _columns(comparison: Comparison) -> Iterator[RenderableType]:
    rows = [
        (
            line.name,
            _number(line.unexpected, "unexpected"),
            _number(line.expected, "expected"),
            percent(line.unexpected + line.expected, line.whole),
            "; ".join(filter(None, (line.numbers, line.nulls, line.note))),
        )
        for line in values.columns(comparison)
    ]
    if rows:
        yield from _table("Columns", ("column", "unexpected:", "expected:", "of all:", "how far apart"), rows)


def _changes(comparison: Comparison) -> Iterator[RenderableType]:
    rows = [
        (
            column.name,
            change.old,
            Text(change.new, _TONES[view.tone(change.unexpected, change.expected)]),
            _mark(view.tone(change.unexpected, change.expected)),
            count(change.unexpected + change.expected),
            values.key_text(change.example),
        )
        for column in values.columns(comparison)[:_MOST_LINES]
        for change in column.changes[:_MOST_CHANGES]
    ]
    if rows:
        yield from _table(
            "Most frequent changes", ("column", "left", "right", "", "times:", "for example"), rows
        )


def _samples(comparison: Comparison) -> Iterator[RenderableType]:
    samples = values.samples(comparison, _MOST_CELLS)
    for sample in samples[:_MOST_SAMPLES]:
        rows = [
            (cell.column, cell.old or "–", Text(cell.new or "–", _TONES[cell.tone]), _mark(cell.tone))
            for cell in sample.cells
        ]
        title = f"{values.key_text(sample.key) or 'a row'}: {sample.kind}, {_MARKS[sample.tone]}"
        yield from _table(title, ("column", "left", "right", ""), rows)
        yield from _more(sample.left_out, "column")
    yield from _more(len(samples) - _MOST_SAMPLES, "sample row")


def _measured(comparison: Comparison) -> Iterator[RenderableType]:
    if not _in_full(comparison):
        touched = [f"{fact}: {said}" for fact, said in measured.measured(comparison) if fact in _TOUCHING]
        yield _indented(Text("; ".join([measured.confidence(comparison), *touched]), "dim"))
        return
    yield from _table("How it was measured", ("", "left", "right"), measured.sides(comparison))
    facts = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for fact, said in measured.measured(comparison):
        facts.add_row(Text(fact), Text(said))
    yield from (Text(), _indented(facts))


def _number(number: int, tone: view.Tone) -> Text:
    return Text(count(number), _TONES[tone] if number else "dim")


def _mark(tone: view.Tone) -> Text:
    return Text(_MARKS[tone], _TONES[tone])


def _more(number: int, noun: str) -> Iterator[RenderableType]:
    if number > 0:
        yield _indented(Text(f"… and {plural(number, 'more ' + noun)}", "dim"))


def _indented(part: RenderableType) -> RenderableType:
    return Padding(part, (0, 0, 0, 2), expand=False)


class _NamedRows(Table):
    """A table that folds nothing in its first column, where names are, if there is room for them."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        first = self.columns[0]
        width = max(cell_len(str(text)) for text in (first.header, *first.cells))
        first.no_wrap = width <= options.max_width // 3
        yield from super().__rich_console__(console, options)


def _table(
    title: str, headers: Sequence[str], rows: Sequence[Sequence[str | Text]]
) -> Iterator[RenderableType]:
    """A table under its title; a header that ends in a colon has numbers below it."""
    table = _NamedRows(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False, show_edge=False)
    used = [place for place, header in enumerate(headers) if header or any(row[place] for row in rows)]
    for place in used:
        name, numeric = headers[place].rstrip(":"), headers[place].endswith(":")
        justify: Literal["right", "left"] = "right" if numeric else "left"
        table.add_column(Text(name), justify=justify, no_wrap=numeric or not name, overflow="fold")
    for row in rows[:_MOST_LINES]:
        table.add_row(*(Text.assemble(row[place]) for place in used))
    yield Text()
    if title:
        yield _indented(Text(title, "bold"))
    yield _indented(table)
    yield from _more(len(rows) - _MOST_LINES, "line")
