"""Which code ran: releases and digests."""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import sys

import pytest

from dwh.core.provenance import provenance

pytestmark = pytest.mark.smoke


@pytest.fixture
def package(installed_line):
    """The folder of an installed line's package."""
    return installed_line("7.1", release="7.1.4")


def stated():
    """Return the provenance as a new process would."""
    provenance.cache_clear()
    return provenance("dwh-v7_1", "dwh.jobs.v7_1_0")


def mark_editable(package):
    """Make the installation look like `pip install -e`."""
    info = next(package.parents[2].glob("dwh_v7_1-*.dist-info"))
    (info / "direct_url.json").write_text(json.dumps({"url": "file:///src", "dir_info": {"editable": True}}))
    importlib.invalidate_caches()


def test_an_untouched_install(package):
    """An installed wheel whose files are those it recorded is `installed`."""
    found = stated()
    assert (found.distribution, found.release, found.state) == ("dwh-v7_1", "7.1.4", "installed")


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_changed_install(package, change):
    """An edited, added or removed file makes the install `changed`, and another digest."""
    before = stated()
    if change == "edit":
        (package / "takings.py").write_text((package / "takings.py").read_text() + "\n# edited\n")
    elif change == "add":
        (package / "_more.py").write_text("")
    else:
        (package / "takings.py").unlink()
    after = stated()
    assert after.state == "changed"
    assert after.digest != before.digest


def test_an_editable_install_is_marked(package):
    """An editable install is marked, and its files have the wheel's digest."""
    before = stated()
    mark_editable(package)
    after = stated()
    assert (before.state, after.state) == ("installed", "editable")
    assert after.digest == before.digest


def test_the_digest_can_be_recomputed(package):
    """The digest is SHA-256 over a line for each file, sorted by path, as documented."""
    (package / "sub").mkdir()
    (package / "sub" / "data.sql").write_text("SELECT 1")
    (package / "sub.py").write_text("")
    lines = [
        f"{hashlib.sha256((package / path).read_bytes()).hexdigest()}  {path}\n"
        for path in sorted(["__init__.py", "takings.py", "sub/data.sql", "sub.py"])
    ]
    assert stated().digest == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_bytecode_does_not_count(package):
    """Compiling a package leaves its digest and state."""
    before = stated()
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "takings.cpython-311.pyc").write_bytes(b"0")
    assert stated() == before


def test_the_same_code_in_a_zip(package, site, tmp_path):
    """Code that Spark ships as a zip has the digest of the unpacked wheel."""
    unpacked = stated()
    archive = shutil.make_archive(str(tmp_path / "line"), "zip", site)
    sys.path.remove(str(site))
    sys.path.insert(0, archive)
    try:
        for name in [name for name in sys.modules if name.startswith("dwh.jobs")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        assert stated() == unpacked
    finally:
        sys.path.remove(archive)
        sys.path.insert(0, str(site))
