"""Wheels: small ones that a test makes up, and the real ones of this repository with all they need."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dwh.core.testing.fixtures import *  # noqa: F403 -- pytest finds fixtures by their names here
from dwh.migrate.testing import typed_dwh  # noqa: F401 -- a fixture

sys.path.insert(0, str(Path(__file__).parent))

from machine import DAY, RELEASE, call, dwh
from making import SETTINGS, write_wheel

PACKAGES = ("shared/dwh-core", "packages/dwh-v0_1", "packages/dwh-v0_2")
ENTRY = "print('the entry script')\n"

MakeWheel = Callable[..., Path]


@pytest.fixture
def make_wheel(tmp_path: Path) -> MakeWheel:
    """A function that writes a wheel into the folder `dist` of the test."""
    return lambda *arguments, **more: write_wheel(tmp_path / "dist", *arguments, **more)


@pytest.fixture
def dist(make_wheel: MakeWheel, tmp_path: Path) -> Path:
    """A folder of small wheels: line 0.1 in two releases, line 0.2, and what they need."""
    jobs = {
        "dwh/jobs/v0_1_0/__init__.py": "",
        "dwh/jobs/v0_1_0/takings.py": "",
        "dwh/jobs/v0_1_0/_own.py": "",
    }
    for release in ("0.1.0", "0.1.1"):
        make_wheel(
            "dwh-v0_1", release, requires=("dwh-core<1,>=0.1", "pyspark<4.2,>=3.5"), line="0.1", files=jobs
        )
    make_wheel(
        "dwh-v0_2",
        "0.2.0",
        requires=("dwh-core<1,>=0.1", "pyspark<4.4,>=4.0"),
        python=">=3.11",
        line="0.2",
        files={"dwh/jobs/v0_2_0/takings.py": ""},
    )
    make_wheel(
        "dwh-core",
        "0.1.0",
        requires=("pyspark<5,>=3.5", "tomli; python_version < '3.11'", "driver>=3; extra == 'postgresql'"),
        files={"dwh/core/entry.py": ENTRY},
    )
    for version, tag in (
        ("3.0", "py3-none-any"),
        ("3.1", "cp311-cp311-manylinux2014_x86_64"),
        ("2.0", "py3-none-any"),
    ):
        make_wheel("driver", version, tag=tag)
    make_wheel("driver", "3.2", tag="cp311-cp311-win_amd64")
    return tmp_path / "dist"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a configuration that may be uploaded, once the ledger is a secret."""
    for name in [name for name in os.environ if name.startswith(("DWH_", "AWS_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "dwh.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def real_dist(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """The wheels of both lines and dwh-core as they are here; and what the refusal says to download."""
    home = tmp_path_factory.mktemp("real")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    for package in PACKAGES:
        command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", home / "dist")
        call(*command, cwd=repository / package, env=environment)
    (home / "dwh.toml").write_text(SETTINGS)
    words = (f"carrier_delays@{RELEASE}", "--bucket", "artifacts", "--ledger-secret", "dwh/ledger")
    for more in (("glue", "--role", "dwh-glue"), ("emr", "--cluster", "j-1", "--date", DAY, "--print")):
        refused = dwh(home, {}, more[0], *words, *more[1:])
        download = refused.stderr.partition("; type: ")[2].strip()
        assert download.startswith("pip download --only-binary=:all:"), refused.stderr
        assert "pyspark" not in download
        call("bash", "-c", f"exec {sys.executable} -m {download}", cwd=home)
    return home / "dist"


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A moto server on loopback, and the variables under which AWS' tools talk to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("moto") / "log").open("w")
    command = [sys.executable, Path(__file__).with_name("moto_glue.py"), "--host=127.0.0.1", f"--port={port}"]
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(port, server)
        print(f"moto server on 127.0.0.1:{port}, process {server.pid}", file=sys.__stderr__)
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
        log.close()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        assert server.poll() is None and time.monotonic() < deadline, "the server did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)


@pytest.fixture
def cloud(aws: dict[str, str], here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """An account of its own, in which there is nothing: a function that returns a client of a service."""
    import boto3
    import requests

    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    requests.post(f"{aws['AWS_ENDPOINT_URL']}/moto-api/reset", timeout=20)
    return boto3.client


@pytest.fixture(scope="session")
def settings() -> str:
    """A configuration that may be uploaded, once the ledger is a secret."""
    return SETTINGS


@pytest.fixture(scope="session")
def uv_path() -> str:
    """uv, which makes environments quickly."""
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found
    return found
