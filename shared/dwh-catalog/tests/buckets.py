"""A bucket of moto's server, as S3 over HTTP, and what it was asked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import requests

KEY, SECRET, REGION = "AKIAEXAMPLE", "not-to-be-seen", "eu-central-1"


@dataclass
class Bucket:
    """A bucket, and the requests that its server has got, such as `PUT /lake/warehouse/…`."""

    address: str
    name: str = "lake"
    asked: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which clients of AWS reach it."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": REGION,
        }

    @property
    def properties(self) -> dict[str, str]:
        """The properties by which pyiceberg reaches it, as a reader gives them."""
        return {
            "s3.endpoint": self.address,
            "s3.access-key-id": KEY,
            "s3.secret-access-key": SECRET,
            "s3.region": REGION,
        }


class _Log(logging.Handler):
    """Keeps the requests that moto's server logs."""

    def __init__(self, asked: list[str]) -> None:
        super().__init__(logging.INFO)
        self._asked = asked

    def emit(self, record: logging.LogRecord) -> None:
        if '"' in (said := record.getMessage()):
            self._asked.append(said.split('"')[1].removesuffix(" HTTP/1.1"))


@contextmanager
def bucket() -> Iterator[Bucket]:
    """Give a bucket that is empty."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    found = Bucket(f"http://{host}:{port}")
    client = boto3.client(
        "s3",
        endpoint_url=found.address,
        region_name=REGION,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket=found.name, CreateBucketConfiguration={"LocationConstraint": REGION})
    logger, log = logging.getLogger("werkzeug"), _Log(found.asked)
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(log)
    try:
        yield found
    finally:
        logger.removeHandler(log)
        logger.setLevel(before)
        requests.post(f"{found.address}/moto-api/reset", timeout=30)  # all servers of a process are one
        server.stop()
