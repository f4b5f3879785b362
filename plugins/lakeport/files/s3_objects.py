"""S3 objects by version: list them, read them, read their lines by number, copy them to the archive."""

from __future__ import annotations

import io
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import IO, TYPE_CHECKING, Any

import zstandard
from botocore.exceptions import ClientError

from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import transcoding
from lakeport.files.at_once import CALLS_AT_ONCE
from lakeport.files.compression import decompressed
from lakeport.files.streams import Readable, chunks_of
from lakeport.model import NO_VERSION, CopySource, as_utc
from lakeport.schema.encodings import UTF8

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_FOUND_CODES = {"404", "NoSuchKey", "NoSuchVersion"}
_MAX_LINE_BYTES = 64 << 20
_RANGE_BYTES = 64 << 10
_REMOVED_AT_ONCE = 1000  # S3's limit
_SMALL_BYTES = 8 << 20  # boto3's own limit; it copies larger objects in parts, and asks for the size of any first


@cache
def s3_client() -> S3Client:
    """Return the process's client, for any thread; endpoint, region and credentials are the environment's."""
    import boto3  # noqa: PLC0415 - takes long, and not every process that imports this module needs it
    from botocore.config import Config  # noqa: PLC0415 - the same

    return boto3.client("s3", config=Config(max_pool_connections=CALLS_AT_ONCE))


def is_not_found(error: ClientError) -> bool:
    """Return whether the error means that the object, or that version of it, does not exist."""
    return error.response["Error"]["Code"] in _NOT_FOUND_CODES


def current_version(s3: S3Client, bucket: str, key: str, version_id: str | None = None) -> str | None:
    """Return the version COPY would read now (its ETag without versioning), or None if there is no object.

    With `version_id`, return it if the object has that version.
    """
    head = _head(s3, Bucket=bucket, Key=key, **({"VersionId": version_id} if version_id else {}))
    if head is None:
        return None
    found: str | None = head.get("VersionId")
    etag: str = head["ETag"].strip('"')
    return etag if found in (None, NO_VERSION) else found


def modified_at(s3: S3Client, bucket: str, key: str) -> datetime | None:
    """Return when the object was written, in UTC without zone, or None if there is no object."""
    head = _head(s3, Bucket=bucket, Key=key)
    return None if head is None else as_utc(head["LastModified"])


def copy_of_version(s3: S3Client, source: CopySource, to_bucket: str, to_key: str) -> CopySource:
    """Copy exactly the registered version, of any size, and return the copy.

    Safe to repeat: it writes the same bytes under the same key.  Raises ObjectChanged if that version no longer exists.
    """
    try:
        if source.size_bytes < _SMALL_BYTES:
            s3.copy_object(CopySource=_version(source), Bucket=to_bucket, Key=to_key)
        else:
            s3.copy(_version(source), to_bucket, to_key, ExtraArgs=_metadata(s3, source))
    except ClientError as error:
        if is_not_found(error):
            raise _gone(source) from error
        raise
    return CopySource(to_bucket, to_key, None, source.size_bytes, source.compression)


def _metadata(s3: S3Client, source: CopySource) -> Any:
    """Return what a copy in parts must be given: it leaves out the metadata, which some encrypted files need."""
    return {"Metadata": s3.head_object(**_version(source))["Metadata"], "MetadataDirective": "REPLACE"}


