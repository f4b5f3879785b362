"""Read arrivals from S3 events, as SQS or S3 itself delivers them.

AWS delivers an event at least once and in any order.  Keys are URL-encoded, with + for a space.  A newly configured
bucket first sends `s3:TestEvent` (S3 User Guide, "Event message structure").
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from lakeport.errors import ArrivalError
from lakeport.model import NO_VERSION, Arrival, as_utc
from lakeport.schema.written_values import quoted

_MAX_BUCKET_BYTES = 63
_MAX_KEY_BYTES = 1024
_MAX_ETAG_BYTES = 128
_MAX_SIZE_BYTES = 2**63 - 1


def arrivals_of(event: Mapping[str, Any]) -> list[Arrival]:
    """Return the objects that one S3 event reports as created; other events have none.

    Raises ArrivalError if a record does not have the fields that S3 documents.
    """
    if event.get("Event") == "s3:TestEvent":
        return []
    records = event.get("Records")
    if not isinstance(records, list):
        raise ArrivalError("the S3 event must have a list under Records")
    return [_arrival(record) for record in records if _is_creation(record)]


def arrivals_in_message(body: str) -> list[Arrival]:
    """Return the objects that the body of one SQS message reports as created.

    Raises ArrivalError if the body is not an S3 event.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ArrivalError(f"the message is not valid JSON: {error}") from error
    if not isinstance(event, dict):
        raise ArrivalError("the message must be a JSON object with a list under Records")
    return arrivals_of(event)


def messages_of(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield id and body of each SQS message; a direct S3 event is one message with an empty id."""
    records = event.get("Records", [])
    if records and all(isinstance(r, dict) and r.get("eventSource") == "aws:sqs" for r in records):
        for record in records:
            yield record["messageId"], record["body"]
    else:
        yield "", json.dumps(event)


def _is_creation(record: object) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        raise ArrivalError("a record of the S3 event must have a text under eventName")
    return str(record["eventName"]).removeprefix("s3:").startswith("ObjectCreated:")


def _arrival(record: Mapping[str, Any]) -> Arrival:
    try:
        stored = record["s3"]["object"]
        encoded_key = _text("key", stored["key"], 3 * _MAX_KEY_BYTES)
        return Arrival(
            bucket=_text("bucket name", record["s3"]["bucket"]["name"], _MAX_BUCKET_BYTES),
            key=_text("key", unquote_plus(encoded_key, errors="strict"), _MAX_KEY_BYTES),
            version_id=_version(stored.get("versionId")),
            etag=_text("eTag", stored.get("eTag") or stored.get("etag") or "", _MAX_ETAG_BYTES, min_bytes=0),
            size_bytes=_size(stored["size"]),
            landed_at=_utc(record["eventTime"]),
            sequencer=_text("sequencer", stored.get("sequencer") or "", _MAX_ETAG_BYTES, min_bytes=0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArrivalError(f"a record of the S3 event {_problem(error)}") from error


def _problem(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"lacks the field {error}"
    if isinstance(error, TypeError):
        return "must have the fields s3.bucket.name, s3.object.key and s3.object.size"
    return f"is invalid: {error}"


def _text(field: str, value: object, max_bytes: int, min_bytes: int = 1) -> str:
    if not isinstance(value, str) or "\0" in value or not min_bytes <= len(value.encode()) <= max_bytes:
        allowed = f"a text of {min_bytes} to {max_bytes:,} bytes without NUL"
        raise ValueError(f"{field} {quoted(value)} must be {allowed}")
    return value


def _version(value: object) -> str | None:
    return None if value in (None, "", NO_VERSION) else _text("versionId", value, _MAX_KEY_BYTES)


def _size(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_SIZE_BYTES:
        raise ValueError(f"size {quoted(value)} must be a number of bytes")
    return value


def _utc(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo:
            return as_utc(moment)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"eventTime {quoted(value)} must be a time with a time zone, as in 2013-01-01T10:00:00.000Z")
