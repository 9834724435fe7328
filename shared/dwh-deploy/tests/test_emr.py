"""The requests that run a release on EMR."""

from __future__ import annotations

import itertools
import json

import pytest

from dwh.core.errors import InvalidNameError
from dwh.deploy.emr import Application, Cluster

WORDS = ("takings@0.1.1", "--date", "2013-01-15", "--bucket", "artifacts", "--ledger-secret", "dwh/ledger")
CLUSTER = ("--cluster", "j-2AXXXXXXGAPLF")
ROLE = "arn:aws:iam::123456789012:role/dwh-emr"
APPLICATION = ("--application", "00f1abc", "--role", ROLE)


@pytest.fixture
def emr(here, dist, typed_dwh):
    """`dwh deploy emr` in a folder with small wheels and a configuration."""

    def emr(*words: str) -> tuple[int, str, str]:
        return typed_dwh("deploy", "emr", *words)

    return emr


@pytest.fixture(autouse=True)
def boto3(make_wheel) -> None:
    """EMR's Python 3.11 has no boto3, so it goes along where a secret is to be read."""
    make_wheel("boto3", "1.0")


def submitted(words: list[str]) -> dict[str, str]:
    """Return the settings among spark-submit's arguments."""
    pairs = [after.partition("=") for word, after in itertools.pairwise(words) if word == "--conf"]
    return {key: value for key, _, value in pairs}


def test_a_step_submits_the_entry_script_with_the_release(emr):
    """The step names the release, and the places of script, archive and configuration."""
    code, out, err = emr(*WORDS, *CLUSTER, "--print")
    request = json.loads(out)
    (step,) = request["Steps"]
    words = step["HadoopJarStep"]["Args"]
    settings = submitted(words)
    assert (code, request["JobFlowId"], step["Name"]) == (0, "j-2AXXXXXXGAPLF", "dwh-takings-0.1")
    assert words[:3] == ["spark-submit", "--deploy-mode", "cluster"]
    assert words[-6:] == ["--job", "takings@0.1.1", "--date", "2013-01-15", "--ledger-secret", "dwh/ledger"]
    assert words[-7].startswith("s3://artifacts/dwh/entry/") and words[-7].endswith("/entry.py")
    assert settings["spark.archives"].endswith("/dwh-v0_1-0.1.1.zip#dwh")
    assert settings["spark.pyspark.python"] == "/usr/bin/python3.11"
    assert all(f"needs {place}" in err for place in (words[-7], settings["spark.files"]))


def test_emr_serverless_gets_the_same_as_a_run(emr):
    """The run of an application has the same parts, in the shape of StartJobRun."""
    code, out, _ = emr(*WORDS, *APPLICATION, "--print")
    request = json.loads(out)
    submit = request["jobDriver"]["sparkSubmit"]
    assert (code, request["applicationId"], request["executionRoleArn"]) == (0, "00f1abc", ROLE)
    assert submit["entryPointArguments"][:2] == ["--job", "takings@0.1.1"]
    assert (
        submitted(submit["sparkSubmitParameters"].split())["spark.emr-serverless.driverEnv.PYTHONPATH"]
        == "./dwh"
    )


def test_the_files_are_written_as_they_must_lie(emr, here):
    """`--files` lays out what the request names."""
    _, _, err = emr(*WORDS, *CLUSTER, "--print", "--files", "upload")
    needed = [
        line.removeprefix("needs s3://artifacts/") for line in err.splitlines() if line.startswith("needs ")
    ]
    written = [
        str(path.relative_to(here / "upload")) for path in (here / "upload").rglob("*") if path.is_file()
    ]
    assert sorted(written) == sorted(needed) and len(needed) == 3


def test_the_secret_needs_boto3(emr, dist):
    """Without its wheel, a secret cannot be read there, and the refusal says what to fetch."""
    (dist / "boto3-1.0-py3-none-any.whl").unlink()
    code, _, err = emr(*WORDS, *CLUSTER, "--print")
    assert code == 2 and err.rstrip().endswith("--dest dist 'boto3'")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (CLUSTER, "add --print"),
        (("--print",), "give --cluster ID, or --application ID and --role ARN"),
        ((*CLUSTER, *APPLICATION, "--print"), "give --cluster ID, or --application"),
        (("--application", "00f1", "--print"), "and --role ARN"),
        ((*CLUSTER, "--print", "--date", "yesterday"), "not a logical date"),
        ((*CLUSTER, "--print", "--ledger-secret", "a b"), "is not a valid secret"),
        ((*CLUSTER, "--print", "--name", "a b"), "is not a valid name of a job"),
    ],
)
def test_a_mistyped_command_prints_no_json(emr, words, said):
    """A mistake exits with 2, and standard output stays empty."""
    code, out, err = emr(*WORDS, *words)
    assert (code, out) == (2, "") and said in err


@pytest.mark.parametrize("cluster", ["", "j-", "j-abc", "j-A B", "x"])
def test_a_cluster_is_named_by_its_id(cluster):
    """Anything else is refused."""
    with pytest.raises(InvalidNameError):
        Cluster(cluster)


@pytest.mark.parametrize(("application", "role"), [("00F1", ROLE), ("00f1", "dwh-emr"), ("", ROLE)])
def test_an_application_is_named_by_its_id_and_its_role_by_its_arn(application, role):
    """Anything else is refused."""
    with pytest.raises(InvalidNameError):
        Application(application, role)


@pytest.mark.glue
@pytest.mark.parametrize(
    ("where", "service", "operation"),
    [(CLUSTER, "emr", "AddJobFlowSteps"), (APPLICATION, "emr-serverless", "StartJobRun")],
)
def test_the_request_fits_the_published_model(emr, where, service, operation):
    """botocore's model of the service, which AWS publishes, has no objection."""
    from botocore.session import Session
    from botocore.validate import ParamValidator

    _, out, _ = emr(*WORDS, *where, "--print")
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    request = json.loads(out)
    if operation == "StartJobRun":
        request["clientToken"] = "x"  # every client of AWS adds it
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    assert set(request) <= set(shape.members)
