"""Copy registered versions of objects, to the archive for one, and remove them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lakeport.errors import ObjectChanged
from lakeport.files.s3_objects import is_not_found, no_longer_exists, read_head, version_arguments
from lakeport.model import CopySource
from lakeport.settings import command

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REMOVED_AT_ONCE = 1000  # S3's limit
_SMALL_BYTES = 8 << 20  # boto3's own limit; it copies larger objects in parts, and asks for the size of any first


def copy_of_version(s3: S3Client, source: CopySource, to_bucket: str, to_key: str) -> CopySource:
    """Copy exactly the registered version, of any size, and return the copy.

    Safe to repeat: it writes the same bytes under the same key.  Raises ObjectChanged if that version no longer exists.
    """
    try:
        if source.size_bytes < _SMALL_BYTES:
            s3.copy_object(CopySource=version_arguments(source), Bucket=to_bucket, Key=to_key)
        else:
            s3.copy(version_arguments(source), to_bucket, to_key, ExtraArgs=_metadata(s3, source))
    except ClientError as error:
        if is_not_found(error):
            raise no_longer_exists(source) from error
        raise
    return CopySource(to_bucket, to_key, None, source.size_bytes, source.compression)


def _metadata(s3: S3Client, source: CopySource) -> Any:
    """Return what a copy in parts must be given: it leaves out the metadata, which some encrypted files need."""
    return {"Metadata": s3.head_object(**version_arguments(source))["Metadata"], "MetadataDirective": "REPLACE"}


def archive(s3: S3Client, source: CopySource, to_bucket: str, to_key: str) -> str | None:
    """Copy the registered version to the archive, and return the version of the copy, which has the same size.

    Safe to repeat: what the archive has is only checked.  A small object is not looked for first, which takes longer
    than to copy the same version again.  Raises ObjectChanged if it is neither in landing nor in the archive.
    """
    is_copied_again = source.version_id and source.size_bytes < _SMALL_BYTES
    kept = None if is_copied_again else read_head(s3, Bucket=to_bucket, Key=to_key)
    if kept is None or kept["ContentLength"] != source.size_bytes:
        gone = _copied_or_gone(s3, source, to_bucket, to_key)
        kept = read_head(s3, Bucket=to_bucket, Key=to_key)
        if gone and (kept is None or kept["ContentLength"] != source.size_bytes):
            raise gone
    if kept is None or kept["ContentLength"] != source.size_bytes:
        raise ObjectChanged(
            f"s3://{to_bucket}/{to_key} must have the {source.size_bytes:,} bytes of {source.uri}, "
            f"but has {kept['ContentLength'] if kept else 0:,}; run {command('reconcile')} to archive it again"
        )
    version_id: str | None = kept.get("VersionId")
    return version_id


def _copied_or_gone(s3: S3Client, source: CopySource, to_bucket: str, to_key: str) -> ObjectChanged | None:
    """Copy the version; return the error if landing does not have it any more, as after an earlier attempt."""
    try:
        copy_of_version(s3, source, to_bucket, to_key)
    except ObjectChanged as error:
        return error
    return None


def remove_version(s3: S3Client, source: CopySource) -> None:
    """Remove exactly that version from landing; a newer one of the same name stays."""
    s3.delete_object(**version_arguments(source))


def remove_versions(s3: S3Client, sources: Sequence[CopySource]) -> None:
    """Remove many versions, up to 1,000 by one call.  Safe to repeat; raises ClientError if one is not removed."""
    by_bucket = defaultdict[str, list[CopySource]](list)
    for source in sources:
        if source.key.isprintable():
            by_bucket[source.bucket].append(source)
        else:  # the call lists the keys as XML, which cannot contain some characters
            remove_version(s3, source)
    for bucket, listed in by_bucket.items():
        for first in range(0, len(listed), _REMOVED_AT_ONCE):
            _remove_listed(s3, bucket, listed[first : first + _REMOVED_AT_ONCE])


def _remove_listed(s3: S3Client, bucket: str, sources: Sequence[CopySource]) -> None:
    listed: Any = [
        {name: value for name, value in version_arguments(each).items() if name != "Bucket"} for each in sources
    ]
    answer: Any = s3.delete_objects(Bucket=bucket, Delete={"Objects": listed, "Quiet": True})
    for error in answer.get("Errors", []):
        raise ClientError({"Error": error, "ResponseMetadata": answer["ResponseMetadata"]}, "DeleteObjects")


def remove_all_versions(s3: S3Client, bucket: str, prefix: str) -> None:
    """Remove every object below a prefix with all its versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for each in found:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
