"""Files as lzop writes them."""

from __future__ import annotations

import zlib

from lzallright import LZOCompressor

ADLER32, CRC32 = 0x01, 0x100


def packed(data: bytes, flags: int = ADLER32, name: bytes = b"trips.csv", block: int = 256 << 10) -> bytes:
    """Write a .lzo file as lzop 1.04 does."""
    header = b"\x10\x40\x20\xa0\x09\x40\x01\x05" + flags.to_bytes(4) + bytes(12) + bytes([len(name)]) + name
    file = b"\x89LZO\0\r\n\x1a\n" + header + zlib.adler32(header).to_bytes(4)
    for at in range(0, len(data), block):
        plain = data[at : at + block]
        small = min(LZOCompressor().compress(plain), plain, key=len)
        sums = [zlib.adler32(plain)] * bool(flags & ADLER32) + [zlib.crc32(plain)] * bool(flags & CRC32)
        file += b"".join(each.to_bytes(4) for each in (len(plain), len(small), *sums)) + small
    return file + bytes(4)
