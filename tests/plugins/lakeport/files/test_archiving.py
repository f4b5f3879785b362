"""Versions are copied, archived and removed, whatever came later under the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from lakeport.errors import ObjectChanged
from lakeport.files import archiving, s3_objects
from lakeport.model import CopySource
from tests.support.buckets import BUCKETS, KEY, content, land
from tests.support.golden import raises_golden

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LANDING, ARCHIVE = BUCKETS["landing"], BUCKETS["archive"]


def test_copy_is_of_the_registered_version(s3: S3Client) -> None:
    """Also when it was overwritten, and when it was deleted."""
    first = land(s3, b"first")
    land(s3, b"second")
    s3.delete_object(Bucket=LANDING, Key=KEY)

    copy = archiving.copy_of_version(s3, first, BUCKETS["work"], "copies/1")

    assert content(s3, BUCKETS["work"], "copies/1") == b"first"
    assert copy == CopySource(BUCKETS["work"], "copies/1", None, 5, "none")


@pytest.mark.parametrize("key", ["a b+c%20.csv", "für 🛫.csv", "a?versionId=x", "../x", "a//b", "'\"\\;--", "a\nb"])
def test_hostile_key_is_copied_archived_and_removed(s3: S3Client, key: str) -> None:
    source = land(s3, b"1", key=key)

    archiving.archive(s3, source, ARCHIVE, f"kept/{key}")
    archiving.remove_version(s3, source)

    assert content(s3, ARCHIVE, f"kept/{key}") == b"1"
    assert s3_objects.current_version(s3, LANDING, key) is None


def test_archiving_twice_keeps_one_good_copy(s3: S3Client) -> None:
    """The second time, as after a kill, the file may have left landing already."""
    source = land(s3, b"first")
    archiving.archive(s3, source, ARCHIVE, "kept")
    archiving.remove_version(s3, source)

    archiving.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_archived_object_without_versions_is_not_replaced_by_its_successor(s3: S3Client) -> None:
    """Where landing has no versions, what comes later under the same name is another file."""
    s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"first")
    source = CopySource(ARCHIVE, KEY, None, 5, "none")
    archiving.archive(s3, source, ARCHIVE, "kept")
    s3.put_object(Bucket=ARCHIVE, Key=KEY, Body=b"later")

    archiving.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_half_written_copy_is_written_again(s3: S3Client) -> None:
    source = land(s3, b"first")
    s3.put_object(Bucket=ARCHIVE, Key="kept", Body=b"fi")

    archiving.archive(s3, source, ARCHIVE, "kept")

    assert content(s3, ARCHIVE, "kept") == b"first"


def test_removed_version_that_was_never_archived_is_reported(s3: S3Client) -> None:
    source = land(s3, b"first")
    archiving.remove_version(s3, source)
    land(s3, b"later")

    with raises_golden(ObjectChanged, "files", "version is gone", f"s3://{LANDING}/{KEY}", source.version_id):
        archiving.archive(s3, source, ARCHIVE, "kept")


def test_archived_copy_of_another_size_is_refused(s3: S3Client) -> None:
    source = land(s3, b"first")
    registered = CopySource(source.bucket, source.key, source.version_id, 999, "none")

    with raises_golden(ObjectChanged, "files", "archived copy has another size", f"s3://{ARCHIVE}/kept", 999):
        archiving.archive(s3, registered, ARCHIVE, "kept")


def test_removing_a_version_leaves_the_newer_one(s3: S3Client) -> None:
    first, second = land(s3, b"first"), land(s3, b"second")

    archiving.remove_version(s3, first)
    archiving.remove_version(s3, first)

    assert s3_objects.current_version(s3, LANDING, KEY) == second.version_id
    assert content(s3, LANDING, KEY) == b"second"


def test_many_versions_are_removed_and_newer_ones_stay(s3: S3Client) -> None:
    """A key that XML cannot contain is removed by a separate call."""
    names = ["a", "b", "a\nb", "für <&> 🛫"]
    first = [land(s3, b"1", key=key) for key in names]
    second = land(s3, b"2", key="a")

    archiving.remove_versions(s3, first)
    archiving.remove_versions(s3, first)

    assert s3_objects.current_version(s3, LANDING, "a") == second.version_id
    assert [key for key in names[1:] if s3_objects.current_version(s3, LANDING, key)] == []


def test_version_that_s3_does_not_remove_is_reported(s3: S3Client) -> None:
    """S3 reports it in an answer of status 200; here, the object is locked."""
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    version = s3.put_object(Bucket="locked", Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]

    with pytest.raises(ClientError, match="AccessDenied"):
        archiving.remove_versions(s3, [CopySource("locked", "a", version, 1, "none")])
