"""The script that platforms start: its arguments, its answers, and what it must not be confused by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dwh.core import entry
from dwh.core.ledger.schema import runs

DAY = "2024-01-01"
GLUE = [
    *("--job-bookmark-option", "job-bookmark-disable", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_2"),
    *("--JOB_NAME", "nightly", "--TempDir", "s3://bucket/tmp", "--enable-metrics", "true"),
    *(
        "--additional-python-modules=dwh-core==0.1.0",
        "--python-modules-installer-option",
        "--no-deps --no-index",
    ),
    "--enable-metrics",
    *("--WORKFLOW_NAME", "nightly", "--WORKFLOW_RUN_ID", "wr_3", "--auto-scale-within-microbatch=true"),
]
# The job parameters that AWS documents for Glue, those that it reserves, and those that workflows add.
GLUES_OWN = """
additional-python-modules auto-scale-within-microbatch class conf continuous-log-conversionPattern
continuous-log-logGroup continuous-log-logStreamPrefix customer-driver-env-vars customer-executor-env-vars
datalake-formats debug disable-proxy-v2 enable-auto-scaling enable-continuous-cloudwatch-log
enable-continuous-log-filter enable-glue-datacatalog enable-job-insights enable-metrics
enable-lakeformation-fine-grained-access enable-observability-metrics enable-rename-algorithm-v2
enable-s3-parquet-optimized-committer enable-spark-ui executor-cores extra-files extra-jars extra-py-files
job-bookmark-from job-bookmark-option job-bookmark-to job-language JOB_ID JOB_NAME JOB_RUN_ID mode
python-modules-installer-option scriptLocation SECURITY_CONFIGURATION spark-event-logs-path TempDir
use-postgres-driver user-jars-first WORKFLOW_NAME WORKFLOW_RUN_ID write-shuffle-files-to-s3
write-shuffle-spills-to-s3
"""
Start = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(installed_line, takings, warehouse, tmp_path: Path, site: Path) -> Start:
    """Start the script as a process, in the folder of a configuration, where a line is installed."""
    settings = '[spark]\n"spark.master" = "local[1]"\n'
    config = tmp_path / "dwh.toml"
    config.write_text(config.read_text() + settings)
    installed_line("7.1", {"takings": takings()})

    def process(*words: str, script: tuple[str, ...] = (entry.__file__,)) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *script, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=180,
        )

    return process


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what the script says of arguments that it must refuse, in one line."""
    assert entry.main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: [DWH") and err.count("\n") == 1
    return err


@pytest.mark.breadth
def test_a_job_runs_with_the_arguments_that_glue_gives(start, warehouse, tmp_path):
    """A copy, such as a bucket holds, finds the installed dwh.core and runs as Glue runs it.

    The receipt is a line on standard output, and in a file.
    """
    copy = tmp_path / "scripts" / "start.py"
    copy.parent.mkdir()
    copy.write_text(Path(entry.__file__).read_text())
    words = ("--job", "takings@7.1", "--date", DAY, *GLUE, "--receipt", "receipt.json")
    done = start(*words, script=(str(copy),))
    assert done.returncode == 0, done.stderr
    receipt = json.loads(done.stdout)
    assert json.loads((tmp_path / "receipt.json").read_text()) == receipt
    (run,) = warehouse.ledger.find_runs(runs.c.status == "committed")
    assert (receipt["run"], receipt["release"], receipt["rows"]) == (run.id, "7.1.0", 2)
    assert not list(tmp_path.glob("*.new"))


def test_a_failed_run_exits_with_1(spark, config, installed_line, tmp_path, monkeypatch, capsys):
    """And says in a line what failed, and that nothing of it is visible."""
    installed_line("7.1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "landing" / "orders" / f"day={DAY}" / "part.csv").write_text("shop,amount\nnorth,many\n")
    assert entry.main(["--job", "takings@7.1.0", "--date", DAY]) == 1
    out, err = capsys.readouterr()
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert out == "" and len(errors) == 1
    assert "takings@7.1.0 failed" in errors[0] and "nothing of it is visible" in errors[0]
    assert "Traceback" not in err


@pytest.mark.parametrize("script", [(entry.__file__,), ("-m", "dwh.core.entry")])
def test_the_script_says_where_it_is(start, script):
    """`--path` prints the file, started as a file or as a module."""
    done = start("--path", script=script)
    assert (done.returncode, done.stdout) == (0, f"{Path(entry.__file__).resolve()}\n")


def test_modules_of_dwh_core_shadow_nothing(tmp_path):
    """A script's folder comes first on the path; here it does not, so that `import config` is the user's."""
    (tmp_path / "config.py").write_text("print('mine')")
    code = (
        "import runpy, sys; sys.argv[1:] = ['--path']; "
        f"runpy.run_path({entry.__file__!r}, run_name='__main__'); import config"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(entry.__file__).parent), str(tmp_path)]),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "mine", done.stderr


