"""What sources name of dwh, how that stands towards the installed lines, and `dwh usage`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dwh.core.errors import UsageError
from dwh.core.line import Line
from dwh.core.lines import installed_lines
from dwh.migrate import usage
from dwh.migrate.usage import UseError, check_uses, find_uses

TODAY = date(2026, 11, 23)


@pytest.fixture
def uses(tmp_path, monkeypatch):
    """Find the uses in a source, as of a day on which line 0.1 has a year to go."""
    monkeypatch.chdir(tmp_path)

    def find(source: str | bytes, **options):
        content = source if isinstance(source, bytes) else source.encode()
        Path("source.py").write_bytes(content)
        return find_uses([Path("source.py")], **{"today": TODAY, **options})

    return find


@pytest.fixture
def lines(monkeypatch):
    """Say of installed lines what a test wants; the others are not installed."""

    def say(**said: Line) -> None:
        real = installed_lines()
        fake = {name: replace(real[name], line=line) for name, line in said.items()}
        monkeypatch.setattr(usage, "installed_lines", lambda: fake)

    return say


@pytest.fixture
def dwh(typed_dwh):
    """Type `dwh`, in this process; the exit code and what it printed."""
    return typed_dwh


def shown(found) -> list[tuple[str, str, str]]:
    """Return what each use names, its line or release, and its state."""
    return [(use.job or use.table, use.release or use.line or "", use.state) for use in found]


MY_JOB = ("my_job", "0.1", "ok")
DELAYS = ("carrier_delays", "0.1", "ok")
WORDS = (
    "dwh run |dwh compare |my_job|@0.1|.2|@|…|--env |--date=| |{{|}}|{|}|$(|`|f'|'|\"|\\\n|\n|\n  |\x1b"
    "|\ud800|with DAG('x'):|read_table(|DwhRunOperator(|job=|**|)|[|]|,| + |import |from |dwh.jobs.|v0_1_0|*"
)
PIECES = st.lists(st.sampled_from(WORDS.split("|"))).map("".join)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from dwh.jobs.v0_1_0.my_job import MyJob as X", [MY_JOB]),
        ("from dwh.jobs.v0_1_0.my_job import MyJob, Other", [MY_JOB]),
        ("import dwh.jobs.v0_1_0.my_job", [MY_JOB]),
        ("import dwh.jobs.v0_1_0.my_job as x, os", [MY_JOB]),
        ("from dwh.jobs.v0_1_0 import my_job, carrier_delays as c", [MY_JOB, DELAYS]),
        ("def f():\n  if x:\n    from dwh.jobs.v0_1_0.my_job import MyJob", [MY_JOB]),
        ("importlib.import_module('dwh.jobs.v0_1_0.my_job')", [MY_JOB]),
        ("x = 'dwh.jobs.v0_1_0.my_job:MyJob'", [MY_JOB]),
        ("BashOperator(bash_command='python -m dwh.jobs.v0_1_0.my_job')", [MY_JOB]),
        ("from dwh.jobs.v0_1_0 import LINE", [("", "0.1", "ok")]),
        ("from dwh.jobs.v0_1_0 import *", [("", "0.1", "ok")]),
        ("from dwh.jobs import v0_1_0", [("", "0.1", "ok")]),
        ("from dwh.jobs.v0_1_0._inputs import FLIGHTS", [("", "0.1", "ok")]),
        ("from dwh.jobs.v0_1_0 import missing", [("missing", "0.1", "unknown job")]),
        ("from dwh.jobs.v0_9_0.my_job import MyJob", [("my_job", "0.9", "not installed")]),
        ("from dwh.jobs.v12_3_4.my_job import MyJob", [("my_job", "12.3", "not installed")]),
        ("from dwh.jobs.my_job import MyJob", [("my_job", "", "no version")]),
        ("import_module(f'dwh.jobs.{line}.my_job')", [("", "", "cannot be read")]),
        ("import_module('dwh.jobs.' + line + '.my_job')", [("", "", "cannot be read")]),
        ("import_module('dwh.jobs.{}.my_job'.format(line))", [("", "", "cannot be read")]),
        ("import_module(f'dwh.jobs.v0_1_0.{job}')", [("", "0.1", "ok")]),
        ("from .jobs.v0_1_0 import my_job\nimport dwh.jobs, dwh.core, xdwh.jobs.v0_1_0.my_job", []),
    ],
)
def test_imports_name_a_job_in_a_line(uses, source, found):
    """An import path holds the line's label, whether it stands in a statement or in a text."""
    assert shown(uses(source)) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Operator(job='carrier_delays@0.1')", [DELAYS]),
        ("x = ['carrier_delays@0.1.1']", [("carrier_delays", "0.1.1", "ok")]),
        ("x = {'ref': 'carrier_delays@0.1.0'}", [("carrier_delays", "0.1.0", "not installed")]),
        ("x = 'carrier_delays@0.7'", [("carrier_delays", "0.7", "not installed")]),
        ("x = 'carier_delays@0.1'", [("carier_delays", "0.1", "unknown job")]),
        (
            "x = 'delay_causes@0.1', 'delay_causes@0.2'",
            [("delay_causes", "0.1", "unknown job"), ("delay_causes", "0.2", "ok")],
        ),
        ("x = 'carrier_delays@1.4.2'", [("carrier_delays", "1.4.2", "not installed")]),
        ("x = f'{job}@0.1'", [("", "0.1", "ok")]),
        ("x = '{{ params.job }}@0.1'", [("", "0.1", "ok")]),
        ("LINE = '0.1'\nx = f'carrier_delays@{LINE}'", [DELAYS]),
        ("x = 'carrier_' 'delays' + '@0.1'", [DELAYS]),
        ("'''carrier_delays@0.1'''\ndef f():\n  'carrier_delays@0.1'", []),
        ("x = 'lodash@4.17', 'me@example.org', 'Carrier@0.1', 'see carrier_delays@0.1'", []),
        ("x = f'{user}@{host}'", []),
    ],
)
def test_references_are_whole_texts(uses, source, found):
    """A reference counts wherever it stands, if its job or its line is known, except in a docstring."""
    assert shown(uses(source)) == found


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("dwh run carrier_delays@0.1 --date {{ ds }}", [DELAYS]),
        ("cd /opt && /opt/venv/bin/dwh run 'carrier_delays@0.1'; echo done", [DELAYS]),
        ("dwh run --date {{ ds | f }} --json carrier_delays@0.1", [DELAYS]),
        ("dwh run \\\n  carrier_delays@0.1 \\\n  --date 2013-01-01", [DELAYS]),
        ("dwh backfill my_job@0.1 --from x\ndwh run carrier_delays@0.1", [MY_JOB, DELAYS]),
        ("dwh compare my_job@0.1 carrier_delays@0.1 --run", [MY_JOB, DELAYS]),
        ("dwh compare flights.t@0.1 20261122-135339-f5cda891 --json", [("flights.t", "0.1", "ok")]),
        ("dwh compare ./before ./after --key id", []),
        ("dwh run carrier_delays --date {{ ds }}", [("carrier_delays", "", "no version")]),
        ("dwh run unknown_job --date {{ ds }}", [("unknown_job", "", "no version")]),
        ("dwh run carrier_delays --env prod --date {{ ds }}", [("carrier_delays", "", "environment")]),
        ("dwh run --date d --env=$ENVIRONMENT carrier_delays", [("carrier_delays", "", "environment")]),
        ("dwh run {{ params.job }} --env prod --date d", [("", "", "environment")]),
        ("dwh run carier_delays --env prod --date d", [("carier_delays", "", "unknown job")]),
        ("dwh run carrier_delays --version 0.1 --date d", [DELAYS]),
        (
            "dwh run carrier_delays --env prod --version current --date d",
            [("carrier_delays", "", "environment")],
        ),
        ("dwh run carrier_delays@$LINE --date d", [("carrier_delays", "", "cannot be read")]),
        ("dwh run carrier_delays@{} --env prod --date d", [("carrier_delays", "", "cannot be read")]),
        ("dwh run ${JOB} $(dates)", [("", "", "cannot be read")]),
        ("dwh run %s@0.1", [("", "0.1", "ok")]),
        ("dwh run failed. See dwh compare for more, or `dwh run my_job --date d`", []),
        ("dwh jobs; dwh history flights.carrier_delays", []),
    ],
)
def test_commands_name_what_they_run(uses, command, found):
    """`dwh run`, `backfill` and `compare` count in any text, where they are commands and not prose."""
    assert shown(uses(f"BashOperator(bash_command={command!r})")) == found


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("DwhRunOperator(job='carrier_delays@0.1')", [DELAYS]),
        ("DwhRunOperator(job='carrier_delays@0.1', environment='prod')", [DELAYS]),
        ("DwhRunOperator(job='carrier_delays', environment='prod')", [("carrier_delays", "", "environment")]),
        ("DwhRunOperator(job='carrier_delays', environment=ENV)", [("carrier_delays", "", "environment")]),
        ("DwhRunOperator(job='carier', environment='prod')", [("carier", "", "unknown job")]),
        ("DwhRunOperator(job='carrier_delays', version='0.1')", [DELAYS]),
        ("DwhRunOperator(job='carrier_delays')", [("carrier_delays", "", "no version")]),
        ("DwhRunOperator(job='carrier_delays', environment=None)", [("carrier_delays", "", "no version")]),
        ("DwhRunOperator(job='carrier_delays', **more)", [("carrier_delays", "", "cannot be read")]),
        ("DwhRunOperator(job=job)", [("", "", "cannot be read")]),
        ("DwhRunOperator(job=job, environment='prod')", [("", "", "environment")]),
        ("DwhRunOperator(job=f'{job}@0.1')", [("", "0.1", "ok")]),
        ("DwhRunOperator(job=f'carrier_delays@{line}')", [("carrier_delays", "", "cannot be read")]),
        ("DwhRunOperator.partial(job='carrier_delays@0.1').expand(date=days)", [DELAYS]),
        ("Op(job='carrier_delays')", [("carrier_delays", "", "no version")]),
        ("find_job('carrier_delays@0.1')", [DELAYS]),
        ("find_job('carrier_delays')", [("carrier_delays", "", "no version")]),
        ("core.find_job(reference=sys.argv[1])", [("", "", "cannot be read")]),
        ("read_table(spark, 'flights.t', line='0.1')", [("flights.t", "0.1", "ok")]),
        ("dwh.core.read_table(spark, name='flights.t', line=LINE)", [("flights.t", "0.1", "ok")]),
        ("read_table(spark, 'flights.t', line='0.8')", [("flights.t", "0.8", "not installed")]),
        ("read_table(spark, 'flights.t', line=line)", [("flights.t", "", "cannot be read")]),
        ("read_table(spark, 'flights.t', environment='prod')", [("flights.t", "", "environment")]),
        ("read_table(spark, 'flights.t')", [("flights.t", "", "no version")]),
        ("read_table(spark, 'flights.t', **more)", [("flights.t", "", "cannot be read")]),
        ("read_table(spark, table, line='0.1')", [("", "0.1", "ok")]),
        ("read_table(spark, table)", [("", "", "no version")]),
        ("pandas.read_table('flights.tsv')", []),
        (
            "subprocess.run(['dwh', 'run', 'carrier_delays', '--date', ds])",
            [("carrier_delays", "", "no version")],
        ),
        ("subprocess.run(['dwh', 'run', 'carrier_delays@0.1', '--date', ds])", [DELAYS]),
    ],
)
def test_calls_name_a_line_or_an_environment(uses, call, found):
    """What dwh is called with names a line, leaves it to an environment, or does neither."""
    imports = (
        "import dwh.core\nfrom dwh import core\nfrom dwh.core import *\n"
        "from dwh.airflow import DwhRunOperator as Op\nLINE = '0.1'\n"
    )
    assert shown(uses(imports + call)) == found


