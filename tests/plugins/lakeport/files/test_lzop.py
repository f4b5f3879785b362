"""lzop's files are read block by block; a damaged one is refused."""

from __future__ import annotations

import io
import random

import pytest

from lakeport.files import lzop
from tests.support.golden import raises_golden
from tests.support.lzop_files import ADLER32, CRC32, packed

TEXT = b"id,city\n" + b"1,Bern\n" * 60_000


def unpacked(data: bytes) -> bytes:
    return b"".join(lzop.unpacked(io.BytesIO(data)))


@pytest.mark.parametrize("flags", [0, ADLER32, CRC32, ADLER32 | CRC32])
@pytest.mark.parametrize("data", [TEXT, b"", b"x", random.Random(1).randbytes(300_000)])
def test_blocks_come_out_whole(flags: int, data: bytes) -> None:
    """Also those that lzop stored uncompressed."""
    assert unpacked(packed(data, flags)) == data


def test_consecutive_lzop_files_are_read() -> None:
    assert unpacked(packed(TEXT[:9]) + packed(TEXT[9:])) == TEXT


@pytest.mark.parametrize("body", [b"id,city\n1,Bern\n", b"\x1f\x8b", b"\x89LZO\0\r\n\x1a", packed(TEXT) + b"trailing"])
def test_file_that_is_not_lzop_is_refused(body: bytes) -> None:
    with raises_golden(ValueError, "files", "not an lzop file", ".lzo"):
        unpacked(body)


def test_truncated_file_is_refused() -> None:
    body = packed(TEXT[:5000])

    for length in range(9, len(body)):
        with pytest.raises(EOFError):
            unpacked(body[:length])


def test_damaged_file_is_refused_or_read_whole() -> None:
    body, chance = packed(TEXT), random.Random(2)
    for _ in range(300):
        damaged = bytearray(body)
        damaged[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        try:
            assert unpacked(bytes(damaged)) == TEXT
        except (ValueError, EOFError):
            continue


def test_block_that_claims_gigabytes_is_refused() -> None:
    body = bytearray(packed(TEXT))
    body[47:51] = (2**31).to_bytes(4)

    with raises_golden(ValueError, "files", "lzop block too large", "2,147,483,648"):
        unpacked(bytes(body))