@pytest.mark.parametrize("name", GLUES_OWN.split())
def test_what_glue_adds_is_not_ours(capsys, name):
    """Whatever Glue or a workflow of Glue appends, before or after ours and in both forms, is passed over."""
    for added in ((f"--{name}", "a value"), (f"--{name}=a value",), (f"--{name}", "--dashes")):
        said = refusal(capsys, *added, "--job", "takings@6.9", "--date", DAY, *added)
        assert "line 6.9 is not installed" in said


def test_glues_name_of_a_job_is_not_ours(capsys):
    """`--JOB_NAME` alone names no job."""
    assert "--job is missing" in refusal(capsys, "--JOB_NAME", "takings@7.1", "--date", DAY)


@pytest.mark.parametrize(
    "words",
    [
        *(("--enviroment", "prod"), ("stray",), ("--env", "prod"), ("--classy", "x")),
        *(("--workflow_name", "x"), ("--ledger_secret", "x"), ("--dates", "2024-01-01")),
    ],
)
def test_an_unknown_argument_is_refused(capsys, words):
    """What is neither ours nor Glue's is refused, and what is allowed is said."""
    said = refusal(capsys, "--job", "takings@7.1", *words, *GLUE)
    assert f"unknown argument: {' '.join(words)}; allowed: " in said and "--environment" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--job", "takings@7.1"], "no logical date was given"),
        (["--job", "takings@7.1", "--date", "yesterday"], "not a logical date"),
        (["--job", "takings", "--date", DAY], "not a valid reference"),
        (["--job", "takings@6.9", "--date", DAY], "line 6.9 is not installed"),
        (["--job", "takings@7.1", "--date"], "--date: expected one argument"),
        (["--job", "takings@7.1", "--date", DAY, "--config", "no.toml"], "no.toml"),
    ],
)
def test_mistakes_are_told_in_a_line(capsys, installed_line, tmp_path, monkeypatch, words, said):
    """A mistake exits with 2 before Spark starts."""
    monkeypatch.chdir(tmp_path)
    installed_line("7.1")
    assert said in refusal(capsys, *words)


@pytest.mark.parametrize("name", ["environment", "warehouse", "ledger", "config", "ledger-secret", "receipt"])
def test_an_empty_argument_is_not_the_default(capsys, name):
    """A template that came to nothing would else run prod's job in dev."""
    said = refusal(capsys, "--job", "takings@7.1", "--date", DAY, f"--{name}", "")
    assert f"argument --{name}: it is empty; leave it out for the default" in said


def test_arguments_go_over_the_variables(capsys, installed_line, monkeypatch, tmp_path):
    """`--warehouse`, `--environment` and `--ledger` count, whatever the variables say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH_LEDGER", "sqlite:///theirs/ledger.db")
    installed_line("7.1")
    named = ("--ledger", "sqlite:///mine/ledger.db", "--environment", "prod", "--warehouse", "there")
    (tmp_path / "dwh.toml").write_text('[sources.orders]\nformat = "dwh"\n')
    assert entry.main(["--job", "takings@7.1", "--date", DAY, *named]) == 1
    assert "input orders" in capsys.readouterr().err
    assert (tmp_path / "mine" / "ledger.db").exists() and not (tmp_path / "theirs").exists()
