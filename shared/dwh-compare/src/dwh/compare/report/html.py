"""A comparison as one self-contained HTML page, harmless whatever the data holds: see `dwh.compare.page`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dwh.compare.page import page_template
from dwh.compare.report import measured, schema, values, view
from dwh.compare.safe_text import count, percent, plural, prose

if TYPE_CHECKING:
    from jinja2 import Template

    from dwh.compare.model import Comparison

__all__ = ["to_html"]

_MOST_CELLS = 40


def to_html(comparison: Comparison) -> str:
    """Return the page: the verdict and why, then from unexpected differences down to how it was measured."""
    return _template().render(
        verdict=comparison.verdict,
        reasons=[prose(reason) for reason in comparison.reasons],
        left=view.name(comparison.left.label),
        right=view.name(comparison.right.label),
        shares=view.row_shares(comparison),
        differences=view.differences(comparison),
        declarations=schema.declarations(comparison),
        gaps=schema.gaps(comparison),
        schema_lines=schema.schema_lines(comparison),
        schema_summary=schema.schema_summary(comparison),
        row_facts=view.row_facts(comparison),
        columns=values.columns(comparison),
        other_columns=values.other_columns(comparison),
        samples=values.samples(comparison, _MOST_CELLS),
        thresholds=measured.thresholds(comparison),
        sides=measured.sides(comparison),
        measured=measured.measured(comparison),
        confidence=measured.confidence(comparison),
    )


@cache
def _template() -> Template:
    helpers = {"count": count, "part": view.part, "percent": _percent, "plural": plural, "width": _width}
    return page_template(__package__, "report.html.jinja", helpers)


def _percent(part: int, whole: int) -> str:
    """A share that is not torn from its sign at the end of a line."""
    return percent(part, whole).replace(" ", "\N{NO-BREAK SPACE}")


def _width(part: int, whole: int) -> str:
    """The width of a bar, for a style attribute: digits, a point and a percent sign."""
    return f"{100 * part / whole:.3f}%" if whole else "0%"
