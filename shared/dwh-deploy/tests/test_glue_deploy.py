"""`dwh deploy glue` against a real moto server: what it shows, does, keeps and refuses."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dwh.deploy import store

pytestmark = pytest.mark.glue

JOB = "dwh-takings-0.1"
WORDS = ("--bucket", "artifacts", "--role", "dwh-glue", "--ledger-secret", "dwh/ledger")
Deploy = Callable[..., tuple[int, str, str]]


@pytest.fixture
def deploy(cloud, dist: Path, typed_dwh: Deploy) -> Deploy:
    """`dwh deploy glue` in a folder with small wheels and a configuration; the bucket is there."""
    cloud("s3").create_bucket(
        Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )

    def deploy(reference: str, *more: str) -> tuple[int, str, str]:
        return typed_dwh("deploy", "glue", reference, *WORDS, *more)

    return deploy


def keys(cloud) -> list[str]:
    """Return what is in the bucket."""
    return [item["Key"] for item in cloud("s3").list_objects_v2(Bucket="artifacts").get("Contents", [])]


def job(cloud, name: str = JOB) -> dict:
    """Return a Glue job as it is."""
    return cloud("glue").get_job(JobName=name)["Job"]


def jobs(cloud) -> list[str]:
    """Return the names of all Glue jobs."""
    return [found["Name"] for found in cloud("glue").get_jobs()["Jobs"]]


def test_a_dry_run_shows_all_and_changes_nothing(deploy, cloud):
    """Every object and every setting is shown; neither bucket nor Glue has anything after it."""
    code, out, err = deploy("takings@0.1.1", "--dry-run")
    assert (code, err) == (0, "nothing was changed; leave out --dry-run to do it\n")
    lines = out.splitlines()
    assert lines[0] == "takings@0.1.1 on Glue 5.0: Spark 3.5.4, Python 3.11"
    assert f"+ Glue job {JOB}" in lines and "+   --job: takings@0.1.1" in lines
    assert sum(line.startswith("+ s3://artifacts/dwh/") for line in lines) == 5
    assert "\x1b" not in out
    assert (keys(cloud), jobs(cloud)) == ([], [])


def test_a_deployment_uploads_and_creates_the_job(deploy, cloud, dist):
    """The job points to objects that are there, each with its SHA-256 and its release."""
    code, _out, err = deploy("takings@0.1.1")
    assert (code, err) == (0, f"Glue job {JOB} created; it runs takings@0.1.1\n")
    found = job(cloud)
    arguments = found["DefaultArguments"]
    places = [found["Command"]["ScriptLocation"], arguments["--extra-files"]]
    places += arguments["--additional-python-modules"].split(",")
    assert sorted(place.removeprefix("s3://artifacts/") for place in places) == sorted(keys(cloud))
    wheel = cloud("s3").head_object(Bucket="artifacts", Key="dwh/wheels/dwh_v0_1-0.1.1-py3-none-any.whl")
    content = (dist / "dwh_v0_1-0.1.1-py3-none-any.whl").read_bytes()
    assert wheel["Metadata"] == {"release": "dwh-v0_1 0.1.1", "sha256": hashlib.sha256(content).hexdigest()}
    assert arguments["--ledger-secret"] == "dwh/ledger"


def test_what_is_sent_fits_the_published_model(deploy, cloud, monkeypatch):
    """CreateJob and UpdateJob get what botocore's model of Glue allows."""
    from botocore.validate import ParamValidator

    deploy("takings@0.1.1")
    model = cloud("glue").meta.service_model
    found = job(cloud)
    known = model.shape_for("JobUpdate").members
    update = {name: value for name, value in found.items() if name in known}
    report = ParamValidator().validate(
        {"JobName": JOB, "JobUpdate": update}, model.shape_for("UpdateJobRequest")
    )
    assert not report.has_errors(), report.generate_report()


def test_the_same_again_changes_nothing(deploy, cloud):
    """A second deployment finds everything as it should be."""
    deploy("takings@0.1.1")
    before = job(cloud)
    code, out, err = deploy("takings@0.1.1")
    assert (code, err) == (0, f"Glue job {JOB} runs takings@0.1.1 already; nothing to change\n")
    assert out.splitlines()[1:] == ["  5 of 5 objects are in s3://artifacts/dwh", f"  Glue job {JOB}"]
    assert job(cloud) == before


