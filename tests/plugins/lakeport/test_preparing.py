"""A .zip's one member becomes an object of its own; any other .zip is unloadable."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lakeport import landing, preparing
from lakeport.copy_source import CopySource
from lakeport.errors import ObjectChanged, UnloadableFile
from tests.plugins.lakeport.conftest import BUCKETS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CSV = b"id,city\n" + b"1,Bern\n" * 500
TARGET = (BUCKETS["work"], "prepared/1")


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def land(s3: S3Client, body: bytes) -> CopySource:
    version = s3.put_object(Bucket=BUCKETS["landing"], Key="trips/trips.zip", Body=body)["VersionId"]
    return CopySource(BUCKETS["landing"], "trips/trips.zip", version, len(body), "none")


def content(s3: S3Client) -> bytes:
    return s3.get_object(Bucket=TARGET[0], Key=TARGET[1])["Body"].read()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_the_one_member_becomes_an_object(s3: S3Client, method: int) -> None:
    prepared = preparing.unzip(s3, land(s3, zipped({"trips.csv": CSV}, method)), *TARGET)

    assert content(s3) == CSV
    assert prepared == CopySource(*TARGET, None, len(CSV), "none")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/abs", "a\\b", "für 🛫.csv", "a" * 3000, "folder/trips.csv"])
def test_members_name_means_nothing(s3: S3Client, name: str) -> None:
    assert preparing.unzip(s3, land(s3, zipped({name: CSV})), *TARGET).key == TARGET[1]
    assert content(s3) == CSV


def test_folders_and_what_a_mac_adds_do_not_count(s3: S3Client) -> None:
    body = zipped({"folder/": b"", "folder/trips.csv": CSV, "__MACOSX/folder/._trips.csv": b"x"})

    preparing.unzip(s3, land(s3, body), *TARGET)

    assert content(s3) == CSV


def test_empty_member_becomes_an_empty_object(s3: S3Client) -> None:
    assert preparing.unzip(s3, land(s3, zipped({"trips.csv": b""})), *TARGET).size_bytes == 0


def test_member_larger_than_one_upload_part_is_whole(s3: S3Client) -> None:
    data = bytes(range(256)) * 80_000

    assert preparing.unzip(s3, land(s3, zipped({"trips.csv": data})), *TARGET).size_bytes == len(data)
    assert content(s3) == data


def test_unzipping_again_gives_the_same_object(s3: S3Client) -> None:
    source = land(s3, zipped({"trips.csv": CSV}))

    assert preparing.unzip(s3, source, *TARGET) == preparing.unzip(s3, source, *TARGET)
    assert content(s3) == CSV


def test_registered_version_is_unzipped(s3: S3Client) -> None:
    first = land(s3, zipped({"trips.csv": CSV}))
    land(s3, zipped({"trips.csv": b"later"}))

    preparing.unzip(s3, first, *TARGET)

    assert content(s3) == CSV


@pytest.mark.parametrize(
    ("members", "count"), [({}, 0), ({"a/": b""}, 0), ({"a.csv": CSV, "b.csv": CSV}, 2), ({"__MACOSX/a": b""}, 0)]
)
def test_other_numbers_of_members_are_refused(s3: S3Client, members: dict[str, bytes], count: int) -> None:
    with pytest.raises(UnloadableFile, match=f"trips.zip holds {count} files; exactly one is allowed"):
        preparing.unzip(s3, land(s3, zipped(members)), *TARGET)


def test_encrypted_member_is_refused(s3: S3Client) -> None:
    body = bytearray(zipped({"trips.csv": CSV}))
    for signature, flags_at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        body[body.index(signature) + flags_at] |= 1  # what a password sets in both headers

    with pytest.raises(UnloadableFile, match=r"trips.zip is encrypted; have it sent without a password"):
        preparing.unzip(s3, land(s3, bytes(body)), *TARGET)


@pytest.mark.parametrize("body", [b"id,city\n1,Bern\n", b"PK\3\4", b"\0" * 22, b"PK\5\6" + b"\xff" * 18])
def test_file_that_is_no_zip_is_refused(s3: S3Client, body: bytes) -> None:
    with pytest.raises(UnloadableFile, match=r"is no readable \.zip"):
        preparing.unzip(s3, land(s3, body), *TARGET)


def test_truncated_zip_is_refused(s3: S3Client) -> None:
    body = zipped({"trips.csv": CSV})

    for length in range(0, len(body), 13):
        with pytest.raises(UnloadableFile):
            preparing.unzip(s3, land(s3, body[:length]), *TARGET)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_zip_is_refused_or_read_whole(s3: S3Client, method: int) -> None:
    """Damage of any byte ends as UnloadableFile; nothing else, which would be tried again, and never half a member."""
    whole, chance = zipped({"träps.csv": CSV}, method), random.Random(method)
    for _ in range(40):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            preparing.unzip(s3, land(s3, bytes(body)), *TARGET)
        except UnloadableFile:
            continue
        assert content(s3) == CSV


def test_bomb_is_stopped_by_what_really_comes_out(s3: S3Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size an archive claims may be a lie, so bytes are counted."""
    monkeypatch.setattr(preparing, "_MAX_MEMBER_BYTES", 1_000_000)

    with pytest.raises(UnloadableFile, match=r"trips\.zip unpacks to more than 1,000,000 bytes"):
        preparing.unzip(s3, land(s3, zipped({"trips.csv": b"\0" * 30_000_000})), *TARGET)

    assert landing.current_version(s3, *TARGET) is None
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=TARGET[0])


def test_archive_that_is_gone_is_told(s3: S3Client) -> None:
    source = land(s3, zipped({"trips.csv": CSV}))
    landing.remove_version(s3, source)

    with pytest.raises(ObjectChanged, match="is not there any more"):
        preparing.unzip(s3, source, *TARGET)


def test_real_zip_is_unzipped(s3: S3Client) -> None:
    """The sample of a year's flights: 336,776 rows and a header."""
    body = (Path(__file__).parents[3] / "samples/flights_2013.csv.zip").read_bytes()

    prepared = preparing.unzip(s3, land(s3, body), *TARGET)

    data = content(s3)
    assert prepared.size_bytes == len(data)
    assert data.count(b"\n") == 336_777
