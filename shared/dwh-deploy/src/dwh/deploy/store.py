"""A bucket that holds what jobs are made of. Each is written once, with its SHA-256."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from dwh.deploy.aws import aws_errors, error_code
from dwh.deploy.errors import AwsError, ChangedReleaseError
from dwh.deploy.naming import require_name
from dwh.deploy.wheelhouse import Release
from dwh.deploy.wheels import sha256

__all__ = ["Layout", "Part", "State", "Store", "parts"]

State = Literal["new", "there"]


@dataclass(frozen=True)
class Layout:
    """Where in a bucket the parts of jobs are; raises InvalidNameError for a name that cannot be used."""

    bucket: str
    prefix: str

    def __post_init__(self) -> None:
        allowed = "3 to 63 lower-case letters, digits, dots and dashes, without s3://"
        require_name("bucket", self.bucket, r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", allowed)
        allowed = "words of letters, digits, dots, dashes and underscores, joined by slashes"
        require_name("prefix", self.prefix, r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*", allowed)

    def uri(self, key: str) -> str:
        """Return the URI of an object."""
        return f"s3://{self.bucket}/{key}"


@dataclass(frozen=True)
class Part:
    """One object: what it holds, and under which key.

    A wheel's key carries its release, so that a second file of that name is noticed; the others' carry
    their SHA-256, so that each content has a place of its own.
    """

    key: str
    content: bytes
    release: str

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content, in hexadecimal."""
        return sha256(self.content)


def parts(release: Release, settings: bytes, prefix: str) -> tuple[Part, Part, tuple[Part, ...]]:
    """Return the entry script, the configuration and the wheels of a release as objects."""
    core = next(wheel for wheel in release.wheels if wheel.name == "dwh-core")
    entry = release.entry
    return (
        Part(f"{prefix}/entry/{sha256(entry)}/entry.py", entry, core.release),
        Part(f"{prefix}/config/{sha256(settings)}/dwh.toml", settings, release.reference),
        tuple(
            Part(f"{prefix}/wheels/{wheel.path.name}", wheel.content, wheel.release)
            for wheel in release.wheels
        ),
    )


@dataclass(frozen=True)
class Store:
    """The bucket, by its client."""

    client: Any
    layout: Layout

    def states(self, found: Iterable[Part]) -> dict[Part, State]:
        """Return which parts are there and which are new.

        Raises ChangedReleaseError when something else is there, and AwsError.
        """
        with aws_errors(f"looking into the bucket {self.layout.bucket}"):
            self.client.head_bucket(Bucket=self.layout.bucket)
        return {part: self._state(part) for part in found}

    def put(self, part: Part) -> None:
        """Write a part that is not there; S3 compares its SHA-256 with what arrived.

        Raises ChangedReleaseError when another has just written something else there, and AwsError.
        """
        uri = self.layout.uri(part.key)
        with aws_errors(f"uploading {uri}"):
            try:
                self.client.put_object(
                    Bucket=self.layout.bucket,
                    Key=part.key,
                    Body=part.content,
                    ChecksumSHA256=base64.b64encode(hashlib.sha256(part.content).digest()).decode(),
                    IfNoneMatch="*",
                    Metadata={"release": part.release, "sha256": part.sha256},
                )
                return
            except self.client.exceptions.ClientError as error:
                if error_code(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
                    raise
        if self._state(part) == "new":
            raise AwsError(f"uploading {uri}", "another upload of it was under way, and failed", "try again")

    def _state(self, part: Part) -> State:
        uri = self.layout.uri(part.key)
        with aws_errors(f"looking at {uri}"):
            try:
                head = self.client.head_object(
                    Bucket=self.layout.bucket, Key=part.key, ChecksumMode="ENABLED"
                )
            except self.client.exceptions.ClientError as error:
                if error_code(error) in ("404", "NoSuchKey", "NotFound"):
                    return "new"
                raise
            theirs = self._digest(part.key, head)
        if theirs != part.sha256:
            raise ChangedReleaseError(uri, theirs, part.sha256)
        return "there"

    def _digest(self, key: str, head: dict[str, Any]) -> str:
        """Return an object's SHA-256, which S3 knows unless someone else uploaded it otherwise."""
        if (known := head.get("ChecksumSHA256")) and head.get("ChecksumType") != "COMPOSITE":
            return base64.b64decode(known).hex()
        return sha256(self.client.get_object(Bucket=self.layout.bucket, Key=key)["Body"].read())
