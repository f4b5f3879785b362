"""Read objects from S3 at the endpoint given; credentials come from the environment, as boto3 finds them."""

import builtins
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.redshift.protocol.errors import CopyError, detailed

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"
"""What S3 answers no location for."""
_ROLE = "arn:aws:iam::000000000000:role/lakeport-redshift-copy"
_MISSING = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")


@dataclass(frozen=True)
class Location:
    bucket: str
    key: str

    @classmethod
    def from_url(cls, url: str) -> "Location":
        bucket, _, key = url.removeprefix("s3://").partition("/")
        if not url.startswith("s3://") or not bucket:
            raise detailed(f"Invalid S3 url '{url}'", code=8001)
        return cls(bucket, key)

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class S3Object:
    location: Location
    size_bytes: int
    etag: str
    modified_at: datetime
    body: "StreamingBody | None" = None
    """What has not been read of it, if reading has begun."""


class ObjectStore:
    """All access to S3; safe to use from many threads."""

    def __init__(self, endpoint: str, missing_permission: str = "none") -> None:
        self._missing_permission = missing_permission
        self.own_region = os.environ.get("AWS_DEFAULT_REGION", DEFAULT_REGION)
        self._regions: dict[str, str] = {}
        self._endpoint = endpoint

    @cached_property
    def _client(self) -> "S3Client":
        """Made when it is first needed: it takes as long as all else that a start does."""
        return boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=self.own_region,
            config=Config(s3={"addressing_style": "path"}, max_pool_connections=50, retries={"mode": "standard"}),
        )

    def region(self, bucket: str) -> str:
        """Return where a bucket is; asked once for each."""
        self._check_role()
        if bucket not in self._regions:
            try:
                found = self._client.get_bucket_location(Bucket=bucket).get("LocationConstraint")
            except (ClientError, BotoCoreError) as error:
                raise service_error(error) from None
            self._regions[bucket] = found or DEFAULT_REGION
        return self._regions[bucket]

    def list(self, prefix: Location) -> Iterator[S3Object]:
        """Give the objects whose key starts with the prefix, in the order of their keys."""
        if self._missing_permission == "s3":
            raise _denied(prefix)
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
                for entry in page.get("Contents", []):
                    location = Location(prefix.bucket, entry["Key"])
                    yield S3Object(location, entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])
        except (ClientError, BotoCoreError) as error:
            raise service_error(error) from None

    def list_all(self, prefix: Location) -> "builtins.list[S3Object]":
        return [*self.list(prefix)]

    def head(self, location: Location) -> S3Object | None:
        """Describe one object, None if there is none."""
        return self._described(location, self._client.head_object)

    def begin(self, location: Location) -> S3Object | None:
        """Describe one object and begin to read it, by one call; None if there is none."""
        return self._described(location, self._client.get_object)

    def _described(self, location: Location, call: Callable[..., Any]) -> S3Object | None:
        self._check_read(location)
        try:
            found = call(Bucket=location.bucket, Key=location.key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _MISSING:
                return None
            raise service_error(error) from None
        except BotoCoreError as error:
            raise service_error(error) from None
        etag = found["ETag"].strip('"')
        return S3Object(location, found["ContentLength"], etag, found["LastModified"], found.get("Body"))

    def upload(self, location: Location, file: IO[bytes], kms_key_id: str | None = None) -> None:
        """Write an object of any size, in parts where it is large; without a key the bucket's default encrypts it."""
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else None
        try:
            self._client.upload_fileobj(file, location.bucket, location.key, ExtraArgs=encryption)
        except (ClientError, BotoCoreError, S3UploadFailedError) as error:
            raise service_error(error) from None

    def delete(self, location: Location) -> None:
        try:
            self._client.delete_object(Bucket=location.bucket, Key=location.key)
        except (ClientError, BotoCoreError) as error:
            raise service_error(error) from None

    def open(self, location: Location) -> "StreamingBody":
        """Start to read an object."""
        self._check_read(location)
        try:
            return self._client.get_object(Bucket=location.bucket, Key=location.key)["Body"]
        except (ClientError, BotoCoreError) as error:
            raise service_error(error) from None

    def _check_role(self) -> None:
        if self._missing_permission == "role":
            raise detailed(f"Not authorized to get credentials of role {_ROLE}", code=30000)

    def _check_read(self, location: Location) -> None:
        if self._missing_permission in ("read", "s3"):
            raise _denied(location)


def _denied(location: Location) -> CopyError:
    """Return a missing permission as users report it (embulk-output-jdbc #85, aws-redshift-spectrum-poc #3)."""
    message = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 0000000000000000,ExtRid 0,CanRetry 1"
    return detailed(message, code=8001, context=f"S3 key being read : {location.url}")


def service_error(error: Exception, prefix: str = "") -> CopyError:
    """Return a failure of S3 in the words of Redshift."""
    if not isinstance(error, ClientError):
        return detailed(f"{prefix}S3ServiceException:{error}", code=8001)
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return detailed(f"{prefix}S3ServiceException:{message},Status {status},Error {code}", code=8001)
