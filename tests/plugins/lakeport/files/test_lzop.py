"""lzop's files are read block by block; a damaged one is told."""

from __future__ import annotations

import io
import random

import pytest

from lakeport.files import lzop
from tests.support.lzop_files import ADLER32, CRC32, packed

TEXT = b"id,city\n" + b"1,Bern\n" * 60_000


def unpacked(data: bytes) -> bytes:
    return b"".join(lzop.unpacked(io.BytesIO(data)))


@pytest.mark.parametrize("flags", [0, ADLER32, CRC32, ADLER32 | CRC32])
@pytest.mark.parametrize("data", [TEXT, b"", b"x", random.Random(1).randbytes(300_000)])
def test_blocks_come_out_whole(flags: int, data: bytes) -> None:
    """Also those that lzop stored as they were."""
    assert unpacked(packed(data, flags)) == data


def test_files_may_stand_one_after_the_other() -> None:
    assert unpacked(packed(TEXT[:9]) + packed(TEXT[9:])) == TEXT


@pytest.mark.parametrize("body", [b"id,city\n1,Bern\n", b"\x1f\x8b", b"\x89LZO\0\r\n\x1a", packed(TEXT) + b"trailing"])
def test_file_that_is_none_is_told(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"signature of a \.lzo file"):
        unpacked(body)


def test_truncated_file_is_told() -> None:
    body = packed(TEXT[:5000])

    for length in range(9, len(body)):
        with pytest.raises(EOFError):
            unpacked(body[:length])


def test_damaged_file_is_told_or_whole() -> None:
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

    with pytest.raises(ValueError, match="2,147,483,648"):
        unpacked(bytes(body))