def test_a_function_that_only_sounds_like_dwh_is_none(uses):
    """`read_table` and `find_job` count where they come from dwh."""
    assert uses("from pandas import read_table\nread_table('x')\nfind_job('y')") == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("REF = 'carrier_delays@0.1'\nf(REF)\ng(REF)", [(2, *DELAYS), (3, *DELAYS)]),
        ("REF = 'carrier_delays@0.1'", [(1, *DELAYS)]),
        ("REF: str = 'carrier_delays@0.1'\nf(f'dwh run {REF} --date d')", [(2, *DELAYS)]),
        ("LINE = '0.1'\nREF = 'carrier_delays@' + LINE\nDwhRunOperator(job=REF)", [(3, *DELAYS)]),
        (
            "REF = 'carrier_delays@0.1'\ndef f(REF):\n  DwhRunOperator(job=REF)",
            [(1, *DELAYS), (3, "", "", "cannot be read")],
        ),
        ("LINE = '0.1'\nLINE = x\nDwhRunOperator(job=f'{job}@{LINE}')", [(3, "", "", "cannot be read")]),
    ],
)
def test_a_constant_counts_where_it_is_used(uses, source, found):
    """A text that the module names once is followed; a name that anything else binds is not."""
    assert [
        (use.line_number, *row) for use, row in zip(uses(source), shown(uses(source)), strict=True)
    ] == found


