"""Read what the program lzop writes: a header, then blocks of LZO1X with a checksum each.

Lakeport has its own reader, because neither may import the other: a test of one must not pass by a fault of both.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from lzallright import LZOCompressor, LZOError

MAGIC = b"\x89LZO\x00\r\n\x1a\n"
LONGEST_BLOCK_BYTES = 64 << 20
_ADLER_PLAIN, _ADLER_PACKED, _CRC_PLAIN, _CRC_PACKED = 0x1, 0x2, 0x100, 0x200
_EXTRA_FIELD, _FILTER, _MULTIPART = 0x40, 0x800, 0x400
_FIRST_VERSION_WITH_LEVEL = 0x0940
_NUMBER = struct.Struct(">I")


class Damaged(OSError):
    """The file is not lzop's, or not all of it."""


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class LzopFile:
    def __init__(self, raw: Source) -> None:
        self._raw = raw
        self._flags: int | None = None
        self._left = b""
        self._lzo = LZOCompressor()

    def read(self, size: int = -1, /) -> bytes:
        """Return about as many bytes as asked for, none at the end."""
        parts, length = [self._left], len(self._left)
        while (size < 0 or length < size) and (part := self._block()):
            parts.append(part)
            length += len(part)
        data = b"".join(parts)
        taken, self._left = (data, b"") if size < 0 else (data[:size], data[size:])
        return taken

    def _block(self) -> bytes:
        """Return the next block, none at the end; a file may hold several one after the other."""
        while True:
            if self._flags is None:
                start = self._raw.read(len(MAGIC))
                if not start:
                    return b""
                self._flags = self._header(start)
            plain_bytes = self._number()
            if plain_bytes:
                return self._plain(plain_bytes, self._flags)
            self._flags = None

    def _header(self, start: bytes) -> int:
        if start != MAGIC:
            raise Damaged("not a file of lzop")
        head = self._exactly(2)
        (version,) = struct.unpack(">H", head)
        has_level = version >= _FIRST_VERSION_WITH_LEVEL
        head += self._exactly(2 + 2 * has_level + 1 + has_level)
        head += (raw_flags := self._exactly(4))
        flags = int.from_bytes(raw_flags)
        if flags & (_FILTER | _MULTIPART):
            raise Damaged("made with lzop --filter or in several parts")
        head += self._exactly(8 + 4 * has_level)  # mode and time
        head += (name := self._exactly(1))
        head += self._exactly(name[0])
        if self._number() != (zlib.crc32(head) if flags & 0x1000 else zlib.adler32(head)):
            raise Damaged("the header's checksum is wrong")
        if flags & _EXTRA_FIELD:
            self._exactly(self._number() + 4)
        return flags

    def _plain(self, plain_bytes: int, flags: int) -> bytes:
        packed_bytes = self._number()
        if not 0 < packed_bytes <= plain_bytes <= LONGEST_BLOCK_BYTES:
            raise Damaged(f"a block of {plain_bytes} bytes")
        plain_sums = self._checksums(flags, _ADLER_PLAIN, _CRC_PLAIN)
        is_packed = packed_bytes < plain_bytes
        packed_sums = self._checksums(flags, _ADLER_PACKED, _CRC_PACKED) if is_packed else []
        packed = self._exactly(packed_bytes)
        plain = self._unpacked(packed, plain_bytes) if is_packed else packed
        for data, sums in ((packed, packed_sums), (plain, plain_sums)):
            if any(compute(data) != expected for compute, expected in sums):
                raise Damaged("a block's checksum is wrong")
        return plain

    def _unpacked(self, packed: bytes, plain_bytes: int) -> bytes:
        try:
            plain = bytes(self._lzo.decompress(packed, output_size_hint=plain_bytes))
        except LZOError as error:
            raise Damaged(f"a block cannot be decompressed: {error}") from None
        if len(plain) != plain_bytes:
            raise Damaged("a block has another size than it says")
        return plain

    def _checksums(self, flags: int, adler: int, crc: int) -> list[tuple[Callable[[bytes], int], int]]:
        wanted: list[tuple[int, Callable[[bytes], int]]] = [(adler, zlib.adler32), (crc, zlib.crc32)]
        return [(compute, self._number()) for flag, compute in wanted if flags & flag]

    def _number(self) -> int:
        return int.from_bytes(self._exactly(_NUMBER.size))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._raw.read(size - len(data))
            if not more:
                raise Damaged("the file ends too early")
            data += more
        return data
