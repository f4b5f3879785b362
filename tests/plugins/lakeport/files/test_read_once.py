"""A small object is read by one call, and is still seen to be overwritten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lakeport.files import object_content, s3_objects
from lakeport.files.read_once import read_once
from tests.support.buckets import BUCKETS, KEY, land

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LANDING = BUCKETS["landing"]


def test_small_object_is_read_by_one_call(s3: S3Client) -> None:
    source = land(s3, b"id\n1\n")
    calls: list[str] = []
    s3.meta.events.register("before-call.s3", lambda model, **_: calls.append(model.name))
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == source.version_id
    assert object_content.read_lines(once, source, [1]) == {1: "id"}
    with object_content.opened(once, source) as stream, object_content.seekable(once, source) as file:
        assert (stream.read(), file.read()) == (b"id\n1\n", b"id\n1\n")
    assert calls == ["GetObject"]


def test_object_that_is_larger_than_registered_is_not_kept(s3: S3Client) -> None:
    body = b"1\n" * (1 << 20)
    source = replace(land(s3, body), size_bytes=2)
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == source.version_id
    for _ in range(2):
        with object_content.opened(once, source) as stream:
            assert stream.read() == body


def test_overwritten_object_is_seen_and_its_registered_version_is_read(s3: S3Client) -> None:
    source, newer = land(s3, b"first"), land(s3, b"second")
    once = read_once(s3, [source])

    assert s3_objects.current_version(once, LANDING, KEY) == newer.version_id
    assert object_content.read_lines(once, source, [1]) == {1: "first"}