def archive(s3: S3Client, source: CopySource, to_bucket: str, to_key: str) -> str | None:
    """Copy the registered version to the archive, and return the version of the copy, which has the same size.

    Safe to repeat: what the archive has is only checked.  A small object is not looked for first, which takes longer
    than to copy the same version again.  Raises ObjectChanged if it is neither in landing nor in the archive.
    """
    is_copied_again = source.version_id and source.size_bytes < _SMALL_BYTES
    kept = None if is_copied_again else _head(s3, Bucket=to_bucket, Key=to_key)
    if kept is None or kept["ContentLength"] != source.size_bytes:
        gone = _copied_or_gone(s3, source, to_bucket, to_key)
        kept = _head(s3, Bucket=to_bucket, Key=to_key)
        if gone and (kept is None or kept["ContentLength"] != source.size_bytes):
            raise gone
    if kept is None or kept["ContentLength"] != source.size_bytes:
        raise ObjectChanged(
            f"s3://{to_bucket}/{to_key} must have the {source.size_bytes:,} bytes of {source.uri}, "
            f"but has {kept['ContentLength'] if kept else 0:,}; run ./lakeport reconcile to archive it again"
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


def is_there(s3: S3Client, source: CopySource) -> bool:
    """Return whether this version of the object can be read."""
    return _head(s3, **_version(source)) is not None


def remove_version(s3: S3Client, source: CopySource) -> None:
    """Remove exactly that version from landing; a newer one of the same name stays."""
    s3.delete_object(**_version(source))


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
    listed: Any = [{name: value for name, value in _version(each).items() if name != "Bucket"} for each in sources]
    answer: Any = s3.delete_objects(Bucket=bucket, Delete={"Objects": listed, "Quiet": True})
    for error in answer.get("Errors", []):
        raise ClientError({"Error": error, "ResponseMetadata": answer["ResponseMetadata"]}, "DeleteObjects")


def remove_all_versions(s3: S3Client, bucket: str, prefix: str) -> None:
    """Remove every object below a prefix with all its versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        found: list[Any] = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for each in found:
            s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])


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


Decrypt = Callable[[Readable, Mapping[str, str]], AbstractContextManager[Readable]]
"""Decrypts an object's bytes, with its metadata; its stream reports damage at its end at the latest."""


@contextmanager
def opened(s3: S3Client, source: CopySource, decrypt: Decrypt | None = None) -> Iterator[IO[bytes]]:
    """Open an object's registered version as a stream of its decrypted and uncompressed bytes.

    Raises ObjectChanged if that version no longer exists, UnloadableFile if it cannot be decrypted or decompressed.
    """
    try:
        answer = s3.get_object(**_version(source))
    except ClientError as error:
        raise (_gone(source) if is_not_found(error) else error) from error
    with answer["Body"] as body, decrypt(body, answer["Metadata"]) if decrypt else nullcontext(body) as plain:
        try:
            yield decompressed(plain, source.compression)
            if decrypt:
                for _ in chunks_of(plain):
                    pass  # what proves that it is whole may come after the last byte that was needed
        except (EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
            if getattr(error, "errno", None) is not None:
                raise  # an error of the network or the disk; a decompressor's error has no errno
            found = f"{source.uri} is not a readable {source.compression} file: {error}"
            raise UnloadableFile(f"{found}; ask the sender for it again") from error


@contextmanager
def seekable(s3: S3Client, source: CopySource) -> Iterator[IO[bytes]]:
    """Open an object's registered version, which is not compressed, and read only the ranges that are asked for.

    Raises ObjectChanged if that version no longer exists.
    """
    with io.BufferedReader(_Ranges(s3, source), _RANGE_BYTES) as file:
        yield file


class _Ranges(io.RawIOBase):
    def __init__(self, s3: S3Client, source: CopySource) -> None:
        self._s3, self._source = s3, source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size_bytes}[whence]
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        end = min(self._at + len(buffer), self._source.size_bytes)
        if end <= self._at:
            return 0
        try:
            answer = self._s3.get_object(**_version(self._source), Range=f"bytes={self._at}-{end - 1}")
        except ClientError as error:
            raise (_gone(self._source) if is_not_found(error) else error) from error
        with answer["Body"] as body:
            data = body.read()
        if "ContentRange" not in answer:  # a server may send the whole object instead
            data = data[self._at : end]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def read_lines(s3: S3Client, source: CopySource, numbers: Iterable[int], encoding: str = UTF8) -> dict[int, str]:
    """Return the object's lines with these 1-based numbers, whole, without their line ends."""
    wanted = sorted({number for number in numbers if number > 0}, reverse=True)
    found: dict[int, str] = {}
    if not wanted:
        return found
    with opened(s3, source) as stream:
        text = transcoding.utf8_stream(stream, encoding)
        for number, line in enumerate(iter(lambda: text.readline(_MAX_LINE_BYTES), b""), start=1):
            if number == wanted[-1]:
                found[wanted.pop()] = _without_end(line).decode(errors="backslashreplace")
                if not wanted:
                    break
    return found


def _without_end(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _version(source: CopySource) -> Any:
    place = {"Bucket": source.bucket, "Key": source.key}
    return place | ({"VersionId": source.version_id} if source.version_id else {})


def _gone(source: CopySource) -> ObjectChanged:
    return ObjectChanged(f"{source.uri}, version {source.version_id}, no longer exists; send the file again")


def _head(s3: S3Client, **place: Any) -> Any:
    try:
        return s3.head_object(**place)
    except ClientError as error:
        if is_not_found(error):
            return None
        raise
