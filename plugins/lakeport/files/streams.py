"""Convert pieces of bytes to a stream, and a stream to pieces."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Protocol

CHUNK_BYTES = 1 << 20


class Readable(Protocol):
    """The part of a stream that Lakeport uses."""

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
            self._rest = memoryview(piece)  # empty pieces are skipped
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def stream_of(pieces: Iterator[bytes]) -> IO[bytes]:
    """Return a stream of the pieces, each of which is taken when it is needed."""
    return io.BufferedReader(_Pieces(pieces), CHUNK_BYTES)
