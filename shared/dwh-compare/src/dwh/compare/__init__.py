"""Compare two Spark DataFrames, and say which differences are meant.

* `compare(left, right, key=…)` returns a `Comparison`; `assert_same` takes the same, and is an assertion
  whose text is the report. `pytest_plugin` shows it in place of a traceback, and keeps it as a page.
* `rows_that_differ(left, right, key=…)` returns all rows that differ, as a DataFrame.
* `fingerprint(frame, key=…)` is what to keep of a table, so that `compare_stored` can compare it later
  without reading it.
* `model` is the result: plain data, JSON-able, rendered by `report`.

Inside, in the order in which a comparison uses them: `schema` pairs columns, `canonical` says how
values compare, `fingerprints` proves equality by one scan a side, `join` and `multiset` find the rows
that differ, `expectations` tells meant differences from others, `findings` counts, `verdict` judges.

Nothing else of dwh is needed. Importing this package imports PySpark only once a name of it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dwh.compare.asserting import assert_same
    from dwh.compare.changes import Added, Expected, Removed, Renamed, Retyped
    from dwh.compare.comparing import compare
    from dwh.compare.comparing_stored import compare_stored
    from dwh.compare.errors import (
        ColumnChoiceError,
        ComparisonError,
        DifferenceError,
        KeyChoiceError,
        RuleError,
        ToleranceError,
    )
    from dwh.compare.model import Comparison, Side
    from dwh.compare.rows import rows_that_differ
    from dwh.compare.rules import AnyOrder, IgnoreCase, Round, Rule, Sql, Trim, Unicode, Within
    from dwh.compare.stored import fingerprint, merge_fingerprints
    from dwh.compare.tolerance import Tolerance

__all__ = [
    "Added",
    "AnyOrder",
    "ColumnChoiceError",
    "Comparison",
    "ComparisonError",
    "DifferenceError",
    "EngineError",
    "Expected",
    "IgnoreCase",
    "KeyChoiceError",
    "Removed",
    "Renamed",
    "Retyped",
    "Round",
    "Rule",
    "RuleError",
    "Side",
    "Sql",
    "Tolerance",
    "ToleranceError",
    "Trim",
    "Unicode",
    "Within",
    "assert_same",
    "compare",
    "compare_stored",
    "fingerprint",
    "merge_fingerprints",
    "rows_that_differ",
]

_HOMES = {
    "Added": "changes",
    "AnyOrder": "rules",
    "ColumnChoiceError": "errors",
    "Comparison": "model",
    "ComparisonError": "errors",
    "DifferenceError": "errors",
    "EngineError": "errors",
    "Expected": "changes",
    "IgnoreCase": "rules",
    "KeyChoiceError": "errors",
    "Removed": "changes",
    "Renamed": "changes",
    "Retyped": "changes",
    "Round": "rules",
    "Rule": "rules",
    "RuleError": "errors",
    "Side": "model",
    "Sql": "rules",
    "Tolerance": "tolerance",
    "ToleranceError": "errors",
    "Trim": "rules",
    "Unicode": "rules",
    "Within": "rules",
    "assert_same": "asserting",
    "compare": "comparing",
    "compare_stored": "comparing_stored",
    "fingerprint": "stored",
    "merge_fingerprints": "stored",
    "rows_that_differ": "rows",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
