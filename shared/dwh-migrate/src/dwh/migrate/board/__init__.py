"""The board: how every job stands in every environment, on one page.

`model` is what it shows: plain data, JSON-able. `gather` puts it together from the ledger and the
installed lines, with the questions in `queries`; it reads no data and starts no Spark. `html` makes
the page, `terminal` prints the same, shorter.
"""

from dwh.migrate.board.gather import gather
from dwh.migrate.board.html import to_html
from dwh.migrate.board.model import Board
from dwh.migrate.board.terminal import print_board

__all__ = ["Board", "gather", "print_board", "to_html"]