@pytest.mark.parametrize(
    ("source", "dags"),
    [
        ("f('my_job@0.1')", [""]),
        ("with DAG('one'):\n  f('my_job@0.1')", ["one"]),
        ("with models.DAG(dag_id='one') as dag, x:\n  with TaskGroup('g'):\n    f('my_job@0.1')", ["one"]),
        ("async def g():\n  async with DAG('one'): f('my_job@0.1')", ["one"]),
        ("NAME = 'one'\nwith DAG(NAME): f('my_job@0.1')", ["one"]),
        ("with DAG(f'{team}_daily'): f('my_job@0.1')", ["…_daily"]),
        ("with DAG(name()): f('my_job@0.1')", ["…"]),
        ("dag = DAG('one')\nwith dag: f('my_job@0.1')", ["one"]),
        ("@dag\ndef one():\n  f('my_job@0.1')", ["one"]),
        ("@dag(schedule=None)\ndef one(): f('my_job@0.1')", ["one"]),
        ("@decorators.dag(dag_id='one')\ndef x(): f('my_job@0.1')", ["one"]),
        ("@dag('one')\ndef x(): f('my_job@0.1')", ["one"]),
        ("from dwh.jobs.v0_1_0 import my_job\nwith DAG('b'): pass\n@dag\ndef a(): pass", ["b, a"]),
        ("with DAG('a'): f('my_job@0.1')\nwith DAG('b'): f('my_job@0.2')", ["a", "b"]),
        ("a, b = 1, DAG('b')\na = DAG('a')\nf('my_job@0.1', dag=a)\nf('my_job@0.1')", ["a", "b, a"]),
    ],
)
def test_a_use_belongs_to_the_dag_around_it(uses, source, dags):
    """A use in a DAG's block, function or `dag=` is that DAG's; another is of all DAGs of the file."""
    assert [use.dag for use in uses(source)] == dags


