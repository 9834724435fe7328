"""Bundles: what executors import, the same bytes each time, and never another release than was asked for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from click.testing import CliRunner

from dwh.core.errors import UsageError
from dwh.deploy.bundle import BundleError, make_bundle, write_bundle
from dwh.migrate.cli import dwh
from dwh.migrate.completion import completed

pytestmark = pytest.mark.smoke

IMPORTS = """
from importlib.metadata import entry_points, version
from dwh.core.lines import installed_lines
from dwh.core.provenance import provenance
import dwh.core, dwh.jobs.v7_1_0, dwh.jobs.v7_2_0

print(dwh.jobs.v7_1_0.__file__)
print(sorted(entry.name for entry in entry_points(group="dwh.lines")))
print([(line.name, line.release) for line in installed_lines().values()])
print(provenance("dwh-v7_1", "dwh.jobs.v7_1_0").state)
"""

LEDGER = """
import dwh.core
from dwh.core.ledger import Ledger

assert ".zip" in dwh.core.__file__, dwh.core.__file__
print(Ledger.create("sqlite:///ledger.db").version() is not None)
"""


@pytest.fixture
def two_lines(installed_line, takings) -> None:
    """Install lines 7.1 and 7.2."""
    for line in ("7.1", "7.2"):
        installed_line(line, {"takings": takings()})


def test_python_imports_lines_from_bundles(two_lines, tmp_path):
    """A Python with nothing installed imports two lines from two bundles, and knows what they are."""
    paths = []
    for line in ("7.1", "7.2"):
        bundle = make_bundle(f"dwh-v{line.replace('.', '_')}=={line}.0")
        write_bundle(bundle, tmp_path / bundle.name)
        paths.append(str(tmp_path / bundle.name))
    # dwh.core.lines reads no database; isolated from this environment, packaging must not be needed.
    done = subprocess.run(
        [sys.executable, "-S", "-c", IMPORTS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    file, *said = done.stdout.splitlines() or [done.stderr]
    assert file.startswith(paths[0])
    assert said == ["['7.1', '7.2']", "[('7.1', '7.1.0'), ('7.2', '7.2.0')]", "installed"]


def test_a_driver_may_import_dwh_core_from_a_bundle(two_lines, tmp_path):
    """spark-submit puts the bundle first on the driver's path, too; a ledger is made from there."""
    bundle = make_bundle("dwh-v7_1==7.1.0")
    write_bundle(bundle, tmp_path / bundle.name)
    done = subprocess.run(
        [sys.executable, "-c", LEDGER],
        env={**os.environ, "PYTHONPATH": str(tmp_path / bundle.name)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout == "True\n", done.stderr


def test_the_same_release_gives_the_same_bytes(two_lines, tmp_path):
    """A bundle is made of its release alone, and writing it twice changes nothing."""
    one, other = make_bundle("dwh-v7_1==7.1.0"), make_bundle("DWH.v7-1==7.1.0")
    assert one.digest == other.digest and one.name == "dwh-v7_1-7.1.0.zip"
    for bundle in (one, other):
        write_bundle(bundle, tmp_path / one.name)
    assert (tmp_path / one.name).read_bytes() == one.content


def test_another_file_is_not_overwritten(two_lines, tmp_path):
    """What is there under the name and is something else stays."""
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(BundleError, match="exists and is not this bundle"):
        write_bundle(make_bundle("dwh-v7_1==7.1.0"), tmp_path / "b.zip")
    assert [file.read_text() for file in tmp_path.glob("b.zip*")] == ["mine"]


@pytest.mark.parametrize(
    ("pinned", "said"),
    [
        ("dwh-v7_1==7.1.1", "dwh-v7_1==7.1.1 is not installed .*dwh-v7_1==7.1.0"),
        ("dwh-v7_1", "write DISTRIBUTION==RELEASE"),
        ("../dwh==1", "write DISTRIBUTION==RELEASE"),
    ],
)
def test_another_release_is_refused(two_lines, pinned, said):
    """Only the release that is installed is bundled."""
    with pytest.raises(UsageError, match=said):
        make_bundle(pinned)


def test_changed_files_are_refused(installed_line, takings):
    """A release whose files were changed is none."""
    package = installed_line("7.1", {"takings": takings()})
    (package / "takings.py").write_text("# mine")
    with pytest.raises(BundleError, match="is not what was released"):
        make_bundle("dwh-v7_1==7.1.0")


def test_the_command(two_lines, tmp_path, monkeypatch):
    """The command prints the bundle's SHA-256 and its file."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(dwh, ["bundle", "dwh-v7_1==7.1.0", "--output", "b.zip"])
    assert done.stdout == f"{make_bundle('dwh-v7_1==7.1.0').digest}  b.zip\n", done.output
    assert find_spec("dwh.jobs.v7_1_0") is not None
    done = CliRunner().invoke(dwh, ["bundle", "dwh-v7_1==7.1.0", "--output", "b.zip", "--json"])
    told = json.loads(done.stdout)
    assert (told["file"], told["sha256"]) == ("b.zip", make_bundle("dwh-v7_1==7.1.0").digest)
    assert completed(dwh, "dwh bundle dwh-v7_1") == ["dwh-v7_1==7.1.0"]
