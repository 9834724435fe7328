"""The board as one self-contained HTML page, harmless whatever the ledger holds: see `dwh.compare.page`."""

from __future__ import annotations

from dwh.compare.page import page_template
from dwh.compare.safe_text import count, prose
from dwh.migrate.board import words
from dwh.migrate.board.model import Board

__all__ = ["to_html"]


def to_html(board: Board) -> str:
    """Return the page: the overview, then each job with its lines, environments and last outputs."""
    helpers = {name: getattr(words, name) for name in words.__all__}
    helpers |= {"count": count, "sentence": _sentence, "width": _width}
    template = page_template(__package__, "board.html.jinja", helpers, finalize=_visible)
    return template.render(board=board)


def _visible(value: object) -> object:
    """Make every text bounded and visible; what a macro returns has been through here already."""
    return prose(value) if type(value) is str else value


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _width(part: int, whole: int) -> str:
    """The width of a bar, for a style attribute: digits, a point and a percent sign."""
    return f"{100 * part / whole:.2f}%"
