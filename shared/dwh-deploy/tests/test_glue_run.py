"""What was deployed to Glue runs: fetched from the bucket, installed and started as Glue does it.

Glue itself cannot be had here. What it does with a job is done by `install` and `start`: pip as it is
called there, spark-submit with all arguments of the job and of the run.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from machine import DAY, RELEASE, Machine, dwh, write_buckets
from sqlalchemy import make_url

from dwh.deploy.platforms import PROVIDED

pytestmark = pytest.mark.glue

PASSWORD = "not-to-be-seen"


@dataclass
class Story:
    """What was seen from the deployment to the job's receipt."""

    printed: str
    job: Mapping[str, Any]
    objects: Mapping[str, bytes]
    installed: str
    versions: list[str]
    ran: subprocess.CompletedProcess[str]
    runs: list[tuple[str, str, str]]
    written: list[str]


def fetch(s3: Any, uri: str, folder: Path) -> Path:
    """Download an object under its own name, as Glue does with scripts, files and modules."""
    place = urlsplit(uri)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / place.path.rpartition("/")[2]
    s3.download_file(place.netloc, place.path.lstrip("/"), str(target))
    return target


def install(machine: Machine, s3: Any, arguments: Mapping[str, str]) -> str:
    """Install the job's modules with the job's options for pip, and return what pip printed."""
    uris = arguments["--additional-python-modules"].split(",")
    modules = [fetch(s3, uri, machine.home / "modules") for uri in uris]
    options = arguments["--python-modules-installer-option"].split()
    done = machine.start("python", "-m", "pip", "install", *options, *modules)
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(
    machine: Machine, s3: Any, job: Mapping[str, Any], arguments: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Start the job's script with all arguments, in a folder with its extra files."""
    given = {**job["DefaultArguments"], "--JOB_NAME": job["Name"], "--JOB_RUN_ID": "jr_1", **arguments}
    for uri in given["--extra-files"].split(","):
        fetch(s3, uri, machine.work)
    script = fetch(s3, job["Command"]["ScriptLocation"], machine.work / "script")
    return machine.start("spark-submit", script, *(word for pair in given.items() for word in pair))


@pytest.fixture(scope="module")
def story(
    aws: dict[str, str],
    real_dist: Path,
    postgresql: str,
    settings: str,
    uv_path: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    """Deploy the release of this tree with the command, and run it as Glue would."""
    import boto3
    import psycopg

    session = boto3.Session(
        aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], region_name="eu-central-1"
    )
    services = ("s3", "glue", "secretsmanager")
    s3, glue, secrets = (session.client(name, endpoint_url=aws["AWS_ENDPOINT_URL"]) for name in services)
    s3.create_bucket(Bucket="flights", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("CREATE DATABASE glue_run")
    ledger = make_url(postgresql).set(database="glue_run", password=PASSWORD)
    url = ledger.render_as_string(hide_password=False)
    secret = secrets.create_secret(Name="dwh/glue-run", SecretString=url)["ARN"]
    home = tmp_path_factory.mktemp("deploying")
    (home / "dwh.toml").write_text(settings)
    words = ("--bucket", "flights", "--role", "dwh-glue", "--ledger-secret", secret, "--wheels", real_dist)
    deployed = dwh(home, aws, "glue", f"carrier_delays@{RELEASE}", *words)
    assert deployed.returncode == 0, deployed.stderr
    job = glue.get_job(JobName="dwh-carrier_delays-0.1")["Job"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket="flights")["Contents"]]

    buckets = write_buckets(tmp_path_factory.mktemp("buckets"))
    machine = Machine(tmp_path_factory.mktemp("glue"), uv_path, buckets, aws)
    installed = install(machine, s3, job["DefaultArguments"])
    ran = start(machine, s3, job, {"--date": DAY})
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    with psycopg.connect(postgresql, dbname="glue_run") as connection:
        runs = connection.execute("SELECT job, release, status FROM runs").fetchall()
    return Story(
        printed=deployed.stdout + deployed.stderr,
        job=job,
        objects={key: s3.get_object(Bucket="flights", Key=key)["Body"].read() for key in keys},
        installed=installed,
        versions=machine.versions(),
        ran=ran,
        runs=runs,
        written=[str(path.relative_to(buckets)) for path in buckets.glob("flights-warehouse/**/*.parquet")],
    )


def test_the_job_names_the_exact_release(story):
    """The Glue job runs one release, by wheels in the bucket."""
    arguments = story.job["DefaultArguments"]
    assert arguments["--job"] == f"carrier_delays@{RELEASE}"
    assert arguments["--additional-python-modules"].startswith(f"s3://flights/dwh/wheels/dwh_v0_1-{RELEASE}-")
    assert story.job["GlueVersion"] == "5.0"


def test_the_install_leaves_spark_alone(story):
    """pip, called as Glue calls it, installs the release and no other pyspark."""
    assert story.versions == ["3.5.9", RELEASE]
    assert not any(name in story.installed for name in PROVIDED)


def test_the_job_runs_and_commits(story):
    """The script from the bucket, with Glue's arguments, writes to the warehouse and the ledger."""
    receipt = json.loads(story.ran.stdout.strip().splitlines()[-1])
    assert (receipt["job"], receipt["release"], receipt["rows"]) == ("carrier_delays", RELEASE, 2)
    assert story.runs == [("carrier_delays", RELEASE, "committed")]
    assert re.match(r"flights-warehouse/warehouse/flights\.carrier_delays/0\.1/_run=", story.written[0])


def test_no_password_is_stored_or_printed(story):
    """The ledger's password is in the secret alone: not in the job, the bucket, or what was printed."""
    assert len(story.objects) > 10
    assert not any(PASSWORD.encode() in content for content in story.objects.values())
    assert PASSWORD not in story.printed + str(story.job) + story.ran.stdout + story.ran.stderr
