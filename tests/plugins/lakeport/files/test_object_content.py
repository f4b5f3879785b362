"""Objects by version: copied, archived, removed and read, whatever came later under the same name."""

from __future__ import annotations

import bz2
import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import zstandard
from botocore.exceptions import ClientError

from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import s3_objects
from lakeport.files.read_once import read_once
from lakeport.model import CopySource
from tests.support.buckets import BUCKETS
from tests.support.golden import raises_golden

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

LANDING, ARCHIVE = BUCKETS["landing"], BUCKETS["archive"]
KEY = "trips/trips_1.csv"


def land(s3: S3Client, body: bytes, key: str = KEY, compression: str = "none") -> CopySource:
    version = s3.put_object(Bucket=LANDING, Key=key, Body=body)["VersionId"]
    return CopySource(LANDING, key, version, len(body), compression)


def content(s3: S3Client, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_current_version_is_the_one_copy_would_read(s3: S3Client) -> None:
    first = land(s3, b"1")
    assert s3_objects.current_version(s3, LANDING, KEY) == first.version_id

    second = land(s3, b"2")
    assert s3_objects.current_version(s3, LANDING, KEY) == second.version_id

    s3.delete_object(Bucket=LANDING, Key=KEY)
    assert s3_objects.current_version(s3, LANDING, KEY) is None


def test_object_without_versions_is_known_by_its_etag(s3: S3Client) -> None:
    etag = s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"1")["ETag"]

    assert s3_objects.current_version(s3, ARCHIVE, KEY) == etag.strip('"')


def test_copy_is_of_the_registered_version(s3: S3Client) -> None:
    """Also when it was overwritten, and when it was deleted."""
    first = land(s3, b"first")
    land(s3, b"second")
    s3.delete_object(Bucket=LANDING, Key=KEY)

    copy = s3_objects.copy_of_version(s3, first, BUCKETS["work"], "copies/1")

    assert content(s3, BUCKETS["work"], "copies/1") == b"first"
    assert copy == CopySource(BUCKETS["work"], "copies/1", None, 5, "none")


@pytest.mark.parametrize("key", ["a b+c%20.csv", "für 🛫.csv", "a?versionId=x", "../x", "a//b", "'\"\\;--", "a\nb"])
def test_hostile_key_is_copied_archived_and_removed(s3: S3Client, key: str) -> None:
    source = land(s3, b"1", key)

    s3_objects.archive(s3, source, ARCHIVE, f"kept/{key}")
    s3_objects.remove_version(s3, source)

    assert content(s3, ARCHIVE, f"kept/{key}") == b"1"
    assert s3_objects.current_version(s3, LANDING, key) is None


def test_archiving_twice_keeps_one_good_copy(s3: S3Client) -> None:
    """The second time, as after a kill, the file may have left landing already."""
    source = land(s3, b"first")
    s3_objects.archive(s3, source, ARCHIVE, "kept")
    s3_objects.remove_version(s3, source)

    s3_objects.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_archived_object_without_versions_is_not_replaced_by_its_successor(s3: S3Client) -> None:
    """Where landing has no versions, what comes later under the same name is another file."""
    s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"first")
    source = CopySource(ARCHIVE, KEY, None, 5, "none")
    s3_objects.archive(s3, source, ARCHIVE, "kept")
    s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"later")

    s3_objects.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_half_written_copy_is_written_again(s3: S3Client) -> None:
    source = land(s3, b"first")
    s3.put_object(Bucket=ARCHIVE, Key="kept", Body=b"fi")

    s3_objects.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_removed_version_that_was_never_archived_is_reported(s3: S3Client) -> None:
    source = land(s3, b"first")
    s3_objects.remove_version(s3, source)
    land(s3, b"later")

    with raises_golden(ObjectChanged, "files", "version is gone", f"s3://{LANDING}/{KEY}", source.version_id):
        s3_objects.archive(s3, source, ARCHIVE, "kept")


def test_archived_copy_of_another_size_is_refused(s3: S3Client) -> None:
    source = land(s3, b"first")
    registered = CopySource(source.bucket, source.key, source.version_id, 999, "none")

    with raises_golden(ObjectChanged, "files", "archived copy has another size", f"s3://{ARCHIVE}/kept", 999):
        s3_objects.archive(s3, registered, ARCHIVE, "kept")


