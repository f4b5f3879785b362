"""S3 events, as SQS or S3 itself delivers them, as arrived objects.

Facts: AWS delivers at least once and unordered; keys are URL-encoded with + for a blank; a configured bucket first
sends `s3:TestEvent` (S3 User Guide, "Event message structure").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from lakeport.errors import ArrivalError

_MAX_KEY_BYTES = 1024


@dataclass(frozen=True)
class Arrival:
    """One object version that landed; `landed_at` is the event's time in UTC, without zone, as Redshift keeps it."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    sequencer: str

    @property
    def file_id(self) -> str:
        """Identify the object version: equal for every delivery of its event."""
        version = self.version_id or f"{self.etag}\n{self.sequencer}"
        return hashlib.sha256(f"{self.bucket}\n{self.key}\n{version}".encode()).hexdigest()


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
    except ValueError as error:
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
        bucket, thing = record["s3"]["bucket"]["name"], record["s3"]["object"]
        arrival = Arrival(
            bucket=bucket,
            key=unquote_plus(thing["key"], errors="strict"),
            version_id=thing.get("versionId"),
            etag=thing.get("eTag") or thing.get("etag", ""),
            size_bytes=int(thing["size"]),
            landed_at=_utc(record["eventTime"]),
            sequencer=thing.get("sequencer", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArrivalError(f"a record lacks what S3 documents: {error!r}") from error
    if "\0" in arrival.key or not 0 < len(arrival.key.encode()) <= _MAX_KEY_BYTES:
        raise ArrivalError("a record's key is empty, holds a NUL or is longer than 1,024 bytes")
    return arrival


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
