"""S3 objects by version: find them and list them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lakeport.errors import ObjectChanged
from lakeport.files.at_once import CALLS_AT_ONCE
from lakeport.model import NO_VERSION, CopySource, as_utc

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_FOUND_CODES = {"404", "NoSuchKey", "NoSuchVersion"}


@cache
def s3_client() -> S3Client:
    """Return the process's client, for any thread; endpoint, region and credentials are the environment's."""
    import boto3  # noqa: PLC0415 - takes long, and not every process that imports this module needs it
    from botocore.config import Config  # noqa: PLC0415 - the same

    return boto3.client("s3", config=Config(max_pool_connections=CALLS_AT_ONCE))


# A forked process that used the same connections would read answers to its parent's calls.
os.register_at_fork(after_in_child=s3_client.cache_clear)


def is_not_found(error: ClientError) -> bool:
    """Return whether the error means that the object, or that version of it, does not exist."""
    return error.response["Error"]["Code"] in _NOT_FOUND_CODES


def current_version(s3: S3Client, bucket: str, key: str, version_id: str | None = None) -> str | None:
    """Return the version COPY would read now (its ETag without versioning), or None if there is no object.

    With `version_id`, return it if the object has that version.
    """
    head = read_head(s3, Bucket=bucket, Key=key, **({"VersionId": version_id} if version_id else {}))
    if head is None:
        return None
    found: str | None = head.get("VersionId")
    etag: str = head["ETag"].strip('"')
    return etag if found in (None, NO_VERSION) else found


def modified_at(s3: S3Client, bucket: str, key: str) -> datetime | None:
    """Return when the object was written, in UTC without zone, or None if there is no object."""
    head = read_head(s3, Bucket=bucket, Key=key)
    return None if head is None else as_utc(head["LastModified"])


def is_there(s3: S3Client, source: CopySource) -> bool:
    """Return whether this version of the object can be read."""
    return read_head(s3, **version_arguments(source)) is not None


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object in a bucket; `modified_at` is in UTC, without zone."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    modified_at: datetime


def version_pages(s3: S3Client, bucket: str) -> Iterator[list[ObjectVersion]]:
    """Yield all versions of all objects of a bucket, a thousand at most at a time; delete markers are left out."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        yield [
            ObjectVersion(
                bucket,
                each["Key"],
                None if each["VersionId"] == NO_VERSION else each["VersionId"],
                each["ETag"].strip('"'),
                each["Size"],
                as_utc(each["LastModified"]),
            )
            for each in page.get("Versions", [])
        ]


def version_arguments(source: CopySource) -> Any:
    """Return the arguments by which boto3 addresses the registered version."""
    place = {"Bucket": source.bucket, "Key": source.key}
    return place | ({"VersionId": source.version_id} if source.version_id else {})


def no_longer_exists(source: CopySource) -> ObjectChanged:
    """Return the error to raise if S3 does not have the registered version any more."""
    return ObjectChanged(f"{source.uri}, version {source.version_id}, no longer exists; send the file again")


def read_head(s3: S3Client, **place: Any) -> Any:
    """Return what S3 knows about an object, or a version of it, without its content; None if it does not exist."""
    try:
        return s3.head_object(**place)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
