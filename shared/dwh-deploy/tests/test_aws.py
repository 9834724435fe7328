"""Talking to AWS; what AWS answers is in `test_glue_deploy.py`."""

from __future__ import annotations

import sys

import pytest

from dwh.deploy.aws import aws_client
from dwh.deploy.errors import BotoMissingError


def test_without_boto3_the_extra_is_named(monkeypatch):
    """boto3 is optional: where it is missing, the message says what to type."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(BotoMissingError, match=r"type: pip install 'dwh-deploy\[glue\]'"):
        aws_client("s3", None)
