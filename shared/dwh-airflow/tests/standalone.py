"""The parts of `airflow standalone` as processes: API server, scheduler, DAG processor; and its REST API."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Airflow", "standalone"]

PARTS = ("api-server", "scheduler", "dag-processor")
Found = TypeVar("Found")


@dataclass
class Airflow:
    """A running Airflow, spoken to by its REST API."""

    url: str
    home: Path
    token: str = ""

    def call(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """Call the API, and return what it answers."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def until(self, look: Callable[[], Found | None], seconds: float = 240) -> Found:
        """Wait for something to be there, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if found := look():
                    return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"it took too long; what Airflow said is in {self.home}:\n{self.said()}")
            time.sleep(0.5)

    def said(self) -> str:
        """Return the end of what each part has said."""
        logs = ((part, (self.home / f"{part}.log").read_text("utf-8")[-2000:]) for part in PARTS)
        return "\n".join(f"--- {part}\n{text}" for part, text in logs)

    def log_in(self) -> bool:
        """Get a token, which everybody gets here."""
        self.token = ""
        self.token = self.call("/auth/token")["access_token"]
        return True

    def run(self, dag: str, run_id: str) -> Any:
        """Return a finished DAG run, None while it goes on."""
        found = self.call(f"/api/v2/dags/{dag}/dagRuns/{run_id}")
        return found if found["state"] in ("success", "failed") else None

    def finished(self, dag: str, count: int) -> Any:
        """Return the DAG runs when so many have finished, None before."""
        runs = self.call(f"/api/v2/dags/{dag}/dagRuns")["dag_runs"]
        done = [run for run in runs if run["state"] in ("success", "failed")]
        return sorted(done, key=lambda run: run["dag_run_id"]) if len(done) == count else None

    def receipt(self, dag: str, run_id: str, task: str) -> Any:
        """Return the XCom of a task."""
        place = f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/return_value"
        return self.call(f"{place}?deserialize=true")["value"]

    def log(self, dag: str, run_id: str, task: str) -> str:
        """Return the log of a task's first try."""
        place = f"/api/v2/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/logs/1"
        return json.dumps(self.call(place))


@contextmanager
def standalone(home: Path, variables: Mapping[str, str], say: Callable[[str], None]) -> Iterator[Airflow]:
    """Start the parts of Airflow, wait until they answer, and stop them all at the end; say so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        **variables,
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }
    command = Path(sys.executable).with_name("airflow")
    processes = []
    airflow = Airflow(url, home)
    try:
        for part in PARTS:
            with (home / f"{part}.log").open("wb") as log:
                words = [command, part]
                process = subprocess.Popen(
                    words, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )
            processes.append(process)
            say(f"started: airflow {part}, process {process.pid}")
        airflow.until(airflow.log_in)
        say(f"Airflow answers at {url}")
        yield airflow
    finally:
        for process in processes:
            _end(process)
            say(f"stopped: process {process.pid}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
