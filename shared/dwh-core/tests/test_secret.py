"""Reading the ledger's URL from a secret; against a real server in dwh-deploy's tests."""

from __future__ import annotations

import sys

import pytest

from dwh.core import entry
from dwh.core.errors import SecretError
from dwh.core.secret import read_secret


def test_without_boto3_the_secret_is_named_and_the_remedy(monkeypatch):
    """Where boto3 is not installed, the message says what to type."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(
        SecretError, match=r"secret dwh/ledger: boto3 is not installed here; type: pip install boto3"
    ):
        read_secret("dwh/ledger")


def test_a_url_and_a_secret_are_one_too_many(capsys):
    """The ledger is given once."""
    words = [
        "--job",
        "takings@7.1",
        "--date",
        "2024-01-01",
        "--ledger",
        "sqlite:///x.db",
        "--ledger-secret",
        "x",
    ]
    assert entry.main(words) == 2
    assert "not both" in capsys.readouterr().err
