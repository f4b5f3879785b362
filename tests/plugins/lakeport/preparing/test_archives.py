"""An archive's members become objects; anything except an archive of regular files is unloadable."""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import archiving
from lakeport.preparing import archives, limits, zip_entries
from lakeport.preparing import prepare as preparing
from tests.support.archives import zipped
from tests.support.buckets import WORK, Prepare, land
from tests.support.file_types import make_file_type
from tests.support.golden import raises_golden

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CSV = b"id,city\n" + b"1,Bern\n" * 500
PACKINGS = ["zip", "tar", "tar.gz"]
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


def tarred(members: dict[str, bytes], format_: int = tarfile.PAX_FORMAT, **fields: Any) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format_) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def packed(members: dict[str, bytes], compression: str) -> bytes:
    if compression == "zip":
        return zipped(members)
    return gzip.compress(tarred(members)) if compression == "tar.gz" else tarred(members)


@pytest.mark.parametrize("method", METHODS)
def test_member_of_each_method_is_unpacked(prepare: Prepare, method: int) -> None:
    assert prepare(zipped({"trips.csv": CSV}, method), compression="zip") == {"trips.csv": CSV}


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_member_of_each_kind_of_tar_is_unpacked(prepare: Prepare, format_: int) -> None:
    name = "folder/" * 12 + "trips.csv" + "x" * 80 * (format_ != tarfile.USTAR_FORMAT)

    assert prepare(tarred({name: CSV}, format_), compression="tar") == {name: CSV}


@pytest.mark.parametrize("compression", PACKINGS)
def test_every_file_becomes_an_object_in_its_order(prepare: Prepare, compression: str) -> None:
    """Folders, a README and the files that macOS and Windows add are left out."""
    files = {"b.csv": CSV, "folder/a.csv": b"id\n1\n", "folder/deep/er/c.csv": b"x" * 3_000_000, "empty.csv": b""}
    more = {"folder/": b"", "__MACOSX/folder/._a.csv": b"x", "folder/._a.csv": b"x", ".DS_Store": b"x"}
    more |= {"Thumbs.db": b"x", "folder/desktop.ini": b"x", "README.txt": b"x", "folder/readme.md": b"x"}

    assert list(prepare(packed({**more, **files}, compression), compression=compression).items()) == [*files.items()]


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize(
    ("pattern", "members"),
    [("data/*.csv", ["data/a.csv"]), ("**/*.csv", ["data/a.csv", "data/old/b.csv"]), ("*.txt", ["readme.txt"])],
)
def test_only_members_that_match_the_pattern_are_unpacked(
    prepare: Prepare, compression: str, pattern: str, members: list[str]
) -> None:
    body = packed(dict.fromkeys(("readme.txt", "data/a.csv", "data/old/b.csv"), CSV), compression)

    assert list(prepare(body, compression=compression, member=pattern)) == members


@pytest.mark.parametrize("compression", PACKINGS)
def test_pattern_that_matches_no_member_is_reported_with_the_members(prepare: Prepare, compression: str) -> None:
    body = packed({"a.csv": CSV, "b/c.csv": CSV}, compression)

    with raises_golden(UnloadableFile, "preparing", "no member matches", "trips.dat", "data/*.csv", "a.csv, b/c.csv"):
        prepare(body, compression=compression, member="data/*.csv")


def test_readme_alone_is_loaded_only_by_its_name(prepare: Prepare) -> None:
    with pytest.raises(UnloadableFile, match=r"README\.txt.*format\.member"):
        prepare(zipped({"README.txt": CSV}), compression="zip")
    assert prepare(zipped({"README.txt": CSV}), compression="zip", member="README.txt") == {"README.txt": CSV}


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize("members", [{}, {"a/": b""}, {"__MACOSX/a": b""}])
def test_archive_without_files_is_refused(prepare: Prepare, compression: str, members: dict[str, bytes]) -> None:
    with raises_golden(UnloadableFile, "preparing", "archive without files", "trips.dat"):
        prepare(packed(members, compression), compression=compression)


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("/etc/passwd", "etc/passwd"),
        ("./a.csv", "a.csv"),
        ("für 🛫.csv", "für 🛫.csv"),
        ("a" * 3000, "a" * 3000),
    ],
)
def test_members_name_is_not_used_as_a_path(prepare: Prepare, compression: str, name: str, member: str) -> None:
    """The name of its object is a number; the member's name is only displayed."""
    assert prepare(packed({name: CSV}, compression), compression=compression) == {member: CSV}


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize("name", ["../../etc/passwd", "data/../../trips.csv", "..\\trips.csv", "/../trips.csv"])
def test_member_outside_the_archive_is_refused(prepare: Prepare, compression: str, name: str) -> None:
    with raises_golden(UnloadableFile, "preparing", f"member outside the archive: {name}", "trips.dat", "../"):
        prepare(packed({name: CSV}, compression), compression=compression)


def test_member_larger_than_one_upload_part_is_whole(prepare: Prepare) -> None:
    data = bytes(range(256)) * 80_000

    assert prepare(zipped({"trips.csv": data}), compression="zip") == {"trips.csv": data}


