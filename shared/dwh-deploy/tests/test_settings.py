"""Which dwh.toml may be uploaded."""

from __future__ import annotations

import pytest

from dwh.core.errors import ConfigError
from dwh.deploy.settings import read_settings

HINT = "--ledger-secret NAME"


def read(secret: str | None = "dwh/ledger"):
    """Read the configuration for AWS."""
    return read_settings(("s3://",), secret, HINT)


def test_the_file_goes_along_as_it_is(here):
    """Comments and all: the job reads the same bytes."""
    text = "# ours\n" + (here / "dwh.toml").read_text()
    (here / "dwh.toml").write_text(text)
    assert read() == text.encode()


def test_a_ledger_without_a_password_may_stand_in_the_file(here):
    """Where the database lets the job in otherwise, no secret is needed."""
    text = 'ledger = "postgresql://dwh@db.example.org/dwh"\n' + (here / "dwh.toml").read_text()
    (here / "dwh.toml").write_text(text)
    assert read(secret=None) == text.encode()


def test_a_password_that_a_secret_makes_needless_is_refused_all_the_same(here):
    """Also with --ledger-secret the file is uploaded whole: as a value or in a comment."""
    text = (here / "dwh.toml").read_text()
    for line in ('ledger = "postgresql://dwh:x1y2@db/dwh"', "# once postgresql://dwh:x1y2@db/dwh"):
        (here / "dwh.toml").write_text(f"{line}\n{text}")
        with pytest.raises(ConfigError, match="found 'a URL with a password'") as caught:
            read(secret="dwh/ledger")
        assert "x1y2" not in str(caught.value)


def test_a_ledger_of_this_machine_does_not_matter_beside_a_secret(here):
    """The job takes the secret's URL over the file's."""
    (here / "dwh.toml").write_text('ledger = "sqlite:///ledger.db"\n' + (here / "dwh.toml").read_text())
    assert read(secret="dwh/ledger")


def test_variables_of_this_machine_do_not_count(here, monkeypatch):
    """`DWH_WAREHOUSE` and the like are not there on the platform, so they hide no mistake here."""
    monkeypatch.setenv("DWH_WAREHOUSE", "s3://elsewhere/warehouse")
    (here / "dwh.toml").write_text('warehouse = "warehouse"')
    with pytest.raises(ConfigError, match="warehouse"):
        read()


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ("s3://flights-warehouse/warehouse", "warehouse", "warehouse", "such as s3://BUCKET/FOLDER"),
        ("s3://flights-warehouse/", "hdfs://host/", "warehouse", "such as s3://BUCKET/FOLDER"),
        ("s3://flights-landing/flights", "landing", "sources.flights.path", "such as s3://BUCKET"),
        ("s3://flights-landing/flights", "s3://key:pass@b/f", "the file", "no password"),
        ('nullValue = "NA"', 'password = "x1y2"', "sources.flights.options.password", "no secrets"),
        ('nullValue = "NA"', 'url = "jdbc:x?password=x1y2"', "sources.flights.options.url", "no secrets"),
        ('"prod"', '"prod"\nengine = "sail"', "engine", "the platform has Spark"),
        ('"prod"', '"prod"\n[spark]\n"spark.master" = "local[2]"', "spark.master", "the platform has Spark"),
        ('"prod"', '"prod"\n[spark]\n"spark.hadoop.fs.s3a.secret.key" = "x1y2"', "spark", "no secrets"),
        ('"prod"', '"prod"\n[catalogs.lake.properties]\ntoken = "x1y2"', "catalogs.lake.prop", "no secrets"),
        (
            '"prod"',
            '"prod"\n[catalogs.lake.properties]\nuri = "x://h/d?password=x1y2"',
            "catalogs",
            "no secr",
        ),
    ],
)
def test_what_is_local_or_secret_is_refused(here, old, new, key, said):
    """The refusal names the file, the key and what to write; a secret is not repeated."""
    text = (here / "dwh.toml").read_text()
    assert old in text
    (here / "dwh.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        read()
    message = str(caught.value)
    assert caught.value.key.startswith(key) and said in message and str(here / "dwh.toml") in message
    assert "x1y2" not in message and "pass@" not in message


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        ("", "or --ledger-secret NAME for one whose URL is a secret"),
        ('ledger = "sqlite:///ledger.db"\n', "jobs on other machines share it"),
        (
            'ledger = "postgresql://dwh:x1y2@db/dwh"\n',
            "put the ledger's whole URL into a secret: --ledger-secret NAME",
        ),
        ('ledger = "postgresql://dwh@db/dwh?password=x1y2"\n', "put the whole URL into a secret"),
    ],
)
def test_a_ledger_that_the_job_cannot_have_is_refused(here, ledger, said):
    """None, SQLite, or one with its password in the file: each says what to do instead."""
    (here / "dwh.toml").write_text(ledger + (here / "dwh.toml").read_text())
    with pytest.raises(ConfigError) as caught:
        read(secret=None)
    assert said in str(caught.value) and "x1y2" not in str(caught.value)


def test_without_a_file_there_is_nothing_to_upload(here):
    """The job needs a dwh.toml."""
    (here / "dwh.toml").unlink()
    with pytest.raises(ConfigError):
        read()
