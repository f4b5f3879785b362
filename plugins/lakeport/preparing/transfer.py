"""Write a file's bytes to the disk, if they must be seekable, and to S3, part by part."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, cast

from boto3.s3.transfer import TransferConfig

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.model import CopySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A worker's disk is 20 GB, which its tasks share.
MAX_SPOOLED_BYTES = 10 << 30
_PART_BYTES = 8 << 20  # 10,000 parts are more than a file may unpack to
_TRANSFER = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=2)


@contextmanager
def spooled(stream: Readable, name: str) -> Iterator[IO[bytes]]:
    """Write a stream to the disk, where it is seekable; raises UnloadableFile if it is too large."""
    with tempfile.TemporaryFile() as file:
        for data in chunks_of(stream):
            if file.tell() + len(data) > MAX_SPOOLED_BYTES:
                most = f"{MAX_SPOOLED_BYTES:,} bytes, the maximum for an archive or a workbook"
                raise UnloadableFile(f"{name} is larger than {most}; ask the sender for smaller files")
            file.write(data)
        file.seek(0)
        yield file


def upload(s3: S3Client, stream: Readable, target: CopySource) -> CopySource:
    """Write the stream as an object, part by part if it is large, and return the object with its size."""
    whole = stream_of(chunks_of(stream))
    head = whole.read(_PART_BYTES)
    if len(head) < _PART_BYTES:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=head)
        return replace(target, size_bytes=len(head))
    counter = _Counter(head, whole)
    s3.upload_fileobj(cast("IO[bytes]", counter), target.bucket, target.key, Config=_TRANSFER)
    return replace(target, size_bytes=counter.bytes_)


class _Counter(io.RawIOBase):
    """The bytes that were read ahead and the rest, counted."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest
        self.bytes_ = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        if size < 0 or len(data) < size:
            data += self._rest.read(size if size < 0 else size - len(data))
        self.bytes_ += len(data)
        return data
