"""Bytes on their way: from whatever gives them piece by piece, over the disk where they must be sought in, to S3."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Protocol, cast

from boto3.s3.transfer import TransferConfig

from lakeport.copy_source import CopySource
from lakeport.errors import UnloadableFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1 << 20
# A worker's disk is 20 GB, which its tasks share.
MAX_SPOOLED_BYTES = 10 << 30
_PART_BYTES = 8 << 20  # 10,000 parts of it are more than may come out of a file
_TRANSFER = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=2)


class Readable(Protocol):
    """All that is asked of a stream here."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes, none at the end."""
        ...


def chunks_of(stream: Readable) -> Iterator[bytes]:
    """Yield the stream's bytes, a mebibyte at a time."""
    while data := stream.read(CHUNK_BYTES):
        yield data


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def stream_of(pieces: Iterator[bytes]) -> IO[bytes]:
    """Return a stream of what the pieces hold, each asked for when it is needed."""
    return io.BufferedReader(_Pieces(pieces), CHUNK_BYTES)


@contextmanager
def spooled(stream: Readable, name: str) -> Iterator[IO[bytes]]:
    """Bring a stream onto the disk, where it can be sought in; raises UnloadableFile where it is too large for that."""
    with tempfile.TemporaryFile() as file:
        for data in chunks_of(stream):
            if file.tell() + len(data) > MAX_SPOOLED_BYTES:
                raise UnloadableFile(f"{name} is larger than {MAX_SPOOLED_BYTES:,} bytes, the most that is unpacked")
            file.write(data)
        file.seek(0)
        yield file


def upload(s3: S3Client, stream: Readable, target: CopySource) -> CopySource:
    """Write the stream as an object, part by part where it is large, and return the object with its size."""
    whole = stream_of(chunks_of(stream))
    head = whole.read(_PART_BYTES)
    if len(head) < _PART_BYTES:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=head)
        return replace(target, size_bytes=len(head))
    counter = _Counter(head, whole)
    s3.upload_fileobj(cast("IO[bytes]", counter), target.bucket, target.key, Config=_TRANSFER)
    return replace(target, size_bytes=counter.bytes_)


class _Counter(io.RawIOBase):
    """What was read ahead and the rest, counted."""

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
