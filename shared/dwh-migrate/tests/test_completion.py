"""What the shells offer: commands, options and names, as quick as they are typed, and never an error."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
from fabricate import DAYS, write

from dwh.migrate import cli
from dwh.migrate.completion import SHELLS, completed, script
from dwh.migrate.rollout import pin

DWH = f'dwh() {{ {sys.executable} -c "from dwh.migrate.cli import main; main()" "$@"; }}\n'


@pytest.fixture
def home(warehouse, tmp_path, monkeypatch):
    """A folder whose warehouse has a table, a run in staging, and a pin in prod."""
    write(warehouse, "takings@7.1", DAYS[0], environment="staging")
    pin(warehouse, job="takings", line="7.1", environment="prod", reason="where we start")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DWH_CATALOGS", 'lake.type = "sql"')
    return tmp_path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dwh roll", ["rollout"]),
        ("rollout ad", ["advance"]),
        ("show --as", ["--as-of"]),
        ("run taki", ["takings", "takings@7.0", "takings@7.1", "takings@7.2", "takings@7.3", "takings@7.4"]),
        ("compare takings@7.1 takings@7.2", ["takings@7.2"]),
        ("history ", ["shop.takings"]),
        ("adopt sh", ["shop.sales", "shop.takings"]),
        ("catalog sync ", ["shop.takings"]),
        ("catalog sync --catalog ", ["lake"]),
        ("rollout plan takings 7.1 7.", ["7.0", "7.1", "7.2", "7.3", "7.4"]),
        ("pins --env ", ["dev", "prod", "staging"]),
        ("promote takings@7.1 --from s", ["staging"]),
        ("run takings --version o", ["original"]),
        ("deploy glue takings@7.1", ["takings@7.1.0"]),
        ("venv create dwh-v7_1", ["dwh-v7_1==7.1.0"]),
        ('pin takings 7.1 --reason "where we', []),
    ],
)
def test_names_come_from_lines_and_ledger(home, line, offered):
    """Each argument is offered what it can be."""
    assert completed(cli.dwh, line) == offered


def test_a_path_is_completed_too(tmp_path, monkeypatch):
    """`dwh compare` takes paths: what holds a slash is one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "before").mkdir()
    (tmp_path / "before.csv").touch()
    assert completed(cli.dwh, "compare ./be") == ["./before/", "./before.csv"]


@pytest.mark.parametrize("text", [None, "engine = 1", 'ledger = "postgresql://nobody@127.0.0.1:1/none"'])
def test_completing_changes_and_says_nothing(tmp_path, monkeypatch, capsys, text):
    """Without a ledger, with one that cannot be reached or a broken file, there is nothing to offer."""
    monkeypatch.chdir(tmp_path)
    if text:
        (tmp_path / "dwh.toml").write_text(text)
    before = sorted(tmp_path.rglob("*"))
    assert completed(cli.dwh, "history ") == []
    assert capsys.readouterr() == ("", "")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_the_script(shell, tmp_path):
    """What `dwh completion` prints is free of mistakes, where the shell is here to say so."""
    text = script(cli.dwh, shell)
    assert "_DWH_COMPLETE" in text
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(text)
        done = subprocess.run([shell, "-n", file], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes(home):
    """A real bash, for which @ ends a word, gets what it has to add to the line."""
    ask = """
for COMP_LINE in 'dwh pi' 'dwh show --li'; do
    COMP_POINT=${#COMP_LINE} COMPREPLY=()
    _dwh_completion dwh
    printf '%s\\n' "${COMPREPLY[@]}"
done
line='dwh compare carrier_delays@0'
COMP_LINE=$line COMP_POINT=${#line}
_dwh_completion dwh
printf '%s\\n' "${COMPREPLY[@]}"
"""
    done = subprocess.run(
        ["bash", "-c", DWH + script(cli.dwh, "bash") + ask], capture_output=True, text=True, cwd=home
    )
    assert done.stdout.split() == ["pin", "pins", "--line", "--limit", "0.1", "0.2"]
    assert done.stderr == ""


def test_the_command_prints_the_script(typed_dwh):
    """`dwh completion` prints what the shell reads; of other shells it names those that it knows."""
    assert typed_dwh("completion", "bash") == (0, script(cli.dwh, "bash") + "\n", "")
    code, printed, said = typed_dwh("completion", "tcsh")
    assert (code, printed) == (2, "") and "'bash', 'zsh', 'fish'" in said
