"""Where the snapshots are in the work bucket, and how one is read or replaced by a newer one."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lakeport import settings
from lakeport.files.s3_objects import is_not_found
from lakeport.model import as_utc

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "state/"
SUMMARIES = f"{PREFIX}summaries/"
FINDINGS = f"{PREFIX}reconcile.json"
"""What the last run of reconcile that a person started has found."""
NO_TYPE = "-"
"""Stands for the file type of the Rejected files, which have none; no file type can have this name."""
_AS_OF = "as-of"
ATTEMPTS = 20
_COMPRESSION = 1  # a third of the time of level 5, for objects that are read once or twice
_PRECONDITION_CODES = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


def summary_key(file_type: str | None) -> str:
    """Return the key of the small snapshot of a file type: its figures and newest files."""
    return f"{SUMMARIES}{file_type or NO_TYPE}.json"


def type_key(file_type: str | None) -> str:
    """Return the key of the whole snapshot of a file type."""
    return f"{PREFIX}types/{file_type or NO_TYPE}.json"


def rejected_rows_prefix(file_type: str | None) -> str:
    """Return the prefix of the first rejected rows of the type's files."""
    return f"{PREFIX}rejected_rows/{file_type or NO_TYPE}/"


def rejected_rows_key(file_type: str | None, file_id: str, run_id: str) -> str:
    """Return the key of the first rejected rows of one file in one run."""
    return f"{rejected_rows_prefix(file_type)}{file_id}/{hashlib.sha256(run_id.encode()).hexdigest()[:16]}.json"


def keys_under(s3: S3Client, prefix: str) -> dict[str, str]:
    """Return the ETag of each snapshot under a prefix, by key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.work_bucket(), Prefix=prefix)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}


def types_with_rejected_rows(s3: S3Client) -> list[str]:
    """Return the file types that have rejected rows here."""
    prefix = f"{PREFIX}rejected_rows/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.work_bucket(), Prefix=prefix, Delimiter="/")
    found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
    return [each.removeprefix(prefix).rstrip("/") for each in found]


def written_under(s3: S3Client, prefix: str) -> dict[str, datetime]:
    """Return when each snapshot under a prefix was written, by key; in UTC."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.work_bucket(), Prefix=prefix)
    return {each["Key"]: as_utc(each["LastModified"]) for page in pages for each in page.get("Contents", [])}


def read(s3: S3Client, key: str) -> dict[str, Any] | None:
    """Return a snapshot, or None if it does not exist."""
    try:
        body = s3.get_object(Bucket=settings.work_bucket(), Key=key)["Body"].read()
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
    found: dict[str, Any] = json.loads(gzip.decompress(body))
    return found


@dataclass(frozen=True)
class Current:
    """The state of a snapshot: the condition that it has not changed, the time of its content, and the content."""

    condition: dict[str, Any]
    as_of: str = ""
    content: dict[str, Any] | None = None


def current(s3: S3Client, key: str, *, with_content: bool = False) -> Current:
    """Return the state of a snapshot, which need not exist."""
    bucket = settings.work_bucket()
    try:
        found: Any = s3.get_object(Bucket=bucket, Key=key) if with_content else s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if is_not_found(error):
            return Current({"IfNoneMatch": "*"})
        raise
    content = json.loads(gzip.decompress(found["Body"].read())) if with_content else None
    return Current({"IfMatch": found["ETag"]}, found["Metadata"].get(_AS_OF, ""), content)


def replace_older(s3: S3Client, key: str, content: Mapping[str, Any], as_of: datetime) -> bool:
    """Write a snapshot unless a newer one is there; return whether it was written.

    Safe to repeat and to run at the same time as others: the object is replaced only in the state in which its time was
    read, and read again if another process was faster.
    """
    for attempt in range(1, ATTEMPTS + 1):
        found = current(s3, key)
        if found.as_of >= as_of.isoformat():
            return False
        try:
            replace(s3, key, content, as_of, found)
        except ClientError as error:
            if attempt == ATTEMPTS or not is_outrun(error):
                raise
        else:
            return True
    return False


def replace(s3: S3Client, key: str, content: Mapping[str, Any], as_of: datetime, known: Current) -> None:
    """Write a snapshot in place of the known one, by S3's If-Match and If-None-Match.

    Raises ClientError, for which `is_outrun` is true if another process has written the snapshot meanwhile.
    """
    text = json.dumps(content, default=_as_text, separators=(",", ":"))
    s3.put_object(
        Bucket=settings.work_bucket(),
        Key=key,
        Body=gzip.compress(text.encode(), compresslevel=_COMPRESSION, mtime=0),
        ContentType="application/json",
        ContentEncoding="gzip",
        Metadata={_AS_OF: as_of.isoformat()},
        **known.condition,
    )


def is_outrun(error: ClientError) -> bool:
    """Return whether another process has replaced the object whose state was known."""
    return error.response["Error"]["Code"] in _PRECONDITION_CODES


def _as_text(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