@pytest.mark.parametrize(
    ("said", "state", "passes"),
    [
        (Line("main"), "ok", True),
        (Line("maintenance", ends=date(2027, 2, 22)), "ok", True),
        (Line("maintenance", ends=date(2027, 2, 21)), "ending", False),
        (Line("maintenance", ends=TODAY), "ending", False),
        (Line("maintenance", ends=date(2026, 11, 22)), "ended", False),
        (Line("ended"), "ended", False),
        (Line("ended", ends=date(2030, 1, 1)), "ended", False),
    ],
)
def test_a_line_has_a_state_and_an_end(uses, lines, said, state, passes):
    """A line is ended by its status or after its last day, and about to end within 90 days of it."""
    lines(**{"0.1": said})
    [use] = uses("x = 'my_job@0.1'")
    assert (use.state, use.ends, use.passes) == (state, said.ends, passes)


def test_within_says_when_a_line_is_about_to_end(uses, lines):
    """More or fewer days can be asked for."""
    lines(**{"0.1": Line("maintenance", ends=date(2026, 12, 3))})
    assert [uses("x = 'my_job@0.1'", within=days)[0].state for days in (9, 10)] == ["ok", "ending"]


def test_without_installed_lines_nothing_passes_unjudged(uses, lines):
    """Where no line is installed, every reference is listed as not installed."""
    lines()
    assert shown(uses("x = 'some_job@0.1', f'dwh run x --env prod --date {d}'")) == [
        ("some_job", "0.1", "not installed"),
        ("x", "", "environment"),
    ]