def test_preparing_again_results_in_the_same_objects(s3: S3Client) -> None:
    source = land(s3, zipped({"a": CSV, "b": CSV}))
    file_type = make_file_type(format={"type": "csv", "compression": "zip"})

    lists = [preparing.prepare(s3, file_type, source, WORK, "prepared/1") for _ in range(2)]

    assert preparing.listed(s3, WORK, lists[0]) == preparing.listed(s3, WORK, lists[1])


def test_registered_version_is_unpacked(s3: S3Client, prepare: Prepare) -> None:
    first = land(s3, zipped({"trips.csv": CSV}))
    land(s3, zipped({"trips.csv": b"later"}))

    assert prepare(first, compression="zip") == {"trips.csv": CSV}


def test_archive_that_was_deleted_is_reported(s3: S3Client, prepare: Prepare) -> None:
    source = land(s3, zipped({"trips.csv": CSV}))
    archiving.remove_version(s3, source)

    with raises_golden(ObjectChanged, "preparing", "archive was deleted", "trips.dat", str(source.version_id)):
        prepare(source, compression="zip")


def test_encrypted_member_is_refused(prepare: Prepare) -> None:
    body = bytearray(zipped({"trips.csv": CSV}))
    for signature, flags_at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        body[body.index(signature) + flags_at] |= 1  # what a password sets in both headers

    with raises_golden(UnloadableFile, "preparing", "encrypted member", "trips.dat", "trips.csv"):
        prepare(bytes(body), compression="zip")


@pytest.mark.parametrize(
    "type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE]
)
def test_link_or_device_in_a_tar_is_refused(prepare: Prepare, type_: bytes) -> None:
    body = tarred({"trips.csv": b""}, type=type_, linkname="/etc/passwd")

    with raises_golden(UnloadableFile, "preparing", "link or device", "trips.dat", "trips.csv"):
        prepare(body, compression="tar")


def test_link_in_a_zip_is_refused(prepare: Prepare) -> None:
    info = zipfile.ZipInfo("trips.csv")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")

    with raises_golden(UnloadableFile, "preparing", "link or device", "trips.dat", "trips.csv"):
        prepare(file.getvalue(), compression="zip")


@pytest.mark.parametrize("outer", PACKINGS)
@pytest.mark.parametrize(
    ("inner", "what"),
    [(zipped({"a": CSV}), "a .zip"), (tarred({"a": CSV}), "a .tar"), (gzip.compress(CSV), "gzip")],
)
def test_archive_in_an_archive_is_refused(prepare: Prepare, outer: str, inner: bytes, what: str) -> None:
    """Whatever its name is."""
    with raises_golden(UnloadableFile, "preparing", f"archive in an archive: {what}", "trips.dat", "trips.csv", what):
        prepare(packed({"trips.csv": inner}, outer), compression=outer)


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize("body", [b"id,city\n1,Bern\n", b"PK\3\4", b"\0" * 22, b"PK\5\6" + b"\xff" * 18, b"\x1f\x8b"])
def test_file_that_is_not_an_archive_is_refused(prepare: Prepare, compression: str, body: bytes) -> None:
    with pytest.raises(UnloadableFile, match=r"^s3://lakeport-landing/trips/trips\.dat "):
        prepare(body, compression=compression)


@pytest.mark.parametrize("compression", PACKINGS)
def test_truncated_archive_is_refused(prepare: Prepare, compression: str) -> None:
    """Also a .tar cut between two members, which tarfile reads as a complete one."""
    body = packed({"a.csv": CSV, "b.csv": CSV}, compression)
    lengths = range(0, len(body), 13) if len(body) < 1000 else range(0, len(body) - 10_240, 512)

    for length in lengths:
        with pytest.raises(UnloadableFile):
            prepare(body[:length], compression=compression)


@pytest.mark.parametrize("compression", PACKINGS)
@pytest.mark.parametrize("seed", range(3))
def test_damaged_archive_is_refused_or_read_whole(prepare: Prepare, compression: str, seed: int) -> None:
    """A damaged byte raises UnloadableFile, as other errors would be retried, and never results in half a member."""
    whole, chance = packed({"träps.csv": CSV}, compression), random.Random(seed)
    for _ in range(20):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            contents = prepare(bytes(body), compression=compression)
        except UnloadableFile:
            continue
        # A plain .tar has no checksum over its content.
        assert [*contents.values()] == [CSV] or compression == "tar"


@pytest.mark.parametrize("method", METHODS[1:])
def test_damaged_zip_of_each_method_is_refused_or_read_whole(prepare: Prepare, method: int) -> None:
    whole, chance = zipped({"trips.csv": CSV}, method), random.Random(method)
    for _ in range(30):
        body = bytearray(whole)
        body[chance.randrange(len(body))] = chance.randrange(256)
        try:
            assert [*prepare(bytes(body), compression="zip").values()] == [CSV]
        except UnloadableFile:
            continue


