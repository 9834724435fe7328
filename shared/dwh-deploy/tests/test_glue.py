"""What a Glue job should be, and what of it stays its owner's."""

from __future__ import annotations

import pytest

from dwh.core.errors import InvalidNameError
from dwh.deploy.glue import Target, job_settings, merged
from dwh.deploy.store import Layout

KNOWN = (
    "Role",
    "Command",
    "DefaultArguments",
    "GlueVersion",
    "Timeout",
    "WorkerType",
    "MaxCapacity",
    "AllocatedCapacity",
)


def wanted(secret: str | None = "dwh/ledger", reference: str = "takings@0.1.1"):
    """Return our settings of a job."""
    target = Target("dwh-takings-0.1", "dwh-glue", "5.0", secret)
    return job_settings(
        target, reference, "s3://b/entry.py", "s3://b/dwh.toml", ["s3://b/a.whl", "s3://b/c.whl"]
    )


def test_pip_may_neither_follow_dependencies_nor_ask_an_index():
    """The job gets exactly its wheels, whatever they say they need: Glue's Spark stays."""
    arguments = wanted()["DefaultArguments"]
    assert arguments["--python-modules-installer-option"] == "--no-deps --no-index"
    assert arguments["--additional-python-modules"] == "s3://b/a.whl,s3://b/c.whl"


def test_an_update_keeps_what_is_not_ours():
    """Timeout, workers and other arguments stay; the fields that UpdateJob refuses go."""
    job = {
        "Name": "dwh-takings-0.1",
        "CreatedOn": "then",
        "Role": "old",
        "Timeout": 90,
        "WorkerType": "G.2X",
        "MaxCapacity": 4.0,
        "AllocatedCapacity": 4,
        "DefaultArguments": {"--job": "takings@0.1.0", "--enable-metrics": "true"},
    }
    update = merged(job, wanted(), KNOWN)
    assert set(update) == {"Role", "Command", "DefaultArguments", "GlueVersion", "Timeout", "WorkerType"}
    assert (update["Timeout"], update["WorkerType"], update["Role"]) == (90, "G.2X", "dwh-glue")
    assert update["DefaultArguments"]["--enable-metrics"] == "true"
    assert update["DefaultArguments"]["--job"] == "takings@0.1.1"


def test_a_secret_that_is_not_given_any_more_goes():
    """Without --ledger-secret the job reads no secret."""
    job = {"DefaultArguments": {"--ledger-secret": "old"}}
    assert "--ledger-secret" not in merged(job, wanted(secret=None), KNOWN)["DefaultArguments"]


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a;b", "ü", "x" * 256, "..", "a\n"])
def test_a_name_with_tricks_is_refused(name):
    """A job's name is plain."""
    with pytest.raises(InvalidNameError):
        Target(name, "dwh-glue", "5.0", None)


@pytest.mark.parametrize("role", ["", "a b", "arn:aws:iam::1:role/x", "arn:aws:s3:::x", "a\nb"])
def test_a_role_must_be_a_name_or_an_arn(role):
    """Anything else is refused here, not by AWS."""
    with pytest.raises(InvalidNameError):
        Target("name", role, "5.0", None)
    assert Target("name", "arn:aws:iam::123456789012:role/team/dwh-glue", "5.0", None)


@pytest.mark.parametrize(
    ("bucket", "prefix"),
    [
        ("s3://b", "dwh"),
        ("Upper", "dwh"),
        ("a..b", "dwh"),
        ("b" * 64, "dwh"),
        ("bucket", ""),
        ("bucket", "/dwh"),
        ("bucket", "a/../b"),
        ("bucket", "a,b"),
        ("bucket", "a b"),
        ("bucket", "a#b"),
        ("bucket\n", "a"),
    ],
)
def test_a_place_with_tricks_is_refused(bucket, prefix):
    """Bucket and prefix become URIs in a list with commas."""
    with pytest.raises(InvalidNameError):
        Layout(bucket, prefix)
