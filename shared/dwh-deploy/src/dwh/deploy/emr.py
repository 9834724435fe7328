"""The JSON of one run on EMR: a step on a cluster, or a job run of EMR Serverless.

spark-submit gets the entry script, dwh.toml, and the unpacked wheels as an archive, which every container
finds as the folder `dwh` beside it. No Spark is among them, so EMR's stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dwh.deploy.archive import unpacked
from dwh.deploy.naming import require_name, require_secret, require_title
from dwh.deploy.store import Layout, Part
from dwh.deploy.wheelhouse import Release
from dwh.deploy.wheels import sha256

__all__ = ["Application", "Cluster", "Run", "emr_parts", "new_run", "run_json"]

_PYTHON = "/usr/bin/python3.11"  # EMR's default is 3.9


@dataclass(frozen=True)
class Cluster:
    """An EMR cluster; raises InvalidNameError."""

    id: str

    def __post_init__(self) -> None:
        allowed = "the id of an EMR cluster, such as j-2AXXXXXXGAPLF"
        require_name("cluster", self.id, r"j-[A-Z0-9]{1,30}", allowed)


@dataclass(frozen=True)
class Application:
    """An EMR Serverless application, and the role that its runs have; raises InvalidNameError."""

    id: str
    role: str

    def __post_init__(self) -> None:
        require_name("application", self.id, r"[0-9a-z]{1,64}", "the id of an EMR Serverless application")
        allowed = "the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME"
        require_name("role", self.role, r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+", allowed)


@dataclass(frozen=True)
class Run:
    """What spark-submit gets: where the parts are, and the entry script's arguments.

    Raises InvalidNameError for a name that it cannot have.
    """

    name: str
    entry: str
    settings: str
    archive: str
    arguments: tuple[str, ...]

    def __post_init__(self) -> None:
        require_title(self.name)


def emr_parts(release: Release, settings: bytes, prefix: str) -> tuple[Part, Part, Part]:
    """Return the entry script, dwh.toml and the archive of a release; raises WheelError."""
    entry, archive = release.entry, unpacked(release.wheels)
    line = release.wheels[0]
    name = f"{line.distribution}-{line.version}.zip"
    return (
        Part(f"{prefix}/entry/{sha256(entry)}/entry.py", entry, release.reference),
        Part(f"{prefix}/config/{sha256(settings)}/dwh.toml", settings, release.reference),
        Part(f"{prefix}/archives/{sha256(archive)}/{name}", archive, release.reference),
    )


def new_run(
    name: str, release: Release, layout: Layout, parts: tuple[Part, Part, Part], date: str, secret: str | None
) -> Run:
    """Return a run of a release for a logical date."""
    entry, settings, archive = (layout.uri(part.key) for part in parts)
    more = () if secret is None else ("--ledger-secret", require_secret(secret))
    return Run(name, entry, settings, archive, ("--job", release.reference, "--date", date, *more))


def run_json(where: Cluster | Application, run: Run) -> dict[str, Any]:
    """Return the request: `AddJobFlowSteps` for a cluster, `StartJobRun` for an application."""
    if isinstance(where, Cluster):
        driver = {"spark.yarn.appMasterEnv.PYTHONPATH": "./dwh"}
        options = ["--deploy-mode", "cluster", *_options(run, driver)]
        step = {
            "Name": run.name,
            "ActionOnFailure": "CONTINUE",
            "HadoopJarStep": {
                "Jar": "command-runner.jar",
                "Args": ["spark-submit", *options, run.entry, *run.arguments],
            },
        }
        return {"JobFlowId": where.id, "Steps": [step]}
    driver = {
        "spark.emr-serverless.driverEnv.PYTHONPATH": "./dwh",
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": _PYTHON,
    }
    return {
        "applicationId": where.id,
        "executionRoleArn": where.role,
        "name": run.name,
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": run.entry,
                "entryPointArguments": list(run.arguments),
                "sparkSubmitParameters": " ".join(_options(run, driver)),
            }
        },
    }


def _options(run: Run, driver: Mapping[str, str]) -> list[str]:
    """Return spark-submit's options; none holds a space, as EMR Serverless splits them there."""
    settings = {
        "spark.archives": f"{run.archive}#dwh",
        "spark.files": run.settings,
        "spark.pyspark.python": _PYTHON,
        "spark.pyspark.driver.python": _PYTHON,
        "spark.executorEnv.PYTHONPATH": "./dwh",
        **driver,
    }
    return [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
