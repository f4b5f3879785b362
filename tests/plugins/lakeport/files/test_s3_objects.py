"""The current version of an object is the one that COPY would read."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from lakeport.files import s3_objects
from tests.support.buckets import BUCKETS, KEY, land

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LANDING, ARCHIVE = BUCKETS["landing"], BUCKETS["archive"]


def test_current_version_is_the_one_copy_would_read(s3: S3Client) -> None:
    first = land(s3, b"1")
    assert s3_objects.current_version(s3, LANDING, KEY) == first.version_id

    second = land(s3, b"2")
    assert s3_objects.current_version(s3, LANDING, KEY) == second.version_id

    s3.delete_object(Bucket=LANDING, Key=KEY)
    assert s3_objects.current_version(s3, LANDING, KEY) is None


def test_object_without_versions_is_known_by_its_etag(s3: S3Client) -> None:
    etag = s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"1")["ETag"]

    assert s3_objects.current_version(s3, ARCHIVE, KEY) == etag.strip('"')


def test_forked_process_makes_its_own_client(s3: S3Client) -> None:
    """It shares the sockets of its parent otherwise, and reads answers to its parent's calls."""
    client = s3_objects.s3_client()
    assert s3_objects.s3_client() is client
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        assert pool.submit(_client_id).result() != id(client)


def _client_id() -> int:
    return id(s3_objects.s3_client())
