"""The JSON of a Databricks job that runs exactly one release, for its Jobs API 2.1.

The task is a wheel task: it starts the entry point `dwh-job` of dwh-core. Wheels listed as `libraries` would
be installed with what they depend on, another pyspark among it, so an init script installs them: pip checks
the hash of each, follows no dependency, and asks no index.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dwh.deploy.naming import require_name, require_title
from dwh.deploy.wheelhouse import Release
from dwh.deploy.wheels import sha256

__all__ = ["RUNTIMES", "Workspace", "job_json", "volume_files"]

RUNTIMES = {"15.4": "15.4.x-scala2.12", "16.4": "16.4.x-scala2.12", "17.3": "17.3.x-scala2.13"}


@dataclass(frozen=True)
class Workspace:
    """Where and on what the job runs; raises InvalidNameError for what cannot be.

    Attributes:
        folder: of a Unity Catalog volume, in which the files will lie.
        node_type: of the cluster's machines, as the cloud names it.
        workers: how many beside the driver.
        secret: SCOPE/KEY of the Databricks secret with the ledger's URL, None when dwh.toml has it.
    """

    name: str
    folder: str
    node_type: str
    workers: int
    secret: str | None

    def __post_init__(self) -> None:
        allowed = "a folder in a volume: /Volumes/CATALOG/SCHEMA/VOLUME/…, of letters, digits and . _ -"
        require_name("folder", self.folder, r"/Volumes(/[A-Za-z0-9._-]+){3,}", allowed)
        require_title(self.name)
        require_name("node type", self.node_type, r"[A-Za-z0-9._-]{1,100}", "what the cloud calls it")
        if self.secret is not None:
            word = r"[A-Za-z0-9_.@-]{1,128}"
            require_name("secret", self.secret, f"{word}/{word}", "SCOPE/KEY of a Databricks secret")


def volume_files(release: Release, settings: bytes, folder: str) -> dict[str, bytes]:
    """Return what must lie in the volume before the job runs: contents by absolute path.

    Under the path of its own hash lies what may change: dwh.toml, and the requirements of this release.
    """
    wheels = {f"{folder}/wheels/{wheel.path.name}": wheel for wheel in release.wheels}
    needed = "".join(
        f"{wheel.distribution} @ file://{path.replace('+', '%2B')} --hash=sha256:{wheel.sha256}\n"
        for path, wheel in wheels.items()
    ).encode()
    requirements = f"{folder}/install/{sha256(needed)}/requirements.txt"
    script = (
        "#!/bin/bash\n"
        f"# Installs {release.reference} beside the Spark that is there, and nothing but these files.\n"
        "set -euo pipefail\n"
        "/databricks/python/bin/pip install --no-deps --no-index --require-hashes "
        f"-r {requirements}\n"
    ).encode()
    return {
        f"{folder}/install/{sha256(needed)}/install.sh": script,
        requirements: needed,
        f"{folder}/config/{sha256(settings)}/dwh.toml": settings,
        **{path: wheel.content for path, wheel in wheels.items()},
    }


def job_json(
    workspace: Workspace, release: Release, runtime: str, paths: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return a job as `POST /api/2.1/jobs/create` takes it.

    Parameters:
        runtime: of Databricks, a key of `RUNTIMES`.
        paths: what `volume_files` returned.
    """
    script, settings = (next(path for path in paths if path.endswith(end)) for end in (".sh", "/dwh.toml"))
    cluster: dict[str, Any] = {
        "spark_version": RUNTIMES[runtime],
        "node_type_id": workspace.node_type,
        "num_workers": workspace.workers,
        "data_security_mode": "SINGLE_USER",
        "init_scripts": [{"volumes": {"destination": script}}],
    }
    if workspace.secret is not None:
        cluster["spark_env_vars"] = {"DWH_LEDGER": f"{{{{secrets/{workspace.secret}}}}}"}
    # Without a date the run is refused: a default would be the wrong day as often as not.
    arguments = ["--job", release.reference, "--date", "{{job.parameters.date}}", "--config", settings]
    return {
        "name": workspace.name,
        "max_concurrent_runs": 1,
        "parameters": [{"name": "date", "default": ""}],
        "tasks": [
            {
                "task_key": release.job,
                "python_wheel_task": {
                    "package_name": "dwh-core",
                    "entry_point": "dwh-job",
                    "parameters": arguments,
                },
                "new_cluster": cluster,
            }
        ],
    }
