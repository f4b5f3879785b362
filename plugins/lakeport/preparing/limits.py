"""How much may come out of a file: bombs are stopped by what really comes, whatever they claim."""

from __future__ import annotations

from dataclasses import dataclass

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable
from lakeport.model import CopySource

MAX_BYTES = 50 << 30
MAX_RATIO = 200  # text rarely shrinks to a fiftieth, and deflate never below a 1,032nd
ANY_RATIO_BYTES = 100 << 20  # so little harms nobody, however small it was packed
MAX_MEMBERS = 10_000


@dataclass
class Allowance:
    """What may still come out of one file, all its members together."""

    uri: str
    packed_bytes: int
    bytes_: int = 0

    @classmethod
    def of(cls, source: CopySource) -> Allowance:
        """Return the allowance of a landed file."""
        return cls(source.uri, source.size_bytes)

    def take(self, bytes_: int) -> None:
        """Count bytes that came out; raises UnloadableFile where they are too many."""
        self.bytes_ += bytes_
        if self.bytes_ > MAX_BYTES:
            raise UnloadableFile(f"{self.uri} unpacks to more than {MAX_BYTES:,} bytes")
        if self.bytes_ > max(ANY_RATIO_BYTES, MAX_RATIO * self.packed_bytes):
            raise UnloadableFile(f"{self.uri} unpacks to more than {MAX_RATIO} times its size, as no honest file does")


class Counted:
    """A stream whose bytes are counted against an allowance as they are read."""

    def __init__(self, stream: Readable, allowance: Allowance) -> None:
        self._stream = stream
        self._allowance = allowance

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does; raises UnloadableFile where too much comes."""
        data = self._stream.read(size)
        self._allowance.take(len(data))
        return data
