"""One small Spark session in a zone that shows mistakes; installed lines, a warehouse."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from dwh.core.config import Config
from dwh.core.line import EndedLineWarning
from dwh.core.lines import find_job
from dwh.core.testing import local_session
from dwh.core.testing.fixtures import *  # noqa: F403 -- pytest finds fixtures by their names here
from dwh.core.testing.lines import TAKINGS
from dwh.core.warehouse import Warehouse
from dwh.migrate.testing import Typed, typed_dwh  # noqa: F401 -- a fixture, and its type

sys.path.insert(0, str(Path(__file__).parent))  # for fabricate

NEW_COLUMN = 'Column("amount", "double", nullable=True), Column("tips", "double", nullable=True)'
CHANGED = {
    "7.1": {},
    "7.2": {  # compatible: adds a nullable column at the end
        'Column("amount", "double", nullable=True),\n        ),\n        key': NEW_COLUMN + ",), key",
        "return takings": "return takings.withColumn('tips', F.lit(None).cast('double'))",
        "    def transform": '    changes = (Added("tips", "asked for"),)\n\n    def transform',
    },
    "7.3": {  # breaks: renames a column
        'Column("amount", "double", nullable=True),\n        ),\n        key': 'Column("total", "double", '
        "nullable=True),), key",
        '.alias("amount")': '.alias("total")',
        "    def transform": '    changes = (Renamed("amount", "total", "it is one"),)\n\n    def transform',
    },
    "7.4": {'"shop.takings"': '"shop.sales"'},  # another table
    "7.0": {},  # ended
}


def source_of(line: str) -> str:
    """Return the source of the job in a line."""
    text = TAKINGS
    for old, new in CHANGED[line].items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A session in Kathmandu, 5 h 45 min east of UTC; on Sail where DWH_ENGINE says so."""
    with local_session({"spark.sql.session.timeZone": "Asia/Kathmandu"}) as session:
        yield session


@pytest.fixture
def interpreted(spark: SparkSession) -> Iterator[None]:
    """Spark without compiling and adapting each plan, which takes far longer than running it on ten rows."""
    settings = {
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
    }
    before = {name: spark.conf.get(name) for name in settings}
    for name, value in settings.items():
        spark.conf.set(name, value)
    yield
    for name, value in before.items():
        spark.conf.set(name, value or "")


@pytest.fixture
def lines(installed_line: Callable[..., Path]) -> None:
    """Install the lines 7.1 to 7.4, each related to the first in its own way, and 7.0, which has ended."""
    init = "from datetime import date\nfrom dwh.core import Line\n"
    for line in CHANGED:
        parts = "'ended', ends=date(2020, 1, 31)" if line == "7.0" else "'main'"
        installed_line(line, {"takings": source_of(line)}, init=f"{init}LINE = Line({parts})\n")
    with pytest.warns(EndedLineWarning):
        find_job("takings@7.0")


@pytest.fixture
def renamed(installed_line: Callable[..., Path], takings: Callable[..., str]) -> Path:
    """Line 8.1, and line 8.2, which declares that it renames a column, so that the table moves as a whole;
    the file of its job."""
    old = 'Column("amount", "double", nullable=True),\n        ),\n        key'
    new = 'Column("total", "double", nullable=True),), key'
    changes = '    changes = (Renamed("amount", "total", "it is one"),)\n\n    def transform'
    parts = {old: new, '.alias("amount")': '.alias("total")', "    def transform": changes}
    installed_line("8.1", {"takings": takings()})
    return installed_line("8.2", {"takings": takings(**parts)}) / "takings.py"


@pytest.fixture
def warehouse(config: Config, lines: None, with_tables: Callable[[str], str]) -> Warehouse:
    """A warehouse in prod, with its ledger in SQLite, where nothing has been written."""
    with_tables(config.ledger)
    return Warehouse.create(config.in_environment("prod"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.breadth)])
def either_warehouse(
    request: pytest.FixtureRequest, config: Config, lines: None, with_tables: Callable[[str], str]
) -> Warehouse:
    """A warehouse in prod, with its ledger in SQLite, then in PostgreSQL."""
    if request.param == "postgresql":
        config = replace(config, ledger=request.getfixturevalue("postgresql_url"))
    with_tables(config.ledger)
    return Warehouse.create(config.in_environment("prod"))