def test_a_line_that_is_broken_is_not_called_missing(uses, installed_line):
    """A line that is installed and cannot be imported is broken, and others are held as they stand."""
    installed_line("7.2", init="1 / 0\n")
    assert shown(uses("x = 'takings@7.2', 'my_job@0.2'")) == [
        ("takings", "7.2", "broken"),
        ("my_job", "0.2", "ok"),
    ]


def test_a_line_is_known_by_its_package(uses, monkeypatch):
    """The installed line's own package counts, however it is called."""
    elsewhere = replace(installed_lines()["0.1"], package="json")
    monkeypatch.setattr(usage, "installed_lines", lambda: {"0.1": elsewhere})
    assert shown(uses("from json.decoder import x")) == [("decoder", "0.1", "ok")]


def test_a_use_says_where_and_how_it_is_written(uses):
    """A use has its place, and as much of what is written as says what it names."""
    source = (
        "from dwh.jobs.v0_2_0 import (\n  my_job as x,\n)\n"
        "Op = DwhRunOperator(task_id='a', job='my_job',\n  environment='prod', retries=3)\n"
        "Bash('cd x; dwh run my_job --date {{ ds }} --env=prod')\n"
    )
    assert [(use.place, use.written) for use in uses(source)] == [
        ("source.py:2", "from dwh.jobs.v0_2_0 import my_job"),
        ("source.py:4", "DwhRunOperator(job='my_job', environment='prod')"),
        ("source.py:6", "dwh run my_job --env prod"),
    ]


@pytest.mark.parametrize(
    ("source", "line_number", "why"),
    [
        (b"x = 1\ndef f(:\n", 2, "invalid syntax"),
        (b"\xff\xfe", 0, "decode"),
        (b"# coding: klingon\n", 0, "klingon"),
        (b"x = '\0'", 0, "null bytes"),
        (b"x = " + b"-" * 200_000 + b"1", 0, "nested too deeply"),
        (b"x = " + b"1+" * 20_000 + b"1", 0, "nested too deeply"),
        (b"#" * 2_000_001, 0, "larger than 2,000,000 bytes"),
    ],
)
def test_a_source_that_cannot_be_read_is_reported(uses, source, line_number, why):
    """A file that is no Python, or too much of it, is a use that does not pass."""
    [use] = uses(source)
    assert (use.state, use.passes) == ("cannot be read", False)
    assert why in use.written
    if line_number:
        assert use.line_number == line_number


