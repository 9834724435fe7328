"""The one place that talks to AWS by boto3, and makes its errors readable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dwh.deploy.errors import AwsError, BotoMissingError

__all__ = ["aws_client", "aws_errors", "error_code"]

_CREDENTIALS = (
    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or type: aws sso login; "
    "then try: aws sts get-caller-identity"
)
_PERMISSIONS = (
    "check who you are with aws sts get-caller-identity, and that this identity is allowed to do it"
)
_REFUSED = {
    "403": _PERMISSIONS,
    "404": "make the bucket, or give another with --bucket",
    "AccessDenied": _PERMISSIONS,
    "AccessDeniedException": _PERMISSIONS,
    "ExpiredToken": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "NoSuchBucket": "make the bucket, or give another with --bucket",
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
}


def aws_client(service: str, region: str | None) -> Any:
    """Return boto3's client of a service, with the credentials that AWS' own tools would use.

    Raises BotoMissingError, and AwsError when the region or the profile is not known.
    """
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise BotoMissingError from None
    patience = Config(connect_timeout=10, retries={"mode": "standard", "max_attempts": 3})
    with aws_errors(f"opening AWS {service}"):
        return boto3.Session(region_name=region).client(service, config=patience)


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Turn what boto3 raises while something is done into an AwsError, without any secret."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        ProfileNotFound,
    )

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise AwsError(action, f"there are no AWS credentials ({error})", _CREDENTIALS) from None
    except NoRegionError:
        raise AwsError(action, "no region is set", "give --region, or set AWS_REGION") from None
    except ClientError as error:
        answer = error.response.get("Error", {})
        code = error_code(error)
        said = f"AWS refused it: {code}, {answer.get('Message') or 'no reason was given'}"
        raise AwsError(action, said, _REFUSED.get(code, "nothing points to what is not there")) from None
    except (ConnectionError, HTTPClientError, OSError) as error:
        raise AwsError(action, f"AWS cannot be reached ({error})", "check the network and --region") from None
    except (BotoCoreError, Boto3Error) as error:
        raise AwsError(action, f"{type(error).__name__}: {error}", _CREDENTIALS) from None


def error_code(error: Exception) -> str:
    """Return the code of a refusal by AWS, such as `AccessDenied`; HTTP's number where it gave none."""
    answer = getattr(error, "response", {}).get("Error", {})
    return str(answer.get("Code", "")) or type(error).__name__
