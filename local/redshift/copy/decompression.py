"""Decompress an object while it is read; a file that ends too early is an error, never a shorter file."""

import bz2
import gzip
import zlib
from typing import IO, cast

import zstandard
from botocore.exceptions import BotoCoreError

from local.redshift.copy.formats.text import Stream
from local.redshift.copy.lzop import LzopFile
from local.redshift.copy.options import Compression
from local.redshift.protocol.errors import CopyError, detailed

_READ_BYTES = 1 << 20


class Decompressed:
    """A stream whose damage is reported as COPY reports it."""

    def __init__(self, raw: Stream, compression: Compression | None, url: str) -> None:
        self._stream = opened(raw, compression)
        self._compression = compression
        self._url = url

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error, zstandard.ZstdError, BotoCoreError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> CopyError:
        name = self._compression.name if self._compression else "S3"
        return detailed(f"{name} read failed: {error}", code=8001, context=self._url)


def opened(raw: Stream, compression: Compression | None) -> Stream:
    if compression is None:
        return raw
    if compression is Compression.ZSTD:
        return _Zstandard(raw)
    if compression is Compression.LZOP:
        return LzopFile(raw)
    file = cast("IO[bytes]", raw)  # all that either calls is read(n)
    return gzip.GzipFile(fileobj=file, mode="rb") if compression is Compression.GZIP else bz2.BZ2File(file)


class _Zstandard:
    """Reads frame after frame; the library's own reader takes a cut frame for the end."""

    def __init__(self, raw: Stream) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._has_begun = False
        self._pending = b""

    def read(self, size: int = -1, /) -> bytes:
        """Return about as many bytes as asked for, none at the end."""
        parts, length = [], 0
        while (size < 0 or length < size) and (data := self._pending or self._raw.read(_READ_BYTES // 4)):
            part = self._decompressed(data)
            parts.append(part)
            length += len(part)
        if not parts and self._has_begun:
            raise EOFError("the file ends in the middle of a frame")
        return b"".join(parts)

    def _decompressed(self, data: bytes) -> bytes:
        self._has_begun = True
        part = self._frame.decompress(data)
        self._pending = b""
        if self._frame.eof:
            self._pending = self._frame.unused_data
            self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._has_begun = False
        return part
