"""The ledger, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from dwh.core.dates import DateRange
from dwh.core.errors import (
    LedgerBusyError,
    LedgerCutError,
    LedgerError,
    LedgerVersionError,
    NoLedgerError,
)
from dwh.core.ledger import SCHEMA_VERSION, Ledger, RunRecord, connecting, insert_if_absent, one_transaction
from dwh.core.ledger.newest import newest_receipts
from dwh.core.ledger.schema import ledger_version, metadata, receipts, runs, tables
from dwh.core.testing.cutting import cut_off

FIRST, SECOND = date(2024, 1, 1), date(2024, 1, 2)


def record(run_id: str = "r1", **parts) -> RunRecord:
    """Return a run that is about to start."""
    values = {
        "id": run_id,
        "job": "takings",
        "line": "0.1",
        "release": "0.1.1",
        "table_name": "shop.takings",
        "environment": "dev",
        "status": "started",
        "first_date": FIRST,
        "last_date": SECOND,
        "started_at": datetime(2024, 1, 3, tzinfo=timezone.utc),
        "finished_at": None,
        "started_by": "someone",
        "host": "here",
        "pid": 1,
        "location": f"shop.takings/0.1/_run={run_id}",
        "contract": {"columns": []},
        "code": {"state": "installed"},
        "engine": {},
        "inputs": [],
        "error": None,
    }
    return RunRecord(**{**values, **parts})


def committed(ledger: Ledger, run_id: str, rows: dict[date, int], **parts) -> RunRecord:
    """Start and commit a run."""
    run = record(run_id, **parts)
    ledger.start_run(run)
    ledger.commit_run(run, rows)
    return run


def status(ledger: Ledger, run_id: str = "r1") -> str:
    """Return what the ledger says of a run."""
    (found,) = ledger.find_runs(runs.c.id == run_id)
    return found.status


def test_a_run_comes_back_as_it_was(ledger):
    """What is recorded of a run is read back equal, instants with their zone."""
    run = record(contract={"ü": [1, None]}, inputs=[{"name": "orders"}])
    ledger.start_run(run)
    assert ledger.find_runs() == [run]


def test_nothing_is_visible_before_the_commit(ledger):
    """A started run has no output; a committed one has all of them."""
    run = record()
    ledger.start_run(run)
    assert ledger.outputs(environment="dev", table="shop.takings") == []
    assert ledger.table_names() == []
    ledger.commit_run(run, {FIRST: 3, SECOND: 0})
    found = ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1")
    assert [(output.partition_date, output.row_count) for output in found] == [(FIRST, 3), (SECOND, 0)]
    assert {(output.run_id, output.release, output.location, output.code_state) for output in found} == {
        ("r1", "0.1.1", run.location, "installed")
    }
    assert status(ledger) == "committed"
    assert ledger.table_names() == ["shop.takings"]


def test_a_commit_that_fails_leaves_nothing(ledger):
    """A commit is one transaction: when its last row is refused, none of it stays."""
    run = record()
    ledger.start_run(run)
    with pytest.raises(LedgerError, match="refused a statement"):
        ledger.commit_run(run, {FIRST: 3, SECOND: None})
    assert ledger.outputs(environment="dev", table="shop.takings") == []
    assert ledger.table_names() == []
    assert status(ledger) == "started"


@pytest.mark.parametrize("ended", ["failed", "abandoned"])
def test_a_run_that_was_given_up_cannot_commit(ledger, ended):
    """A run that failed or was abandoned cannot commit later, and the error says what it is."""
    run = record()
    ledger.start_run(run)
    ledger.fail_run("r1", "process 1 is gone", status=ended)
    with pytest.raises(LedgerError, match=f"run r1 is {ended}"):
        ledger.commit_run(run, {FIRST: 3})
    assert ledger.outputs(environment="dev", table="shop.takings") == []
    assert status(ledger) == ended


def test_a_committed_run_cannot_fail(ledger):
    """A committed run stays committed."""
    committed(ledger, "r1", {FIRST: 3})
    with pytest.raises(LedgerError, match="run r1 is committed"):
        ledger.fail_run("r1", "late")
    assert status(ledger) == "committed"


def test_an_unknown_run(ledger):
    """A run that the ledger never saw cannot end."""
    with pytest.raises(LedgerError, match="run r9 is unknown"):
        ledger.fail_run("r9", "why")


def test_the_reason_of_a_failure_is_kept(ledger):
    """A failed run keeps its reason and the instant."""
    ledger.start_run(record())
    ledger.fail_run("r1", "the input is late")
    (found,) = ledger.find_runs()
    assert (found.status, found.error) == ("failed", "the input is late")
    assert found.finished_at is not None and found.finished_at.tzinfo is not None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("long " * 100_000, "long " * 100_000),
        ("whole 😀 \x1b[31m", "whole 😀 \x1b[31m"),
    ],
    ids=["NUL", "surrogate", "long", "as it is"],
)
def test_any_reason_is_kept(ledger, said, kept):
    """Whatever an error says, the run ends with it; what no database keeps becomes U+FFFD."""
    ledger.start_run(record(started_by=f"me{said}"))
    ledger.fail_run("r1", said)
    (found,) = ledger.find_runs()
    assert (found.status, found.error) == ("failed", kept)
    assert found.started_by[:5] == f"me{kept}"[:5] and len(found.started_by) <= 255


def test_any_text_in_json_is_kept(ledger):
    """Text that no database keeps does not stop a query of the JSON that holds it."""
    committed(ledger, "r1", {FIRST: 1}, code={"state": "installed", "files": ["a\x00b\ud800"]})
    (output,) = ledger.outputs(environment="dev", table="shop.takings")
    (run,) = ledger.find_runs()
    assert (output.code_state, run.code["files"]) == ("installed", ["a\ufffdb\ufffd"])


def test_only_dead_runs_lose_their_files(ledger):
    """Files are marked as removed for runs that never committed, and for no others."""
    committed(ledger, "r1", {FIRST: 1})
    ledger.start_run(record("r2"))
    ledger.start_run(record("r3"))
    ledger.fail_run("r3", "why")
    for run_id in ("r1", "r2", "r3"):
        ledger.forget_run(run_id)
    assert [bool(run.location) for run in sorted(ledger.find_runs(), key=lambda run: run.id)] == [
        True,
        True,
        False,
    ]


def test_the_newest_output_counts(ledger):
    """For each date and line the output that was committed last counts, whatever started last."""
    early, late = record("r1"), record("r2")
    ledger.start_run(early)
    ledger.start_run(late)
    ledger.commit_run(late, {FIRST: 1, SECOND: 1})
    ledger.commit_run(early, {FIRST: 2})
    committed(ledger, "r3", {FIRST: 9, SECOND: 9}, line="0.2")
    found = ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1")
    assert [(output.partition_date, output.run_id) for output in found] == [(FIRST, "r1"), (SECOND, "r2")]
    of_the_first = ledger.outputs(
        environment="dev", table="shop.takings", line="0.1", dates=DateRange(FIRST, FIRST)
    )
    assert [output.run_id for output in of_the_first] == ["r2", "r1"]
    assert ledger.table_lines(environment="dev", table="shop.takings") == ["0.1", "0.2"]


def test_lines_are_listed_oldest_first(ledger):
    """Line 0.10 comes after line 0.9."""
    for line in ("0.10", "0.9"):
        committed(ledger, f"r{line}", {FIRST: 1}, line=line)
    assert ledger.table_lines(environment="dev", table="shop.takings") == ["0.9", "0.10"]


def test_the_past_stays(ledger):
    """As of an instant, what was committed by then counts, in whatever zone the instant is given."""
    committed(ledger, "r1", {FIRST: 1})
    (first,) = ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1")
    committed(ledger, "r2", {FIRST: 2, SECOND: 2})
    tokyo = timezone(timedelta(hours=9))
    then = first.committed_at.astimezone(tokyo)
    assert [
        output.run_id
        for output in ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1", as_of=then)
    ] == ["r1"]
    before = then - timedelta(microseconds=1)
    assert ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1", as_of=before) == []
    assert len(ledger.outputs(environment="dev", table="shop.takings", as_of=datetime.now(timezone.utc))) == 3


def test_two_commits_at_once_get_an_order(ledger):
    """Commits to one table at the same time all succeed, each with a number of its own."""
    run_ids = [f"r{n}" for n in range(8)]
    for run_id in run_ids:
        ledger.start_run(record(run_id))
    start = threading.Barrier(len(run_ids))
    failures = []

    def commit(run_id):
        try:
            own = Ledger.open(ledger.url.render_as_string(hide_password=False))
            start.wait()
            own.commit_run(record(run_id), {FIRST: 1, SECOND: 1})
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=commit, args=(run_id,)) for run_id in run_ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = ledger.outputs(environment="dev", table="shop.takings")
    assert sorted({output.sequence for output in found}) == list(range(1, 9))
    assert len({(output.run_id, output.sequence) for output in found}) == 8
    newest = ledger.newest_outputs(environment="dev", table="shop.takings", line="0.1")
    assert {output.sequence for output in newest} == {8} and len(newest) == 2


def at_once(work, count: int = 8) -> list[str]:
    """Do something in as many threads at the same moment; return the errors."""
    ready, errors = threading.Barrier(count), []

    def one(number: int) -> None:
        ready.wait()
        try:
            work(number)
        except Exception as error:
            errors.append(str(error))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.breadth
@pytest.mark.parametrize("where", ["url", "database"])
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_commits_at_once_all_land_whatever_the_default_isolation(postgresql_url, isolation, where):
    """Of eight commits at once each lands, in an order, on a PostgreSQL of any default isolation."""
    ledger = Ledger.create(postgresql_url)
    if where == "database":
        name = ledger.url.database
        with ledger.writing() as connection:
            connection.execute(
                sa.text(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
            )
        url = postgresql_url
    else:
        joint = "&" if "?" in postgresql_url else "?"
        setting = isolation.replace(" ", "%5C%20")
        url = f"{postgresql_url}{joint}options=-cdefault_transaction_isolation%3D{setting}"
    ledgers = [Ledger.open(url) for _ in range(8)]
    assert at_once(lambda n: committed(ledgers[n], f"r{n}", {FIRST: n})) == []
    found = ledger.outputs(environment="dev", table="shop.takings")
    assert [output.sequence for output in found] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("default", ["client_encoding = 'LATIN1'", "datestyle = 'German, DMY'"])
def test_texts_and_times_are_kept_whatever_the_defaults_of_a_database(postgresql_url, default):
    """A database or a role may have its own encoding and its own way to write dates."""
    with sa.create_engine(postgresql_url).begin() as connection:
        name = connection.engine.url.database
        connection.execute(sa.text(f'ALTER DATABASE "{name}" SET {default}'))
    ledger, run = Ledger.create(postgresql_url), record("r1")
    ledger.start_run(run)
    ledger.fail_run("r1", "no shop called Żółw ☃")
    (found,) = Ledger.open(postgresql_url).find_runs()
    assert (found.error, found.started_at) == ("no shop called Żółw ☃", run.started_at)


def test_a_database_that_lacks_characters_keeps_them_spelled(postgresql_url):
    """A run that fails with one would else stay started, and a reason could not be given."""
    url = sa.make_url(postgresql_url)
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"{url.database}_latin"
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
    ledger = Ledger.create(url.set(database=name).render_as_string(hide_password=False))
    ledger.start_run(record("r1", started_by="é→" * 200))
    ledger.fail_run("r1", "é → a\x00b")
    (found,) = ledger.find_runs()
    assert (found.status, found.error) == ("failed", r"é \u2192 a\ufffdb")
    assert found.started_by.startswith(r"é\u2192é") and len(found.started_by) == 255


def test_a_deadlock_is_tried_again(postgresql_url):
    """A transaction that PostgreSQL ends because of a deadlock is done again."""
    ledger = Ledger.create(postgresql_url)
    committed(ledger, "r0", {FIRST: 1})
    run = record("r1")
    ledger.start_run(run)
    other = sa.create_engine(ledger.url).connect()  # which locks the same rows in the other order
    other.execute(sa.text("SET deadlock_timeout = '1h'"))  # so that not this one is ended
    other.execute(runs.update().where(runs.c.id == "r1").values(pid=2))
    thread = threading.Thread(target=ledger.commit_run, args=(run, {FIRST: 2}))
    thread.start()
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ledger.reading() as connection:
        while not connection.scalar(waiting):
            thread.join(0.01)
    other.execute(sa.text("UPDATE tables SET sequence = sequence"))
    other.commit()
    thread.join()
    assert status(ledger, "r1") == "committed"


@pytest.mark.parametrize("before", [0, 3, 6])
def test_a_commit_that_is_cut_off_is_made_again(postgresql_url, with_tables, before):
    """The server may end the connection before any statement: nothing was recorded, and then all of it is."""
    ledger = Ledger.create(with_tables(postgresql_url))
    with cut_off(ledger, before) as ended:
        committed(ledger, "r1", {FIRST: 1, SECOND: 2})
    assert len(ended) == 1
    found = ledger.outputs(environment="dev", table="shop.takings")
    assert [(output.partition_date, output.row_count) for output in found] == [(FIRST, 1), (SECOND, 2)]


def test_what_is_cut_off_at_its_commit_may_be_recorded(postgresql_url, with_tables):
    """Nobody can know then, so it is not tried again, and the message says where to look."""
    ledger = Ledger.create(with_tables(postgresql_url))
    run = record()
    ledger.start_run(run)
    with (
        cut_off(ledger, None),
        pytest.raises(LedgerError, match="recorded, or nothing: type dwh history"),
    ):
        ledger.commit_run(run, {FIRST: 1})
    assert status(ledger) == "started"
    ledger.commit_run(run, {FIRST: 1})
    assert status(ledger) == "committed"


def test_who_reads_and_is_cut_off_is_told_to_try_again(postgresql_url, with_tables):
    """It is no refusal of the database, and it is worth trying again."""
    ledger = Ledger.create(with_tables(postgresql_url))
    with pytest.raises(LedgerCutError, match=r"was cut .*: try again"), ledger.reading() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_transaction_is_tried_again_until_it_lands():
    """What the database undid for another's sake is done again, and its result returned."""
    attempts = []

    @one_transaction
    def work(value: int) -> int:
        attempts.append(value)
        if len(attempts) < 3:
            raise LedgerBusyError("sqlite://", "deadlock detected")
        return value

    assert (work(7), attempts) == (7, [7, 7, 7])


