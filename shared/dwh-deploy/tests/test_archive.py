"""Wheels unpacked into one zip."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile

import pytest

from dwh.deploy.archive import unpacked
from dwh.deploy.errors import WheelError
from dwh.deploy.wheels import read_wheel


def wheels(dist):
    """Return two portions of the namespace."""
    return [read_wheel(dist / f"dwh_{name}-py3-none-any.whl") for name in ("v0_1-0.1.1", "core-0.1.0")]


def test_a_namespace_survives_in_the_zip(dist, tmp_path):
    """Imported from the zip itself, both portions are there: it has entries for folders."""
    (tmp_path / "all.zip").write_bytes(unpacked(wheels(dist)))
    code = "import sys; sys.path.insert(0, 'all.zip'); import dwh.jobs.v0_1_0.takings, dwh.core.entry"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("the entry script\n", "")


def test_the_bytes_depend_on_the_wheels_alone(dist):
    """The same wheels give the same bytes, so the same place."""
    assert unpacked(wheels(dist)) == unpacked(wheels(dist))


def test_data_of_a_wheel_lands_where_an_install_puts_it(make_wheel):
    """Modules below `.data` go to the root, scripts stay out."""
    files = {"pure-1.0.data/purelib/pure/here.py": "", "pure-1.0.data/scripts/run.sh": ""}
    names = zipfile.ZipFile(
        io.BytesIO(unpacked([read_wheel(make_wheel("pure", "1.0", files=files))]))
    ).namelist()
    assert "pure/here.py" in names and not any("run.sh" in name for name in names)


def test_a_path_that_leads_out_is_refused(make_wheel):
    """A wheel cannot write beside the folder."""
    wheel = read_wheel(make_wheel("evil", "1.0", files={"../evil.py": ""}))
    with pytest.raises(WheelError, match="points outside the wheel"):
        unpacked([wheel])
