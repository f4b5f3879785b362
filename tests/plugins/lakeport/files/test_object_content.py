"""A registered version is read as a stream and by line numbers, whatever came later under the same name."""

from __future__ import annotations

import bz2
import gzip
from typing import TYPE_CHECKING

import pytest
import zstandard

from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import archiving, object_content
from lakeport.model import CopySource
from tests.support.buckets import BUCKETS, KEY, land
from tests.support.golden import raises_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

LANDING = BUCKETS["landing"]
TEXT = b"id,city\n1,Bern\r\n\n2,Z\xc3\xbcrich\n3,no newline"


@pytest.mark.parametrize(
    ("compression", "compress"),
    [
        ("none", bytes),
        ("zip", bytes),
        ("gzip", gzip.compress),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
        ("bzip2", bz2.compress),
        ("bzip2", lambda data: bz2.compress(data[:9]) + bz2.compress(data[9:])),
        ("zstd", zstandard.compress),
        ("zstd", lambda data: zstandard.compress(data[:9]) + zstandard.compress(data[9:])),
    ],
)
def test_lines_are_read_by_number_from_each_compression(
    s3: S3Client, compression: str, compress: Callable[[bytes], bytes]
) -> None:
    """Also from files made of several compressed parts, as parallel compressors write them."""
    source = land(s3, compress(TEXT), compression=compression)

    lines = object_content.read_lines(s3, source, [5, 2, 1, 3, 4, 2, 99, 0, -1])

    assert lines == {1: "id,city", 2: "1,Bern", 3: "", 4: "2,Zürich", 5: "3,no newline"}


def test_lines_are_those_of_the_registered_version(s3: S3Client) -> None:
    first = land(s3, b"first\n")
    land(s3, b"second\n")

    assert object_content.read_lines(s3, first, [1]) == {1: "first"}


def test_no_lines_need_no_object(s3: S3Client) -> None:
    assert object_content.read_lines(s3, CopySource(LANDING, "nowhere", None, 1, "none"), []) == {}


def test_line_that_is_not_utf8_is_kept_readable(s3: S3Client) -> None:
    assert object_content.read_lines(s3, land(s3, b"caf\xe9\x00,1\n"), [1]) == {1: "caf\\xe9\0,1"}


def test_long_line_is_whole(s3: S3Client) -> None:
    """Longer than every buffer in between."""
    source = land(s3, gzip.compress(b"x" * 3_000_000 + b"\ny"), compression="gzip")

    assert object_content.read_lines(s3, source, [1, 2]) == {1: "x" * 3_000_000, 2: "y"}


def test_lines_after_the_last_wanted_one_are_not_read(s3: S3Client) -> None:
    """A header needs no intact end of the file."""
    whole = gzip.compress(TEXT + bytes(range(256)) * 4096, compresslevel=0)

    assert object_content.read_lines(s3, land(s3, whole[:-500_000], compression="gzip"), [1]) == {1: "id,city"}


@pytest.mark.parametrize(
    ("compression", "body"),
    [
        ("gzip", b"id,city\n1,Bern\n"),
        ("gzip", gzip.compress(TEXT)[:-12]),
        ("gzip", gzip.compress(TEXT)[:12] + b"\xff" * 30),
        ("gzip", gzip.compress(TEXT) + b"trailing"),
        ("bzip2", b"id,city\n1,Bern\n"),
        ("bzip2", bz2.compress(TEXT)[:-12]),
        ("zstd", b"id,city\n1,Bern\n"),
        ("zstd", zstandard.compress(TEXT) + b"trailing"),
    ],
)
def test_broken_compression_makes_the_file_unloadable(s3: S3Client, compression: str, body: bytes) -> None:
    """Uncompressed, truncated or overwritten: another attempt would not help."""
    with pytest.raises(UnloadableFile, match=f"^s3://{LANDING}/{KEY} .*{compression}"):
        object_content.read_lines(s3, land(s3, body, compression=compression), [99])


def test_version_that_is_gone_cannot_be_read(s3: S3Client) -> None:
    source = land(s3, b"first\n")
    archiving.remove_version(s3, source)

    with raises_golden(ObjectChanged, "files", "version is gone", f"s3://{LANDING}/{KEY}", source.version_id):
        object_content.read_lines(s3, source, [1])