def test_removing_a_version_leaves_the_newer_one(s3: S3Client) -> None:
    first, second = land(s3, b"first"), land(s3, b"second")

    s3_objects.remove_version(s3, first)
    s3_objects.remove_version(s3, first)

    assert s3_objects.current_version(s3, LANDING, KEY) == second.version_id
    assert content(s3, LANDING, KEY) == b"second"


def test_many_versions_are_removed_and_newer_ones_stay(s3: S3Client) -> None:
    """A key that XML cannot contain is removed by a separate call."""
    names = ["a", "b", "a\nb", "für <&> 🛫"]
    first = [land(s3, b"1", key) for key in names]
    second = land(s3, b"2", "a")

    s3_objects.remove_versions(s3, first)
    s3_objects.remove_versions(s3, first)

    assert s3_objects.current_version(s3, LANDING, "a") == second.version_id
    assert [key for key in names[1:] if s3_objects.current_version(s3, LANDING, key)] == []


def test_version_that_s3_does_not_remove_is_reported(s3: S3Client) -> None:
    """S3 reports it in an answer of status 200; here, the object is locked."""
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    version = s3.put_object(Bucket="locked", Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]

    with pytest.raises(ClientError, match="AccessDenied"):
        s3_objects.remove_versions(s3, [CopySource("locked", "a", version, 1, "none")])


def test_small_object_is_read_by_one_call(s3: S3Client) -> None:
    source = land(s3, b"id\n1\n")
    calls: list[str] = []
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == source.version_id
    assert s3_objects.read_lines(once, source, [1]) == {1: "id"}
    with s3_objects.opened(once, source) as stream, s3_objects.seekable(once, source) as file:
        assert (stream.read(), file.read()) == (b"id\n1\n", b"id\n1\n")
    assert calls == ["GetObject"]


def test_object_that_is_larger_than_registered_is_not_kept(s3: S3Client) -> None:
    body = b"1\n" * (1 << 20)
    source = replace(land(s3, body), size_bytes=2)
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == source.version_id
    for _ in range(2):
        with s3_objects.opened(once, source) as stream:
            assert stream.read() == body


def test_overwritten_object_is_seen_and_its_registered_version_is_read(s3: S3Client) -> None:
    source, newer = land(s3, b"first"), land(s3, b"second")
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == newer.version_id
    assert s3_objects.read_lines(once, source, [1]) == {1: "first"}


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

    lines = s3_objects.read_lines(s3, source, [5, 2, 1, 3, 4, 2, 99, 0, -1])

    assert lines == {1: "id,city", 2: "1,Bern", 3: "", 4: "2,Zürich", 5: "3,no newline"}


def test_lines_are_those_of_the_registered_version(s3: S3Client) -> None:
    first = land(s3, b"first\n")
    land(s3, b"second\n")

    assert s3_objects.read_lines(s3, first, [1]) == {1: "first"}


def test_no_lines_need_no_object(s3: S3Client) -> None:
    assert s3_objects.read_lines(s3, CopySource(LANDING, "nowhere", None, 1, "none"), []) == {}


def test_line_that_is_not_utf8_is_kept_readable(s3: S3Client) -> None:
    assert s3_objects.read_lines(s3, land(s3, b"caf\xe9\x00,1\n"), [1]) == {1: "caf\\xe9\0,1"}


def test_long_line_is_whole(s3: S3Client) -> None:
    """Longer than every buffer in between."""
    source = land(s3, gzip.compress(b"x" * 3_000_000 + b"\ny"), compression="gzip")

    assert s3_objects.read_lines(s3, source, [1, 2]) == {1: "x" * 3_000_000, 2: "y"}


def test_lines_after_the_last_wanted_one_are_not_read(s3: S3Client) -> None:
    """A header needs no intact end of the file."""
    whole = gzip.compress(TEXT + bytes(range(256)) * 4096, compresslevel=0)

    assert s3_objects.read_lines(s3, land(s3, whole[:-500_000], compression="gzip"), [1]) == {1: "id,city"}


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
        s3_objects.read_lines(s3, land(s3, body, compression=compression), [99])


def test_version_that_is_gone_cannot_be_read(s3: S3Client) -> None:
    source = land(s3, b"first\n")
    s3_objects.remove_version(s3, source)

    with raises_golden(ObjectChanged, "files", "version is gone", f"s3://{LANDING}/{KEY}", source.version_id):
        s3_objects.read_lines(s3, source, [1])