def test_the_next_release_updates_the_job_and_keeps_what_is_not_ours(deploy, cloud):
    """From 0.1.0 to 0.1.1 and back: the diff shows both, and the owner's settings stay."""
    deploy("takings@0.1.0")
    settings = {"Role": "dwh-glue", "Command": job(cloud)["Command"], "Timeout": 90, "MaxRetries": 2}
    arguments = {**job(cloud)["DefaultArguments"], "--enable-metrics": "true"}
    update = {
        **settings,
        "GlueVersion": "5.0",
        "DefaultArguments": arguments,
        "WorkerType": "G.2X",
        "NumberOfWorkers": 9,
    }
    cloud("glue").update_job(JobName=JOB, JobUpdate=update)
    code, out, err = deploy("takings@0.1.1")
    assert (code, err) == (0, f"Glue job {JOB} updated; it runs takings@0.1.1\n")
    assert "-   --job: takings@0.1.0\n+   --job: takings@0.1.1\n" in out
    assert "Timeout" not in out
    found = job(cloud)
    assert (found["Timeout"], found["MaxRetries"], found["WorkerType"], found["NumberOfWorkers"]) == (
        90,
        2,
        "G.2X",
        9,
    )
    assert found["DefaultArguments"]["--enable-metrics"] == "true"
    assert deploy("takings@0.1.0")[0] == 0
    assert job(cloud)["DefaultArguments"]["--job"] == "takings@0.1.0"


def test_json_is_for_a_script(deploy):
    """`--json` prints the plan as data, alone on standard output."""
    code, out, _ = deploy("takings@0.1.1", "--json", "--dry-run")
    data = json.loads(out)
    assert (code, data["job"], data["new"], data["dry_run"]) == (0, JOB, True, True)


def test_a_release_in_the_bucket_is_never_replaced(deploy, cloud, make_wheel):
    """A rebuilt wheel of the same name is refused before anything is changed, with both hashes."""
    deploy("takings@0.1.1")
    objects, before = keys(cloud), job(cloud)
    make_wheel("dwh-core", "0.1.0", files={"dwh/core/entry.py": "print('rebuilt')"})
    code, out, err = deploy("takings@0.1.0")
    assert (code, out) == (1, "")
    assert "s3://artifacts/dwh/wheels/dwh_core-0.1.0-py3-none-any.whl is there with SHA-256" in err
    assert "a release never changes, so nothing was changed" in err
    assert (keys(cloud), job(cloud)) == (objects, before)


def test_an_object_that_someone_else_uploaded_is_read(deploy, cloud, dist):
    """Without S3's SHA-256 the object's own bytes are compared: the same are taken, others refused."""
    name = "dwh_v0_1-0.1.1-py3-none-any.whl"
    put = {"Bucket": "artifacts", "Key": f"dwh/wheels/{name}"}
    cloud("s3").put_object(**put, Body=(dist / name).read_bytes(), ChecksumAlgorithm="CRC32")
    assert deploy("takings@0.1.1")[0] == 0
    cloud("s3").put_object(**put, Body=b"other", ChecksumAlgorithm="CRC32")
    assert deploy("takings@0.1.1")[0] == 1


def test_another_who_uploads_at_the_same_time_is_noticed(deploy, cloud, dist, monkeypatch):
    """Someone's other file that comes between look and upload is not overwritten; there is no job."""
    key = "dwh/wheels/dwh_v0_1-0.1.1-py3-none-any.whl"
    states = store.Store.states

    def late(self, parts):
        found = states(self, parts)
        cloud("s3").put_object(Bucket="artifacts", Key=key, Body=b"theirs")
        return found

    monkeypatch.setattr(store.Store, "states", late)
    code, _, err = deploy("takings@0.1.1")
    assert code == 1 and "a release never changes" in err
    assert cloud("s3").get_object(Bucket="artifacts", Key=key)["Body"].read() == b"theirs"
    assert jobs(cloud) == []