@pytest.mark.parametrize("compression", ["zip", "tar.gz"])
def test_bomb_is_stopped_by_its_ratio(
    s3: S3Client, prepare: Prepare, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    """The size that an archive declares may be wrong, so bytes are counted; nothing is left in S3."""
    monkeypatch.setattr(limits, "ANY_RATIO_BYTES", 10_000_000)
    bomb = packed({"trips.csv": b"\0" * 30_000_000}, compression)

    with raises_golden(UnloadableFile, "preparing", "bomb", "trips.dat", "200 times"):
        prepare(bomb, compression=compression)

    assert s3.list_objects_v2(Bucket=WORK)["KeyCount"] == 0
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=WORK)


def test_bomb_among_the_unwanted_files_is_stopped(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """All members of a .tar are read, also unwanted ones."""
    monkeypatch.setattr(limits, "ANY_RATIO_BYTES", 10_000_000)
    body = gzip.compress(tarred({"other.bin": b"\0" * 30_000_000, "trips.csv": CSV}))

    with raises_golden(UnloadableFile, "preparing", "bomb", "trips.dat", "200 times"):
        prepare(body, compression="tar.gz", member="*.csv")


@pytest.mark.parametrize("compression", PACKINGS)
def test_size_of_all_members_together_is_limited(
    prepare: Prepare, monkeypatch: pytest.MonkeyPatch, compression: str
) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", 9 * len(CSV))

    with raises_golden(
        UnloadableFile, "preparing", "members too large together", "trips.dat", f"{9 * len(CSV):,} bytes"
    ):
        prepare(packed({f"{number}.csv": CSV for number in range(10)}, compression), compression=compression)


def test_member_whose_declared_size_is_wrong_is_refused(prepare: Prepare) -> None:
    body = bytearray(zipped({"trips.csv": CSV}))
    for signature, size_at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        body[body.index(signature) + size_at :][:4] = struct.pack("<I", 5)
        at = body.index(signature) + size_at
        body[at : at + 4] = struct.pack("<I", 5)

    with raises_golden(UnloadableFile, "preparing", "declared size is wrong", "trips.dat", "trips.csv"):
        prepare(bytes(body), compression="zip")


@pytest.mark.parametrize("compression", PACKINGS)
def test_ten_thousand_members_are_unpacked_and_no_more(compression: str) -> None:
    body = packed({f"{number}.csv": b"%d,Bern\n" % number for number in range(10_001)}, compression)
    stream = io.BytesIO(gzip.decompress(body) if compression == "tar.gz" else body)
    format_ = make_file_type(format={"type": "csv", "compression": compression}).format
    members = archives.members_of(stream, format_, limits.Allowance("s3://landing/trips", len(body)))

    for number, member in zip(range(10_000), members, strict=False):
        assert member.stream.read() == b"%d,Bern\n" % number
    with raises_golden(UnloadableFile, "preparing", "too many members", "s3://landing/trips", "10,000"):
        next(members)


def test_list_of_members_is_not_read_without_bounds(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .zip's list is read at once, and may have any content."""
    monkeypatch.setattr(zip_entries, "_MAX_DIRECTORY_BYTES", 1 << 16)
    body = zipped({f"{number}.csv": b"" for number in range(2_000)}, zipfile.ZIP_STORED)

    with raises_golden(UnloadableFile, "preparing", "list of members too long", "trips.dat", "65,536"):
        prepare(body, compression="zip")


def test_entries_that_are_passed_over_are_counted(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MAX_ENTRIES", 100)

    with raises_golden(UnloadableFile, "preparing", "too many entries", "trips.dat", "100 entries"):
        prepare(tarred({f"{number}/": b"" for number in range(101)}), compression="tar")


def test_tar_header_is_not_read_without_bounds(prepare: Prepare) -> None:
    body = tarred({"a" * 2_000_000: CSV})

    with raises_golden(UnloadableFile, "preparing", "tar header too long", "trips.dat", "1,048,576"):
        prepare(body, compression="tar")


@pytest.mark.parametrize(
    "headers",
    [
        {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a", "GNU.sparse.realsize": "9" * 12},
        {"GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 12},
        {"GNU.sparse.size": "9" * 12, "GNU.sparse.numblocks": "1"},
    ],
)
def test_sparse_file_is_refused(prepare: Prepare, headers: dict[str, str]) -> None:
    """A few bytes would become a terabyte of zeros."""
    with raises_golden(UnloadableFile, "preparing", "sparse file", "trips.dat"):
        prepare(tarred({"trips.csv": CSV}, pax_headers=headers), compression="tar")


def test_archive_too_large_for_the_disk_is_refused(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakeport.preparing.transfer.MAX_SPOOLED_BYTES", 100)

    with raises_golden(UnloadableFile, "preparing", "archive too large", "trips.dat", "100 bytes"):
        prepare(zipped({"trips.csv": CSV}), compression="zip")


def test_real_zip_is_unpacked(prepare: Prepare) -> None:
    """The sample of a year's flights: 336,776 rows and a header."""
    body = (Path(__file__).parents[4] / "samples/flights_2013.csv.zip").read_bytes()

    [data] = prepare(body, compression="zip").values()

    assert data.count(b"\n") == 336_777
