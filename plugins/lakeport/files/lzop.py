"""Read .lzo files: a library decompresses LZO blocks, this module reads the file format around them.

The layout is lzop's own (src/p_lzo.c and lzop.c of lzop 1.04); all numbers are big-endian.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lzallright import LZOCompressor, LZOError

from lakeport.files.streams import Readable

_MAGIC = b"\x89LZO\0\r\n\x1a\n"
_LONG_HEADER_VERSION = 0x0940
_ADLER32_PLAIN, _ADLER32_PACKED, _EXTRA, _CRC32_PLAIN, _CRC32_PACKED, _FILTER = 1, 2, 0x40, 0x100, 0x200, 0x800
_MAX_BLOCK_BYTES = 1 << 20  # lzop and Hadoop write 256 KiB; LZO expands data at most 255 times


def unpacked(stream: Readable) -> Iterator[bytes]:
    """Yield the contents of a .lzo file, block by block; raises EOFError if truncated, ValueError if not valid."""
    magic = stream.read(len(_MAGIC))
    while magic:
        if magic != _MAGIC:
            raise ValueError("it does not begin with the signature of a .lzo file")
        flags = _flags(stream)
        while size := _number(stream):
            yield _block(stream, size, flags)
        magic = stream.read(len(_MAGIC))  # several files may be concatenated


def _flags(stream: Readable) -> int:
    is_long = _number(stream, 2) >= _LONG_HEADER_VERSION
    _exactly(stream, 6 if is_long else 3)  # versions, method, level
    flags = _number(stream)
    if flags & _FILTER:
        raise ValueError("it was made with lzop --filter, which COPY does not support")
    _exactly(stream, 12 if is_long else 8)  # mode and time
    _exactly(stream, _number(stream, 1) + 4)  # name and checksum
    if flags & _EXTRA:
        raise ValueError("it has an extra header field, which is not supported")
    return flags


def _block(stream: Readable, size: int, flags: int) -> bytes:
    packed_size = _number(stream)
    if size > _MAX_BLOCK_BYTES or packed_size > size:
        raise ValueError(f"a block header has impossible sizes: {packed_size:,} bytes that expand to {size:,}")
    adler32 = _number(stream) if flags & _ADLER32_PLAIN else None
    crc32 = _number(stream) if flags & _CRC32_PLAIN else None
    if packed_size < size:
        _exactly(stream, 4 * (bool(flags & _ADLER32_PACKED) + bool(flags & _CRC32_PACKED)))
    data = _exactly(stream, packed_size)
    if packed_size < size:
        data = _decompressed(data, size)
    if len(data) != size or adler32 not in (None, zlib.adler32(data)) or crc32 not in (None, zlib.crc32(data)):
        raise ValueError("a block's checksum is wrong")
    return data


def _decompressed(data: bytes, size: int) -> bytes:
    try:
        return LZOCompressor.decompress(data, size)
    except LZOError as error:
        raise ValueError(f"a block is damaged ({error})") from error


def _number(stream: Readable, size: int = 4) -> int:
    return int.from_bytes(_exactly(stream, size))


def _exactly(stream: Readable, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("it is truncated")
    return data