def test_the_same_rows_from_many_at_once(ledger):
    """Those who insert the same rows in another order wait for each other, and all end."""
    names = [{"name": f"t{number}", "sequence": 0} for number in range(50)]

    def insert(number: int) -> None:
        with ledger.writing() as connection:
            insert_if_absent(connection, tables, names[::-1] if number % 2 else names)

    assert at_once(insert) == []


@pytest.mark.breadth
def test_two_processes_create_a_ledger(ledger_url):
    """Processes that create the same ledger at the same time all get it, whole."""
    program = (
        "import sys; from dwh.core.ledger import Ledger; sys.stdin.read();"
        "print(Ledger.create(sys.argv[1]).version())"
    )
    command = [sys.executable, "-c", program, ledger_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for process in started:
        process.stdin.close()
        process.stdin = None
    for process in started:
        out, err = process.communicate(timeout=60)
        assert out.strip() == SCHEMA_VERSION, err
    assert not differences(Ledger.open(ledger_url))


def differences(ledger: Ledger) -> list:
    """Return how the database differs from `schema.metadata`."""
    with sa.create_engine(ledger.url).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "version_table": ledger_version.name}
        )
        return compare_metadata(context, metadata)


def test_migrations_make_the_schema(ledger):
    """The migrations make exactly the tables, columns and indexes that `schema` describes."""
    assert differences(ledger) == []