def test_a_source_has_the_encoding_it_declares(uses):
    """A coding cookie counts, as it does for Python."""
    [use] = uses("# coding: latin-1\nwith DAG('é'): f('my_job@0.1')".encode("latin-1"))
    assert use.dag == "é"


def test_reading_is_quiet_and_runs_nothing(uses, recwarn, tmp_path):
    """A source is not run, and what Python would warn of in it is not ours to say."""
    assert shown(uses("open('ran', 'w')\nimport dwh.jobs.v0_1_0.my_job\nx = '\\d'")) == [MY_JOB]
    assert not (tmp_path / "ran").exists()
    assert not recwarn.list


def test_a_few_lines_cannot_fill_the_memory(uses):
    """Texts that are put together grow only so far."""
    doubled = "".join(f"X{n + 1} = X{n} + X{n}\n" for n in range(60))
    assert shown(uses(f"X0 = 'carrier_delays@0.1'\n{doubled}f(X0)"))[-1] == DELAYS


@settings(max_examples=100, deadline=None)
@given(
    st.binary()
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | PIECES.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | PIECES.map(lambda text: f"f({text!r})\nDwhRunOperator(job={text!r}, version=x)\nDAG({text!r})".encode())
)
@example(b"with DAG('\\ud800\\x1b[2J'): f('my_job@0.1')")
@example(b"from dwh.core import read_table\nread_table(s, '\\ud800')")
def test_any_file_is_read_or_reported(content):
    """Whatever a file holds, reading it ends in uses that can be printed and written as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source.py")
        source.write_bytes(content)
        for use in find_uses([source], today=TODAY):
            json.dumps(asdict(use), default=str, ensure_ascii=False).encode()


def test_folders_are_searched_in_order(tmp_path, monkeypatch):
    """Every *.py below a folder is read, sorted, except where nobody keeps sources."""
    for name in (
        "b/z.py",
        "b/a.py",
        "a.py",
        "b/c/x.py",
        "b/note.txt",
        ".git/x.py",
        "b/__pycache__/x.py",
        "env/l/x.py",
    ):
        path = tmp_path / "dags" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 'my_job@0.1'")
    (tmp_path / "dags" / "env" / "pyvenv.cfg").touch()
    (tmp_path / "dags" / "b" / "loop").symlink_to(tmp_path / "dags")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "y.py").write_text("x = 'my_job@0.1'")
    (tmp_path / "dags" / "linked").symlink_to(tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path)
    expected = ["dags/a.py", "dags/b/a.py", "dags/b/z.py", "dags/b/c/x.py", "dags/linked/y.py"]
    assert [use.path for use in find_uses([Path("dags/"), Path("dags/a.py")])] == expected
    assert [use.path for use in find_uses([Path(".git"), Path("dags/b/note.txt")][1:])] == ["dags/b/note.txt"]


def test_what_is_no_file_is_reported_and_not_waited_for(tmp_path):
    """A pipe, a link to nowhere and a name that is not text stop nobody."""
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "link.py").symlink_to(tmp_path / "nowhere")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).write_text("x = 'my_job@0.1'")
    found = [(Path(use.path).name, use.state) for use in find_uses([tmp_path])]
    assert found == [("link.py", "cannot be read"), ("pipe.py", "cannot be read"), ("\ufffd.py", "ok")]


def test_a_path_that_is_not_there_is_refused(tmp_path):
    """A mistyped path is not a folder in which nothing was found."""
    with pytest.raises(UsageError, match=r"no .*dogs; type: dwh usage PATH"):
        find_uses([tmp_path / "dogs"])


def test_a_check_counts_what_does_not_pass_and_says_what_to_do(uses):
    """The error has a line for each reason, with a remedy."""
    check_uses(uses("x = 'my_job@0.2'"))
    found = uses("x = 'my_job@0.2', 'my_job@0.9'\nDwhRunOperator(job='my_job')\nDwhRunOperator(job='x')")
    with pytest.raises(UseError) as refused:
        check_uses(found)
    head, *reasons = refused.value.message.splitlines()
    assert head == "3 of 4 places do not pass"
    assert [reason.partition(":")[0] for reason in reasons] == ["1 not installed", "2 no version"]
    assert refused.value.uses == tuple(found)
    with pytest.raises(UseError, match=r"\] 1 of 1 place does not pass\n"):
        check_uses(uses("DwhRunOperator(job='x')"))


def test_the_command_prints_a_table(dwh, tmp_path, monkeypatch):
    """`dwh usage` prints a row for each place, in which nothing acts on the terminal."""
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("with DAG('one\\x1b[2J'): f('my_job@0.2')\n")
    code, printed, _ = dwh("usage", "a.py")
    assert code == 0
    assert [line.split() for line in printed.splitlines()] == [
        ["place", "dag", "job", "or", "table", "line", "state", "ends", "written"],
        ["a.py:1", "one\\x1b[2J", "my_job", "0.2", "ok", "my_job@0.2"],
    ]


def test_the_command_prints_json(dwh, tmp_path, monkeypatch):
    """`dwh usage --json` prints a list of objects."""
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x = 'my_job@0.1.1'\n")
    _, printed, _ = dwh("usage", "a.py", "--json", "--within", "0")
    assert json.loads(printed) == [
        {
            "path": "a.py",
            "line_number": 1,
            "dag": "",
            "job": "my_job",
            "table": "",
            "line": "0.1",
            "release": "0.1.1",
            "written": "my_job@0.1.1",
            "state": "ok",
            "ends": "2027-12-31",
        }
    ]


@pytest.mark.parametrize(
    ("sources", "code", "said"),
    [
        (["x = 'my_job@0.2'"], 0, ""),
        (["DwhRunOperator(job='my_job', environment='prod')"], 0, ""),
        (["x = 1"], 0, "nothing"),
        ([], 0, "nothing"),
        (["DwhRunOperator(job='my_job')"], 1, "no version"),
        (["DwhRunOperator(job=job)"], 1, "cannot be read"),
        (["x = 'my_job@0.9'"], 1, "not installed"),
        (["x = 'nobodys_job@0.2'"], 1, "unknown job"),
        (["x = 'my_job@0.1'"], 1, "ended"),
        (["def f(:", "x = 'my_job@0.2'"], 1, "1 of 2 places"),
    ],
)
def test_a_check_is_an_exit_code(dwh, lines, tmp_path, sources, code, said):
    """`--check` exits with 1 when a place does not pass; without it, looking is all."""
    lines(**{"0.1": Line("ended"), "0.2": Line("main")})
    for number, source in enumerate(sources):
        (tmp_path / f"{number}.py").write_text(source)
    found = dwh("usage", str(tmp_path), "--check")
    assert found[0] == code
    assert said in found[2]
    assert dwh("usage", str(tmp_path))[0] == 0


def test_a_mistyped_path_exits_with_2(dwh):
    """A path that is not there is the caller's mistake."""
    code, printed, said = dwh("usage", "no/such/folder", "--check")
    assert (code, printed) == (2, "")
    assert "no/such/folder; type: dwh usage PATH" in said
    assert dwh("usage")[0] == 2


def test_reading_sources_costs_no_spark(tmp_path):
    """`dwh usage` imports neither pyspark nor the database library, nor the jobs that it finds."""
    (tmp_path / "a.py").write_text("import dwh.jobs.v0_1_0.my_job")
    code = (
        "import sys; from dwh.migrate.cli import main\n"
        "main()\n"
        "sys.exit(any(name in sys.modules for name in ('pyspark', 'sqlalchemy', 'dwh.jobs.v0_1_0.my_job')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "usage", str(tmp_path)], capture_output=True, text=True
    )
    assert (done.returncode, "my_job" in done.stdout) == (0, True), done.stderr
