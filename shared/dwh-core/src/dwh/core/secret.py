"""The ledger's URL from AWS Secrets Manager, for platforms that give a job nothing but arguments.

A job's arguments are shown to everyone who may look at the job, so they name the secret. boto3, which
reads it, is part of Glue and EMR; dwh-core does not ask for it elsewhere.
"""

from __future__ import annotations

from dwh.core.errors import SecretError, one_line

__all__ = ["read_secret"]


def read_secret(name: str) -> str:
    """Return the text of a secret, with the credentials that the platform gives the job.

    Parameters:
        name: of the secret, or its ARN, which says the region, too.

    Raises SecretError.
    """
    try:
        import boto3
    except ImportError:
        raise SecretError(name, "boto3 is not installed here", "type: pip install boto3") from None
    region = name.split(":")[3] if name.startswith("arn:") and name.count(":") >= 6 else None
    try:
        text = boto3.client("secretsmanager", region_name=region).get_secret_value(SecretId=name)[
            "SecretString"
        ]
    except Exception as error:
        hint = (
            "the job's role needs secretsmanager:GetSecretValue for it; without a region, name it by its ARN"
        )
        raise SecretError(name, one_line(error), hint) from None
    return str(text).strip()
