"""Make objects COPY can read from files it cannot: a .zip's one member, streamed through the disk in bounded memory."""

from __future__ import annotations

import io
import lzma
import struct
import tempfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, cast

from lakeport import landing
from lakeport.copy_source import CopySource
from lakeport.errors import UnloadableFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ENCRYPTED = 0x1
_MAX_MEMBER_BYTES = 50 << 30
# What zipfile and its decompressors raise on damaged archives; S3's own failures are none of these.
_DAMAGED = (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, lzma.LZMAError, struct.error, zlib.error)


def unzip(s3: S3Client, archive: CopySource, to_bucket: str, to_key: str) -> CopySource:
    """Write the .zip's one member as an object of its own and return it.

    Safe to repeat: the same archive gives the same object.  Raises UnloadableFile where there is not exactly one
    readable file in it.
    """
    with tempfile.TemporaryFile() as file, landing.opened(s3, archive) as stream:
        while chunk := stream.read(1 << 20):
            file.write(chunk)
        try:
            with zipfile.ZipFile(file) as members, members.open(_only_member(members, archive)) as member:
                s3.upload_fileobj(cast("IO[bytes]", _Bounded(member, archive.uri)), to_bucket, to_key)
        except _DAMAGED as error:
            raise UnloadableFile(f"{archive.uri} is no readable .zip: {error}") from error
    size = s3.head_object(Bucket=to_bucket, Key=to_key)["ContentLength"]
    return CopySource(to_bucket, to_key, None, size, "none")


def _only_member(members: zipfile.ZipFile, archive: CopySource) -> zipfile.ZipInfo:
    files = [info for info in members.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if len(files) != 1:
        raise UnloadableFile(f"{archive.uri} holds {len(files)} files; exactly one is allowed")
    if files[0].flag_bits & _ENCRYPTED:
        raise UnloadableFile(f"{archive.uri} is encrypted; have it sent without a password")
    return files[0]


class _Bounded(io.RawIOBase):
    """A member's bytes, counted as they come: the size that the archive claims may be a lie."""

    def __init__(self, member: IO[bytes], uri: str) -> None:
        self._member = member
        self._uri = uri
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._member.read(size)
        self._bytes += len(data)
        if self._bytes > _MAX_MEMBER_BYTES:
            raise UnloadableFile(f"{self._uri} unpacks to more than {_MAX_MEMBER_BYTES:,} bytes")
        return data