def test_creating_again_changes_nothing(ledger_url):
    """Creating a ledger that is there keeps what it holds."""
    committed(Ledger.create(ledger_url), "r1", {FIRST: 1})
    assert len(Ledger.create(ledger_url).outputs(environment="dev", table="shop.takings")) == 1


def test_there_is_no_ledger_yet(ledger_url):
    """Opening what is not there says how it comes to be, and makes nothing."""
    with pytest.raises(NoLedgerError, match="there is no ledger yet; the first run or pin creates it"):
        Ledger.open(ledger_url)
    if ledger_url.startswith("sqlite"):
        assert not Path(sa.make_url(ledger_url).database).exists()


@pytest.mark.parametrize(
    ("version", "advice"), [("9999", "pip install --upgrade dwh-core"), ("0000", "dwh ledger upgrade")]
)
def test_another_version(ledger, ledger_url, version, advice):
    """A ledger of another version is neither read nor written; the error says what to do."""
    with sa.create_engine(ledger_url).begin() as connection:
        connection.execute(sa.text(f"UPDATE {ledger_version.name} SET version_num = '{version}'"))
    for method in (Ledger.open, Ledger.create):
        with pytest.raises(LedgerVersionError, match=advice) as caught:
            method(ledger_url)
        assert (caught.value.found, caught.value.needed) == (version, SCHEMA_VERSION)


