"""S3 events, as SQS or S3 itself delivers them, as arrived objects.

Facts: AWS delivers at least once and unordered; keys are URL-encoded with + for a blank; a configured bucket first
sends `s3:TestEvent` (S3 User Guide, "Event message structure").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any
from urllib.parse import unquote_plus

from lakeport.errors import ArrivalError
from lakeport.model import Arrival

_MAX_BUCKET_BYTES = 63
_MAX_KEY_BYTES = 1024
_MAX_ETAG_BYTES = 128
_MAX_SIZE_BYTES = 2**63 - 1
_NO_VERSION = "null"  # what S3 calls the one version that a bucket without versioning overwrites


def arrivals_of(event: Mapping[str, Any]) -> list[Arrival]:
    """Read the created objects of one S3 event; other events hold none.

    Raises ArrivalError where a record is not what S3 documents.
    """
    if event.get("Event") == "s3:TestEvent":
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise ArrivalError("the event has no list of Records")
    return [_arrival(record) for record in records if _is_creation(record)]


def arrivals_in_message(body: str) -> list[Arrival]:
    """Read the created objects of one SQS message's body.

    Raises ArrivalError where the body is no S3 event.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ArrivalError(f"the message is no JSON: {error}") from error
    if not isinstance(event, dict):
        raise ArrivalError("the message is no JSON object")
    return arrivals_of(event)


def messages_of(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield id and body of each SQS message; a direct S3 event counts as one message without an id."""
    records = event.get("Records", [])
    if records and all(isinstance(r, dict) and r.get("eventSource") == "aws:sqs" for r in records):
        for record in records:
            yield record["messageId"], record["body"]
    else:
        yield "", json.dumps(event)


def _is_creation(record: object) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        raise ArrivalError("a record has no eventName")
    return str(record["eventName"]).removeprefix("s3:").startswith("ObjectCreated:")


def _arrival(record: Mapping[str, Any]) -> Arrival:
    try:
        thing = record["s3"]["object"]
        return Arrival(
            bucket=_text(record["s3"]["bucket"]["name"], _MAX_BUCKET_BYTES),
            key=_text(unquote_plus(_text(thing["key"], 3 * _MAX_KEY_BYTES), errors="strict"), _MAX_KEY_BYTES),
            version_id=_version(thing.get("versionId")),
            etag=_text(thing.get("eTag") or thing.get("etag") or "", _MAX_ETAG_BYTES, min_bytes=0),
            size_bytes=_size(thing["size"]),
            landed_at=_utc(record["eventTime"]),
            sequencer=_text(thing.get("sequencer") or "", _MAX_ETAG_BYTES, min_bytes=0),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ArrivalError(f"a record is not what S3 documents: {error!r}") from error


def _text(value: object, max_bytes: int, min_bytes: int = 1) -> str:
    if not isinstance(value, str) or "\0" in value or not min_bytes <= len(value.encode()) <= max_bytes:
        raise ValueError(f"{shorten(repr(value), 80)} is no text of {min_bytes} to {max_bytes:,} bytes without NUL")
    return value


def _version(value: object) -> str | None:
    return None if value in (None, "", _NO_VERSION) else _text(value, _MAX_KEY_BYTES)


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE_BYTES:
        raise ValueError(f"{value!r} is no size in bytes")
    return value


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None)
