"""The buckets that the tests of the modules use, and a file landed in one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakeport.model import CopySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKETS = {name: f"lakeport-{name}" for name in ("landing", "archive", "work", "code")}
WORK = BUCKETS["work"]
KEY = "trips/trips.dat"

Prepare = Callable[..., dict[str, bytes]]


def land(s3: S3Client, body: bytes, compression: str = "none", key: str = KEY) -> CopySource:
    """Put a file into landing."""
    version = s3.put_object(Bucket=BUCKETS["landing"], Key=key, Body=body)["VersionId"]
    return CopySource(BUCKETS["landing"], key, version, len(body), compression)


def content(s3: S3Client, bucket: str, key: str) -> bytes:
    """Return an object's current content."""
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()
