"""Read an object's registered version: as a stream, by ranges of bytes, or by line numbers."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, TYPE_CHECKING

import zstandard
from botocore.exceptions import ClientError

from lakeport.errors import UnloadableFile
from lakeport.files import transcoding
from lakeport.files.compression import decompressed
from lakeport.files.s3_objects import is_not_found, no_longer_exists, version_arguments
from lakeport.files.streams import Readable, chunks_of
from lakeport.model import CopySource
from lakeport.schema.encodings import UTF8

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_LINE_BYTES = 64 << 20
_RANGE_BYTES = 64 << 10
Decrypt = Callable[[Readable, Mapping[str, str]], AbstractContextManager[Readable]]
"""Decrypts an object's bytes, with its metadata; its stream reports damage at its end at the latest."""


@contextmanager
def opened(s3: S3Client, source: CopySource, decrypt: Decrypt | None = None) -> Iterator[IO[bytes]]:
    """Open an object's registered version as a stream of its decrypted and uncompressed bytes.

    Raises ObjectChanged if that version no longer exists, UnloadableFile if it cannot be decrypted or decompressed.
    """
    try:
        answer = s3.get_object(**version_arguments(source))
    except ClientError as error:
        raise (no_longer_exists(source) if is_not_found(error) else error) from error
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
            answer = self._s3.get_object(**version_arguments(self._source), Range=f"bytes={self._at}-{end - 1}")
        except ClientError as error:
            raise (no_longer_exists(self._source) if is_not_found(error) else error) from error
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
