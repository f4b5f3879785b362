"""Read S3 events that AWS sends, and refuse malformed ones."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from lakeport.arrivals.events import arrivals_in_message, arrivals_of, messages_of
from lakeport.errors import ArrivalError
from lakeport.model import Arrival
from tests.support.golden import golden, raises_golden


def record(**changes: Any) -> dict[str, Any]:
    """Return a record as the S3 User Guide documents it; `changes` of `object` are merged into its object."""
    s3_object = {
        "key": "trips/trips_1.csv",
        "size": 1024,
        "eTag": "d41d8cd98f00b204e9800998ecf8427e",
        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
        "sequencer": "0055AED6DCD90281E5",
    }
    values = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2013-01-01T10:00:00.123Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "arrivals",
            "bucket": {"name": "landing", "arn": "arn:aws:s3:::landing"},
            "object": {**s3_object, **changes.pop("object", {})},
        },
    }
    return {**values, **changes}


def arrival_of(**changes: Any) -> Arrival:
    [arrival] = arrivals_of({"Records": [record(**changes)]})
    return arrival


def test_created_object_is_read() -> None:
    assert arrival_of() == Arrival(
        bucket="landing",
        key="trips/trips_1.csv",
        version_id="096fKKXTRTtl3on89fVO.nfljtsv6qko",
        etag="d41d8cd98f00b204e9800998ecf8427e",
        size_bytes=1024,
        landed_at=datetime(2013, 1, 1, 10, 0, 0, 123000),  # noqa: DTZ001 - UTC without zone, as Redshift keeps it
        sequencer="0055AED6DCD90281E5",
    )


@pytest.mark.parametrize(
    "name",
    [
        "ObjectCreated:Put",
        "ObjectCreated:Post",
        "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Put",
    ],
)
def test_every_kind_of_creation_event_is_read(name: str) -> None:
    assert arrival_of(eventName=name).key == "trips/trips_1.csv"


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("trips/a+b.csv", "trips/a b.csv"),
        ("trips/a%2Bb.csv", "trips/a+b.csv"),
        ("trips/f%C3%BCr+%25.csv", "trips/für %.csv"),
        ("trips/%F0%9F%9B%AB.csv", "trips/🛫.csv"),
        ("trips/%27%3B--%22.csv", "trips/';--\".csv"),
        ("trips/a%0Ab.csv", "trips/a\nb.csv"),
        ("%2E%2E/%2E%2E/etc", "../../etc"),
        ("%20" * 1024, " " * 1024),
    ],
)
def test_key_is_decoded(sent: str, key: str) -> None:
    """S3 URL-encodes the key, a blank as +."""
    assert arrival_of(object={"key": sent}).key == key


def test_time_is_kept_in_utc() -> None:
    assert (
        arrival_of(eventTime="2013-01-01T05:00:00-05:00").landed_at
        == arrival_of(eventTime="2013-01-01T10:00:00Z").landed_at
    )


@pytest.mark.parametrize(
    "event",
    [
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2014-10-13T15:57:02.089Z", "Bucket": "landing"},
        {"Records": []},
        {"Records": [record(eventName="ObjectRemoved:Delete")]},
        {"Records": [record(eventName="ObjectRemoved:DeleteMarkerCreated")]},
        {"Records": [record(eventName="ObjectTagging:Put"), {"eventName": "LifecycleExpiration:Delete"}]},
    ],
)
def test_event_without_a_creation_has_no_arrivals(event: dict[str, Any]) -> None:
    assert arrivals_of(event) == []


def test_creations_among_deletions_are_found_in_order() -> None:
    keys = ["a", "b", "c"]
    records = [record(object={"key": key}) for key in keys]

    arrivals = arrivals_of({"Records": [records[0], record(eventName="ObjectRemoved:Delete"), *records[1:]]})

    assert [arrival.key for arrival in arrivals] == keys


def test_second_delivery_of_an_event_has_the_same_file_id() -> None:
    """Even if a relay formats the time or the event name differently."""
    first = arrival_of()

    assert arrival_of().file_id == first.file_id
    assert (
        arrival_of(eventTime="2013-01-01T10:00:00.123+00:00", eventName="s3:ObjectCreated:Put").file_id == first.file_id
    )
    assert len(first.file_id) == 64


@pytest.mark.parametrize("change", [{"key": "trips/trips_2.csv"}, {"versionId": "another"}])
def test_another_object_or_version_has_another_file_id(change: dict[str, str]) -> None:
    assert arrival_of(object=change).file_id != arrival_of().file_id


@pytest.mark.parametrize("version", [None, "", "null"])
def test_without_versions_etag_and_sequencer_identify_objects(version: str | None) -> None:
    """A bucket that never had, or no longer has, versioning calls every version null."""
    first = arrival_of(object={"versionId": version})
    again = arrival_of(object={"versionId": version})
    other_content = arrival_of(object={"versionId": version, "eTag": "0" * 32})
    same_content_later = arrival_of(object={"versionId": version, "sequencer": "0055AED6DCD90281E6"})

    assert first.version_id is None
    assert first.file_id == again.file_id
    assert len({first.file_id, other_content.file_id, same_content_later.file_id}) == 3


def test_missing_etag_and_sequencer_are_accepted() -> None:
    """Only the bucket, the key, the size and the time are needed."""
    bare = {"bucket": {"name": "landing"}, "object": {"key": "a", "size": 1}}

    [arrival] = arrivals_of({"Records": [record(s3=bare)]})

    assert (arrival.etag, arrival.sequencer, arrival.version_id) == ("", "", None)


@pytest.mark.parametrize("name", ["key", "size"])
def test_object_without_key_or_size_is_refused(name: str) -> None:
    broken = record()
    del broken["s3"]["object"][name]

    with pytest.raises(ArrivalError, match=f"'{name}'"):
        arrivals_of({"Records": [broken]})


@pytest.mark.parametrize(
    "changes",
    [
        {"eventTime": None},
        {"eventTime": 1357034400},
        {"eventTime": "yesterday"},
        {"eventTime": "2013-01-01T10:00:00"},
        {"eventTime": "0001-01-01T00:00:00+14:00"},
        {"s3": None},
        {"s3": []},
        {"s3": {"bucket": "landing", "object": {}}},
        {"s3": {"bucket": {"name": None}, "object": {"key": "a", "size": 1}}},
        {"s3": {"bucket": {"name": "b" * 64}, "object": {"key": "a", "size": 1}}},
        {"s3": {"bucket": {"name": "b\0"}, "object": {"key": "a", "size": 1}}},
        {"object": {"key": 5}},
        {"object": {"key": None}},
        {"object": {"key": ""}},
        {"object": {"key": "a%00b"}},
        {"object": {"key": "%ff"}},
        {"object": {"key": "\ud800"}},
        {"object": {"key": "a" * 1025}},
        {"object": {"key": "%C3%A9" * 513}},
        {"object": {"size": None}},
        {"object": {"size": True}},
        {"object": {"size": -1}},
        {"object": {"size": 1.5}},
        {"object": {"size": float("inf")}},
        {"object": {"size": 2**63}},
        {"object": {"versionId": 5}},
        {"object": {"versionId": {"a": 1}}},
        {"object": {"versionId": "v" * 1025}},
        {"object": {"eTag": ["x"]}},
        {"object": {"eTag": "e" * 129}},
        {"object": {"sequencer": "\ud800"}},
    ],
)
def test_record_that_redshift_cannot_store_is_refused(changes: dict[str, Any]) -> None:
    """It must not block the other messages of its batch."""
    body = json.dumps({"Records": [record(**changes)]})

    with raises_golden(ArrivalError, "arrivals", f"record with {json.dumps(changes)[:60]}", "record"):
        arrivals_in_message(body)


@pytest.mark.parametrize("body", ["", "{", "[" * 200_000, '{"Records": ' + "[" * 200_000, "9" * 5000])
def test_message_that_is_not_json_is_refused(body: str) -> None:
    with pytest.raises(ArrivalError, match="JSON"):
        arrivals_in_message(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("null", "JSON object"),
        ("[]", "JSON object"),
        ('"Records"', "JSON object"),
        ("{}", "Records"),
        ('{"Records": {}}', "Records"),
        ('{"Records": null}', "Records"),
        ('{"Records": [null]}', "eventName"),
        ('{"Records": [{}]}', "eventName"),
        ('{"Records": [{"eventName": 5}]}', "eventName"),
    ],
)
def test_message_that_is_not_an_event_is_refused(body: str, field: str) -> None:
    with pytest.raises(ArrivalError, match=field) as raised:
        arrivals_in_message(body)

    golden("arrivals", f"message {body[:20]}", str(raised.value))


def test_each_sqs_message_is_separate() -> None:
    records = [{"messageId": name, "body": name.upper(), "eventSource": "aws:sqs"} for name in ("a", "b")]

    assert list(messages_of({"Records": records})) == [("a", "A"), ("b", "B")]


@pytest.mark.parametrize("event", [{"Records": [record()]}, {"Records": []}, {}, {"Records": None}, {"Records": ["x"]}])
def test_any_other_event_is_one_message_without_an_id(event: dict[str, Any]) -> None:
    [(message_id, body)] = messages_of(event)

    assert message_id == ""
    assert json.loads(body) == event
