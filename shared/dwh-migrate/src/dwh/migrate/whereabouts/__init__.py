"""Where one is: what `dwh` alone says in a folder.

`gather` asks the configuration, the installed lines and the ledger; `following` says what one is likely to
type next. No data is read and no engine starts, and no ledger is made.
"""

from dwh.migrate.whereabouts.gather import Whereabouts, whereabouts

__all__ = ["Whereabouts", "whereabouts"]
