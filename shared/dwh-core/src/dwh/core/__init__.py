"""What a versioned PySpark job needs at run time.

A job author starts at `job` (what a job is), `contract` (what it promises) and `inputs` (what it needs).
Then, in the order of the data: `config` says where inputs are, `sources` reads them, `run` leads a run from
reading to its commit, `storage` keeps what it writes, `audit` checks that, `ledger` records it, `warehouse`
reads it. What breaks a contract is said by `compatibility`.

    from dwh.core import Column, Input, Job, Table    # to write a job
    from dwh.core import read_table, spark_session    # to read what jobs wrote, on the configured engine

`entry` is the script that a platform starts, `secret` reads the ledger's URL there, `supported` knows
which Spark a line can run on.
`lines` knows which release lines are installed, `changes` what a line declares to be different,
`provenance` which code really ran, `errors` everything that dwh raises on purpose.

Importing this package imports neither pyspark nor the database library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dwh.core.changes import Added, Expected, Removed, Renamed, Retyped
from dwh.core.contract import Column, Table
from dwh.core.errors import DwhError
from dwh.core.inputs import Input
from dwh.core.job import Job
from dwh.core.line import Line
from dwh.core.lines import find_job

if TYPE_CHECKING:
    from dwh.core.session import spark_session
    from dwh.core.warehouse import Warehouse, read_table

__all__ = [
    "Added",
    "Column",
    "DwhError",
    "Expected",
    "Input",
    "Job",
    "Line",
    "Removed",
    "Renamed",
    "Retyped",
    "Table",
    "Warehouse",
    "find_job",
    "read_table",
    "spark_session",
]


def __getattr__(name: str) -> Any:
    """Import what needs the database library only when it is asked for."""
    if name in ("Warehouse", "read_table"):
        from dwh.core import warehouse

        return getattr(warehouse, name)
    if name == "spark_session":
        from dwh.core.session import spark_session

        return spark_session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