def test_a_failed_upload_leaves_no_job_and_the_next_attempt_goes_on(deploy, cloud, monkeypatch):
    """The job comes last: what fails before leaves objects that nothing points to."""
    put = store.Store.put

    def failing(self, part):
        if "driver" in part.key:
            raise KeyboardInterrupt
        put(self, part)

    monkeypatch.setattr(store.Store, "put", failing)
    assert deploy("takings@0.1.1")[0] == 1
    assert jobs(cloud) == [] and len(keys(cloud)) == 3
    monkeypatch.setattr(store.Store, "put", put)
    code, out, _ = deploy("takings@0.1.1")
    assert code == 0 and "3 of 5 objects are in" in out and jobs(cloud) == [JOB]


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("pythonshell", {"--job": "x"}, "it is a pythonshell, not a glueetl"),
        ("glueetl", {"--mine": "x"}, "it has no argument --job"),
    ],
)
def test_a_job_of_somebody_else_is_left_alone(deploy, cloud, command, arguments, said):
    """A job of that name that dwh did not make is refused, and nothing is uploaded."""
    cloud("glue").create_job(
        Name=JOB,
        Role="theirs",
        Command={"Name": command, "ScriptLocation": "s3://b/x.py"},
        DefaultArguments=arguments,
    )
    code, _, err = deploy("takings@0.1.1")
    assert code == 2 and said in err and "--name" in err
    assert keys(cloud) == [] and job(cloud)["Role"] == "theirs"
    assert deploy("takings@0.1.1", "--name", "another")[0] == 0


def test_without_credentials_nothing_is_tried(deploy, cloud, monkeypatch):
    """Missing credentials are told with the ways to give them."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    code, out, err = deploy("takings@0.1.1")
    assert (code, out) == (1, "")
    assert "there are no AWS credentials" in err and "aws sts get-caller-identity" in err


def test_an_unknown_profile_is_told(deploy, monkeypatch):
    """A profile that the machine lacks is a mistake in the credentials, too."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    code, _, err = deploy("takings@0.1.1")
    assert code == 1 and "nobody" in err and "set AWS_PROFILE" in err


def test_refused_credentials_are_told_and_not_shown(deploy, cloud, aws, monkeypatch):
    """AWS knows no such key: the refusal is passed on, without key or secret."""
    import requests

    endpoint = f"{aws['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-to-be-seen")
    requests.post(endpoint, data=b"0", timeout=20)
    try:
        code, out, err = deploy("takings@0.1.1")
    finally:
        requests.post(endpoint, data=b"1000000", timeout=20)
    assert (code, out) == (1, "")
    assert "AWS refused it: 403" in err and "aws sts get-caller-identity" in err
    assert "not-to-be-seen" not in err
    assert jobs(cloud) == []


def test_a_bucket_that_is_not_there_is_told(deploy, cloud):
    """Nothing is made on the way."""
    code, out, err = deploy("takings@0.1.1", "--bucket", "elsewhere")
    assert (code, out) == (1, "")
    assert "looking into the bucket elsewhere" in err and "make the bucket" in err


def test_an_unreachable_aws_is_told(deploy, monkeypatch):
    """No network: the endpoint is named, after a short while."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    code, _, err = deploy("takings@0.1.1")
    assert code == 1 and "AWS cannot be reached" in err and "127.0.0.1:1" in err


def test_no_region_is_told(deploy, monkeypatch):
    """Without a region anywhere, the option is named."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    code, _, err = deploy("takings@0.1.1")
    assert code == 1 and "--region" in err


def test_a_region_with_tricks_is_refused(deploy):
    """A region becomes part of a host's name."""
    code, _, err = deploy("takings@0.1.1", "--region", "evil.example.org#")
    assert code == 2 and "is not a valid region" in err


def test_a_terminal_gets_colours(deploy, monkeypatch):
    """At a terminal what comes is green."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, out, _ = deploy("takings@0.1.1", "--dry-run")
    assert f"\x1b[32m+ Glue job {JOB}\x1b[0m" in out


def test_a_folder_without_the_release_is_refused(deploy, dist, tmp_path):
    """The refusal comes before AWS is asked."""
    shutil.copytree(dist, tmp_path / "other")
    (tmp_path / "other" / "dwh_v0_1-0.1.1-py3-none-any.whl").unlink()
    code, _, err = deploy("takings@0.1.1", "--wheels", "other")
    assert code == 2 and "has no wheel of that release" in err


def test_a_secret_that_cannot_be_read_is_told(cloud):
    """The job's entry script says which secret, why, and which permission it needs."""
    from dwh.core.errors import SecretError
    from dwh.core.secret import read_secret

    cloud("secretsmanager").create_secret(Name="dwh/ledger", SecretString="postgresql://dwh@db/dwh\n")
    assert read_secret("dwh/ledger") == "postgresql://dwh@db/dwh"
    with pytest.raises(SecretError, match=r"secret nothing: .*ResourceNotFoundException.*GetSecretValue"):
        read_secret("nothing")