def test_a_database_shared_with_another_application(ledger_url, tmp_path):
    """Another application's Alembic version in the database is not taken for the ledger's."""
    (tmp_path / "warehouse").mkdir(exist_ok=True)
    with sa.create_engine(ledger_url).begin() as connection:
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('airflow')"))
    assert Ledger.create(ledger_url).version() == SCHEMA_VERSION
    with sa.create_engine(ledger_url).connect() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "airflow"


def test_a_file_that_is_no_database(tmp_path):
    """A file that is no SQLite database is reported as that."""
    (tmp_path / "ledger.db").write_text("hello, I am a text file and not a database at all")
    with pytest.raises(LedgerError, match="file is not a database"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")


def test_a_folder_that_cannot_be_made(tmp_path):
    """A ledger whose folder cannot be made is reported with the reason."""
    (tmp_path / "warehouse").write_text("a file")
    with pytest.raises(LedgerError, match="its folder cannot be made"):
        Ledger.create(f"sqlite:///{tmp_path}/warehouse/below/ledger.db")


def test_a_locked_sqlite(tmp_path, monkeypatch):
    """A SQLite file that stays locked is reported after the wait."""
    monkeypatch.setattr(connecting, "WAIT_SECONDS", 0.1)
    ledger = Ledger.create(f"sqlite:///{tmp_path}/ledger.db")
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LedgerError, match="database is locked"):
        ledger.start_run(record())
    other.close()
    ledger.start_run(record())


