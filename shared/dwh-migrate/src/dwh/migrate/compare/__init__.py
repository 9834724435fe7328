"""Compare what two versions write, and say which differences are meant.

* `compare(left, right, key=…)` compares two DataFrames and returns a `Comparison`;
  `compare(…).assert_pass()` is an assertion for pytest whose text is the report.
* `rows_that_differ(left, right, key=…)` returns all rows that differ, as a DataFrame.
* `fingerprint(frame, key=…)` is what to keep of an output, so that `compare_stored` can compare it later
  without reading it.
* `model` is the result: plain data, JSON-able, rendered by `report`.

Inside, in the order in which a comparison uses them: `schema` pairs columns, `canonical` says how
values compare, `fingerprint` proves equality by one scan a side, `join` and `multiset` find the rows
that differ, `expectations` tells meant differences from others, `findings` counts, `verdict` judges.
"""

from dwh.migrate.compare.compare import compare, compare_stored
from dwh.migrate.compare.errors import (
    ColumnChoiceError,
    ComparisonError,
    KeyChoiceError,
    RuleError,
    ToleranceError,
)
from dwh.migrate.compare.model import Comparison, Side
from dwh.migrate.compare.rows import rows_that_differ
from dwh.migrate.compare.rules import AnyOrder, IgnoreCase, Round, Rule, Sql, Trim, Unicode, Within
from dwh.migrate.compare.stored import fingerprint, merge_fingerprints
from dwh.migrate.compare.tolerance import Tolerance

__all__ = [
    "AnyOrder",
    "ColumnChoiceError",
    "Comparison",
    "ComparisonError",
    "IgnoreCase",
    "KeyChoiceError",
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
    "compare",
    "compare_stored",
    "fingerprint",
    "merge_fingerprints",
    "rows_that_differ",
]
