"""Engines that attach the served catalog read the same rows as the ledger has (nox -s catalog)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import readers
from readers import as_plain
from serving import Served, served
from stories import STORIES, Read, Rows
from warehousing import Runs

from dwh.catalog.serving import TOKEN, attaching

pytestmark = pytest.mark.catalog

SECRET = "let-me-in"
Attached = Callable[[Served, Read], Rows]


def by_pyiceberg(server: Served, read: Read) -> Rows:
    where = {"row_filter": readers._expression(*read.where)} if read.where else {}
    found = server.catalog().load_table(read.table).scan(selected_fields=read.columns, **where)
    return [tuple(row[name] for name in read.columns) for row in found.to_arrow().to_pylist()]


def by_duckdb(server: Served, read: Read) -> Rows:
    """Attach once, as the command says, and read whatever is there then."""
    known = readers.duckdb().execute("SELECT database_name FROM duckdb_databases()").fetchall()
    name = _name(server)
    if (name,) not in known:
        readers.duckdb().execute(_told(server, "DuckDB").replace("AS dwh", f"AS {name}"))
    return list(readers.duckdb().execute(readers._sql(f"{name}.{read.table}", read)).fetchall())


def by_spark(server: Served, read: Read) -> Rows:
    """Set what the command says, for a catalog of this server's own."""
    spark, name = readers._spark(), _name(server)
    for key, value in re.findall(r"--conf (\S+?)=(\S+)", _told(server, "Spark")):
        spark.conf.set(key.replace(".dwh", f".{name}"), value.strip('"'))
    return [tuple(row) for row in spark.sql(readers._sql(f"{name}.{read.table}", read)).collect()]


ATTACHED: dict[str, Attached] = {"pyiceberg": by_pyiceberg, "DuckDB": by_duckdb, "Spark": by_spark}


@pytest.fixture(params=[None, SECRET], ids=["open", "token"])
def server(runs: Runs, request: pytest.FixtureRequest) -> Iterator[Served]:
    """A server of the warehouse, on loopback."""
    with served(runs.warehouse.config, request.param) as found:
        yield found


@pytest.mark.parametrize("story", list(STORIES))
@pytest.mark.parametrize("engine", list(ATTACHED))
@pytest.mark.parametrize("server", [None], indirect=True)
def test_an_engine_attaches_and_reads_what_is_published(
    engine: str, story: str, server: Served, runs: Runs, two_lines: None
) -> None:
    for step in STORIES[story](runs):
        for read in step:
            mine = Read(served_name(read.table), read.columns, read.rows, read.where)
            assert as_plain(ATTACHED[engine](server, mine)) == as_plain(read.rows), mine


@pytest.mark.parametrize("engine", list(ATTACHED))
@pytest.mark.parametrize("server", [SECRET], indirect=True)
def test_a_token_lets_an_engine_in(engine: str, server: Served, runs: Runs, two_lines: None) -> None:
    (step,) = STORIES["first publication"](runs)
    read = Read("prod.shop_takings", step[0].columns, step[0].rows)
    assert as_plain(ATTACHED[engine](server, read)) == as_plain(read.rows)


def _told(server: Served, engine: str) -> str:
    return dict(attaching(server.address, server.token))[engine].replace(f"${TOKEN}", SECRET)


def _name(server: Served) -> str:
    return "at" + server.address.rpartition(":")[2]


def served_name(synced: str) -> str:
    """Return what `prod_shop.takings__v7_1` of a synced catalog is called here: `prod__v7_1.shop_takings`."""
    namespace, _, name = synced.partition(".")
    environment, _, schema = namespace.partition("_")
    name, _, line = name.partition("__")
    return f"{environment}{'__' + line if line else ''}.{schema}_{name}"
