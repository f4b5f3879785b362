"""Objects of AWS's client-side encryption are decrypted by the master key and their metadata."""

from __future__ import annotations

import base64
import io
import os
from typing import TYPE_CHECKING

import pytest

from lakeport.errors import UnloadableFile
from lakeport.files import archiving
from lakeport.model import CopySource
from lakeport.preparing.decryption import decryption
from lakeport.preparing.prepare import listed, prepare
from lakeport.schema.encryption import ClientSide
from tests.support.buckets import BUCKETS, WORK
from tests.support.client_side_files import MASTER_TEXT, envelope
from tests.support.file_types import make_file_type
from tests.support.golden import raises_golden
from tests.support.pgp_files import put_secret

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEXT = b"id,city,price\n1,Bern,1\n"
URI = "s3://lakeport-landing/trips/trips.csv"


@pytest.fixture(autouse=True)
def _secrets(aws: None) -> None:
    put_secret("master", MASTER_TEXT + "\n")
    put_secret("other", base64.b64encode(bytes(32)).decode())


def decrypted(body: bytes, metadata: dict[str, str], key: str = "master") -> bytes:
    decrypt = decryption(ClientSide(type="client_side", key=key), URI)
    assert decrypt
    with decrypt(io.BytesIO(body), metadata) as plain:
        return b"".join(iter(lambda: plain.read(1 << 20), b""))


@pytest.mark.parametrize("text", [b"", b"x", TEXT, os.urandom(16), os.urandom((3 << 20) + 5)], ids=len)
def test_object_is_decrypted(text: bytes) -> None:
    assert decrypted(*envelope(text)) == text


def test_what_cannot_be_decrypted_is_refused_with_the_reason() -> None:
    body, metadata = envelope(TEXT)
    with raises_golden(UnloadableFile, "preparing", "client_side_wrong_key", URI, "lakeport/keys/other"):
        decrypted(body, metadata, "other")
    with raises_golden(UnloadableFile, "preparing", "client_side_cut", URI):
        decrypted(body[:-16], metadata)
    with raises_golden(UnloadableFile, "preparing", "client_side_length", URI, str(len(TEXT))):
        decrypted(body, metadata | {"x-amz-unencrypted-content-length": "9"})
    with raises_golden(UnloadableFile, "preparing", "client_side_not_encrypted", URI, "x-amz-key"):
        decrypted(TEXT, {})
    with raises_golden(UnloadableFile, "preparing", "client_side_later_version", URI):
        decrypted(body, {"x-amz-key-v2": "", "x-amz-iv": ""})
    put_secret("short", base64.b64encode(b"hush-hush").decode())
    with raises_golden(UnloadableFile, "preparing", "client_side_short_key", "lakeport/keys/short") as raised:
        decrypted(body, metadata, "short")
    assert "hush" not in str(raised.value)


def test_landed_object_is_prepared_and_its_archived_copy_can_be_read(s3: S3Client) -> None:
    """A large one, too: S3 copies it in parts, without their metadata."""
    file_type = make_file_type(
        format={"type": "csv", "header_lines": 1, "encryption": {"type": "client_side", "key": "master"}}
    )
    for text in (TEXT, TEXT + b"2,Oslo,2\n" * (1 << 20)):
        body, metadata = envelope(text)
        bucket, key = BUCKETS["landing"], "trips/trips.csv"
        version = s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)["VersionId"]
        landed = CopySource(bucket, key, version, len(body), "none")
        archiving.archive(s3, landed, BUCKETS["archive"], "trips/a")
        archived = CopySource(BUCKETS["archive"], "trips/a", None, len(body), "none")
        for source in (landed, archived):
            (made,) = listed(s3, WORK, prepare(s3, file_type, source, WORK, "prepared/1"))
            assert s3.get_object(Bucket=WORK, Key=made.key)["Body"].read() == text
        s3.delete_object(Bucket=BUCKETS["archive"], Key="trips/a")
