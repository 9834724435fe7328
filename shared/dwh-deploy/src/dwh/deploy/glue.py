"""A Glue job that runs exactly one release, and how it is made: the parts first, the job last.

Glue installs the wheels with `--no-deps --no-index`: just the files of this release, from the bucket,
whose hashes were checked. pip follows no dependency, so it cannot bring another pyspark, and asks no
index, so the job needs no way to the internet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dwh.deploy.aws import aws_client, aws_errors, error_code
from dwh.deploy.errors import ForeignJobError
from dwh.deploy.naming import require_name, require_secret, require_title
from dwh.deploy.plan import Plan, changes
from dwh.deploy.store import Layout, Store, parts
from dwh.deploy.wheelhouse import Release

__all__ = ["Glue", "Target", "job_settings", "merged"]

_ROLE = r"[A-Za-z0-9+=,.@_-]{1,64}(/[A-Za-z0-9+=,.@_-]{1,64})*"
_NEW_JOB = {"WorkerType": "G.1X", "NumberOfWorkers": 2}  # Glue's smallest; whoever runs it may change it
_LEDGER = "--ledger-secret"  # a name, not the secret


@dataclass(frozen=True)
class Target:
    """Which Glue job it is about; raises InvalidNameError for what cannot be one.

    Attributes:
        role: the IAM role that the job runs as, by name or ARN.
        secret: the name or ARN of the secret that holds the ledger's URL, None when dwh.toml has it.
    """

    name: str
    role: str
    glue_version: str
    secret: str | None

    def __post_init__(self) -> None:
        require_title(self.name)
        allowed = "the name of an IAM role, or its ARN: arn:aws:iam::ACCOUNT:role/NAME"
        require_name("role", self.role, rf"(arn:aws[a-z-]*:iam::\d{{12}}:role/)?{_ROLE}", allowed)
        if self.secret is not None:
            require_secret(self.secret)


def job_settings(
    target: Target, reference: str, entry: str, settings: str, wheels: Iterable[str]
) -> dict[str, Any]:
    """Return what dwh decides of a job; everything else of it is its owner's.

    Parameters:
        entry, settings, wheels: the URIs of the entry script, of dwh.toml, and of the wheels.
    """
    arguments = {
        "--job": reference,
        "--additional-python-modules": ",".join(wheels),
        "--python-modules-installer-option": "--no-deps --no-index",
        "--extra-files": settings,
        "--job-language": "python",
    }
    if target.secret is not None:
        arguments[_LEDGER] = target.secret
    return {
        "Role": target.role,
        "Command": {"Name": "glueetl", "ScriptLocation": entry, "PythonVersion": "3"},
        "GlueVersion": target.glue_version,
        "DefaultArguments": arguments,
    }


def merged(job: Mapping[str, Any], ours: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return a job with our settings over its own, as UpdateJob takes it, which replaces the whole job.

    Parameters:
        job: as GetJob returned it.
        known: the settings that UpdateJob takes; GetJob returns some more.
    """
    kept = {name: value for name, value in job.items() if name in set(known)}
    kept.pop("AllocatedCapacity", None)  # an old name for MaxCapacity
    if "WorkerType" in kept:
        kept.pop("MaxCapacity", None)  # computed by Glue then, and refused beside it
    arguments = {**kept.get("DefaultArguments", {}), **ours["DefaultArguments"]}
    if _LEDGER not in ours["DefaultArguments"]:
        arguments.pop(_LEDGER, None)
    return {**kept, **ours, "DefaultArguments": arguments}


class Glue:
    """Glue and a bucket in a region, with the credentials that AWS' own tools would use."""

    def __init__(self, layout: Layout, region: str | None) -> None:
        """Open both; raises InvalidNameError, BotoMissingError or AwsError."""
        if region is not None:
            require_name("region", region, r"[a-z]{2}(-[a-z]+)+-\d", "a region of AWS, such as eu-central-1")
        self._glue = aws_client("glue", region)
        self._store = Store(aws_client("s3", region), layout)

    def plan(self, target: Target, release: Release, settings: bytes) -> Plan:
        """Return what deploying a release would change. Nothing is changed.

        Raises ChangedReleaseError when the bucket has another file under the name of a wheel,
        ForeignJobError when the job was not made by dwh, and AwsError.
        """
        layout = self._store.layout
        entry, config, wheels = parts(release, settings, layout.prefix)
        states = self._store.states((entry, config, *wheels))
        wanted = job_settings(
            target,
            release.reference,
            layout.uri(entry.key),
            layout.uri(config.key),
            [layout.uri(wheel.key) for wheel in wheels],
        )
        job = self._find_job(target.name)
        update = {**_NEW_JOB, **wanted} if job is None else merged(job, wanted, self._known_settings())
        before = {} if job is None else {name: value for name, value in job.items() if name in update}
        return Plan(
            reference=release.reference,
            job=target.name,
            platform=release.platform,
            layout=layout,
            new=job is None,
            parts=states,
            changes=changes(before, update),
            update=update,
        )

    def apply(self, plan: Plan) -> None:
        """Do what a plan says: first the parts, then the job, so that it never points to what is not there.

        Raises ChangedReleaseError or AwsError. What was uploaded until then harms nobody, and is used
        by the next attempt.
        """
        for part, state in plan.parts.items():
            if state == "new":
                self._store.put(part)
        with aws_errors(f"{'creating' if plan.new else 'updating'} Glue job {plan.job}"):
            if plan.new:
                self._glue.create_job(Name=plan.job, **plan.update)
            elif plan.changes:
                self._glue.update_job(JobName=plan.job, JobUpdate=plan.update)

    def _find_job(self, name: str) -> dict[str, Any] | None:
        """Return a job as it is, None where there is none; raises ForeignJobError."""
        with aws_errors(f"looking at Glue job {name}"):
            try:
                job: dict[str, Any] = self._glue.get_job(JobName=name)["Job"]
            except self._glue.exceptions.ClientError as error:
                if error_code(error) == "EntityNotFoundException":
                    return None
                raise
        if job.get("Command", {}).get("Name") != "glueetl":
            raise ForeignJobError(name, f"it is a {job.get('Command', {}).get('Name')}, not a glueetl")
        if "--job" not in job.get("DefaultArguments", {}):
            raise ForeignJobError(name, "it has no argument --job")
        return job

    def _known_settings(self) -> Iterable[str]:
        members: Iterable[str] = self._glue.meta.service_model.shape_for("JobUpdate").members
        return members
