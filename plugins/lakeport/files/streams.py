"""Bytes that come piece by piece: read as a stream, cut into pieces again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO, Protocol

CHUNK_BYTES = 1 << 20


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
            self._rest = memoryview(piece)  # an empty one is passed over
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def stream_of(pieces: Iterator[bytes]) -> IO[bytes]:
    """Return a stream of what the pieces hold, each asked for when it is needed."""
    return io.BufferedReader(_Pieces(pieces), CHUNK_BYTES)
