"""Decompress what COPY reads, as a stream in bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Iterator
from typing import IO, Any

import zstandard

from lakeport.files import lzop
from lakeport.files.streams import stream_of

_ZSTD_BYTES = 1024  # may become 32 MiB at once, but no more: four bytes are a block of 128 KiB at most


def decompressed(body: Any, compression: str) -> IO[bytes]:
    openers: dict[str, Any] = {
        "gzip": lambda raw: gzip.GzipFile(fileobj=raw),
        "tar.gz": lambda raw: gzip.GzipFile(fileobj=raw),
        "lzop": lambda raw: stream_of(_lzop(raw)),
        "bzip2": bz2.BZ2File,
        "zstd": lambda raw: stream_of(_zstd(raw)),
    }
    raw = io.BufferedReader(_Readable(body), 1 << 20)
    opened_: IO[bytes] = openers.get(compression, lambda raw: raw)(raw)
    return opened_


def _lzop(raw: IO[bytes]) -> Iterator[bytes]:
    try:
        yield from lzop.unpacked(raw)
    except ValueError as error:
        raise OSError(error) from error


def _zstd(raw: IO[bytes]) -> Iterator[bytes]:
    """Read frame after frame; the library's reader takes a truncated frame for the end."""
    frame, has_begun = zstandard.ZstdDecompressor().decompressobj(), False
    while data := raw.read(_ZSTD_BYTES):
        while data:
            has_begun = True
            yield frame.decompress(data)
            data = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame, has_begun = zstandard.ZstdDecompressor().decompressobj(), False
    if has_begun:
        raise EOFError("its last frame is truncated")


class _Readable(io.RawIOBase):
    """An S3 body as a raw stream: without seeking, which a response does not support."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