def test_a_read_only_sqlite(tmp_path):
    """A SQLite file that may only be read can be read; writing to it is reported."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    committed(Ledger.create(url), "r1", {FIRST: 1})
    ledger = Ledger.open(url)
    sa.event.listen(
        ledger._engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON")
    )
    ledger._engine.dispose()
    assert len(ledger.outputs(environment="dev", table="shop.takings")) == 1
    with pytest.raises(LedgerError, match="readonly database"):
        ledger.start_run(record("r2"))


def test_a_read_only_postgresql(postgresql_url):
    """A PostgreSQL that may only be read can be read; writing to it is reported."""
    Ledger.create(postgresql_url)
    separator = "&" if "?" in postgresql_url else "?"
    ledger = Ledger.open(f"{postgresql_url}{separator}options=-cdefault_transaction_read_only%3Don")
    assert ledger.table_names() == []
    with pytest.raises(LedgerError, match="read-only transaction"):
        ledger.start_run(record())


@pytest.mark.parametrize("method", [Ledger.open, Ledger.create])
def test_a_postgresql_that_is_not_there(method):
    """A PostgreSQL that does not answer is reported without the password."""
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        method("postgresql+psycopg://someone:hunter2@127.0.0.1:1/d")
    assert "hunter2" not in str(caught.value)
    assert "someone:***@127.0.0.1:1" in str(caught.value)


def test_a_database_that_is_not_there(postgresql):
    """A PostgreSQL database that does not exist is reported by name."""
    head, _, query = postgresql.partition("?")
    url = f"{head.rpartition('/')[0]}/missing?{query}".replace("postgresql://", "postgresql+psycopg://")
    with pytest.raises(LedgerError, match='database "missing" does not exist'):
        Ledger.open(url.rstrip("?"))


def test_a_url_that_is_none():
    """A URL that no database has is reported without what it holds."""
    with pytest.raises(LedgerError) as caught:
        Ledger("postgresql+psycopg://u:hunter2@h:port/d")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:///{folder}/ledger.db?colour=hunter2", "SQLite has no parameter colour"),
        ("sqlite:///{folder}/ledger.db?timeout=soon", "could not convert"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/d?colour=hunter2x", "invalid connection option"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:1/d?sslmode=hunter", "sslmode"),
        ("postgresql+psycopg://u:hunter2@127.0.0.1:99999/d", "port"),
        ("postgresql+psycopg://u@127.0.0.1:1/d?password=hunter2&sslpassword=hunter2", "cannot be used"),
        ("postgresql+nosuch://u:hunter2@127.0.0.1/d", "nosuch"),
        ("mysql://u:hunter2@127.0.0.1/d", "cannot be kept in mysql; write sqlite:///FILE or postgresql:"),
        ("nonsense://u:hunter2@127.0.0.1/d", "cannot be kept in nonsense"),
        ("hunter2", "not a database URL"),
        ("", "not a database URL"),
    ],
)
@pytest.mark.parametrize("method", [Ledger.open, Ledger.create])
def test_a_url_that_cannot_be_used(tmp_path, method, url, problem):
    """Whatever is wrong with a URL is said in a line, without its password."""
    (tmp_path / "ledger.db").touch()
    with pytest.raises(LedgerError, match=problem) as caught:
        method(url.format(folder=tmp_path))
    assert "hunter2" not in str(caught.value).replace("colour=hunter2", "")
    assert "\n" not in str(caught.value)


def test_a_missing_driver():
    """A database whose driver is not installed is reported with what to install."""
    with pytest.raises(LedgerError, match=r"pip install 'dwh-core\[postgresql\]'"):
        Ledger("postgresql+pg8000://u@h/d")


def test_receipts_need_their_run(ledger):
    """A receipt without a run is refused by the database, on both."""
    row = {
        "environment": "dev",
        "run_id": "none",
        "partition_date": FIRST,
        "table_name": "t",
        "line": "0.1",
        "sequence": 1,
        "row_count": 1,
    }
    with pytest.raises(sa.exc.IntegrityError), ledger._engine.begin() as connection:
        connection.execute(receipts.insert(), [{**row, "committed_at": datetime.now(timezone.utc)}])


def test_text_that_looks_like_sql(ledger):
    """Text is never read as SQL."""
    reason = "'; DROP TABLE runs; -- \" \\ % :x"
    ledger.start_run(record(started_by=reason, error=None))
    ledger.fail_run("r1", reason)
    (found,) = ledger.find_runs(runs.c.error == reason)
    assert found == replace(found, started_by=reason, error=reason)


@pytest.mark.parametrize("folder", ["a b", "it's", "100%", "ünï", "a#b", "a=b&c", 'qu"ote'])
def test_folders_with_odd_names(tmp_path, folder):
    """A SQLite ledger can lie in a folder of any name."""
    from dwh.core.config import load_config

    root = tmp_path / folder
    root.mkdir()
    ledger = Ledger.create(load_config(root, {}).ledger)
    committed(ledger, "r1", {FIRST: 1})
    assert (root / "warehouse" / "ledger.db").exists()


def test_dates_are_looked_up_one_by_one_in_a_ledger_that_nobody_has_analysed(tmp_path, with_tables):
    """SQLite, which then knows no sizes, does not look through all dates for each output."""
    ledger = Ledger(with_tables(f"sqlite:///{tmp_path}/ledger.db"))
    query = sa.select(receipts.c.run_id).select_from(newest_receipts(environment="e", table="t", line="0.1"))
    with ledger.reading() as connection:
        text = query.compile(connection, compile_kwargs={"literal_binds": True})
        steps = connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}")).all()
    assert [step.detail for step in steps if step.parent == 0][1] == "SCAN days"
