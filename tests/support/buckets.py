"""The buckets that the tests of the modules use, and a file landed in one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

from lakeport.model import CopySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKETS = {name: f"lakeport-{name}" for name in ("landing", "archive", "work", "code")}


WORK = BUCKETS["work"]


Prepare = Callable[..., dict[str, bytes]]


def land(s3: S3Client, body: bytes, compression: str = "none") -> CopySource:
    """Put a file into landing."""
    version = s3.put_object(Bucket=BUCKETS["landing"], Key="trips/trips.dat", Body=body)["VersionId"]
    return CopySource(BUCKETS["landing"], "trips/trips.dat", version, len(body), compression)
