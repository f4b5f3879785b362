"""Limit how many bytes are unpacked from a file; they are counted, because a file may declare any size."""

from __future__ import annotations

from dataclasses import dataclass

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable
from lakeport.model import CopySource

MAX_BYTES = 50 << 30
MAX_RATIO = 200  # text rarely shrinks to a fiftieth, and deflate reaches a 1,032nd at most
ANY_RATIO_BYTES = 100 << 20  # harmless, however small the packed file is
MAX_MEMBERS = 10_000


@dataclass
class Allowance:
    """The bytes that may be unpacked from one file, for all its members together."""

    uri: str
    packed_bytes: int
    bytes_: int = 0

    @classmethod
    def of(cls, source: CopySource) -> Allowance:
        """Return the allowance of a landed file."""
        return cls(source.uri, source.size_bytes)

    def take(self, bytes_: int) -> None:
        """Count unpacked bytes; raises UnloadableFile if there are too many."""
        self.bytes_ += bytes_
        if self.bytes_ > MAX_BYTES:
            most = f"{MAX_BYTES:,} bytes, the maximum for a file"
            raise UnloadableFile(f"{self.uri} unpacks to more than {most}; ask the sender for smaller files")
        if self.bytes_ > max(ANY_RATIO_BYTES, MAX_RATIO * self.packed_bytes):
            most = f"{MAX_RATIO} times its size, the maximum"
            raise UnloadableFile(f"{self.uri} unpacks to more than {most}; ask the sender for the file uncompressed")


class Counted:
    """A stream whose bytes are counted against an allowance while they are read."""

    def __init__(self, stream: Readable, allowance: Allowance) -> None:
        self._stream = stream
        self._allowance = allowance

    def read(self, size: int = -1) -> bytes:
        """Read from the stream; raises UnloadableFile if there are too many bytes."""
        data = self._stream.read(size)
        self._allowance.take(len(data))
        return data
