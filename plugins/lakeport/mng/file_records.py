"""Files and their statuses in the mng tables; their loads are in load_records.

Every function works on the cursor of a transaction that its caller commits.  All are safe to repeat: they read the
current state before they write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.model import Arrival, Match, Status, TaskRun
from lakeport.redshift.rows import fetch_as, fetch_rows
from lakeport.redshift.sql_files import statement

_REASON_BYTES = 4096


@dataclass(frozen=True)
class Failure:
    """A file that a run has set to Fail."""

    key: str
    status_reason: str


def register(current: cursor, arrivals: Sequence[tuple[Arrival, Match]], now: datetime) -> dict[str, tuple[str, str]]:
    """Register the arrivals that are not registered yet and return file type and status of each, by file id.

    Redshift does not enforce keys.  The lock, which must be the first statement of the transaction, keeps two
    deliveries of an event from being registered twice: the second transaction sees the rows of the first.
    """
    unique = {arrival.file_id: (arrival, match) for arrival, match in arrivals}
    if not unique:
        return {}
    current.execute(statement("mng/lock_files"))
    known = registered(current, list(unique))
    fresh = {file_id: pair for file_id, pair in unique.items() if file_id not in known}
    if fresh:
        rows = [_file_row(arrival, match, now) for arrival, match in fresh.values()]
        execute_values(current, statement("mng/register_files"), rows, page_size=len(rows))
        moves = [(file_id, _status(match), now, _reason(match)) for file_id, (_, match) in fresh.items()]
        execute_values(current, statement("mng/log_registrations"), moves, page_size=len(moves))
    return {**known, **{file_id: (match.file_type or "", _status(match)) for file_id, (_, match) in fresh.items()}}


def registered(current: cursor, file_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return file type and status of each registered file, by file id."""
    current.execute(statement("mng/registered_files"), {"file_ids": tuple(file_ids)})
    return {row["file_id"]: (row["file_type"] or "", row["status"]) for row in fetch_rows(current)}


def _status(match: Match) -> Status:
    return Status.REJECTED if match.rejected_because else Status.NEW


def _reason(match: Match) -> str | None:
    return clipped(match.rejected_because, _REASON_BYTES)


def _file_row(arrival: Arrival, match: Match, now: datetime) -> tuple[Any, ...]:
    place = (arrival.bucket, arrival.key, arrival.version_id, arrival.etag, arrival.size_bytes, arrival.landed_at)
    return (arrival.file_id, match.file_type, *place, now, _status(match), _reason(match), now)


def move(
    current: cursor,
    file_ids: Sequence[str],
    by: TaskRun,
    *,
    from_: Sequence[Status],
    to: Status,
    reason: str | None = None,
) -> int:
    """Change the status of the files whose status is one of `from_`, log each change and return their number."""
    if not file_ids:
        return 0
    values: dict[str, Any] = {"file_ids": tuple(file_ids), "from_statuses": tuple(from_), "to_status": to}
    values |= {**asdict(by), "reason": clipped(reason, _REASON_BYTES)}
    current.execute(statement("mng/log_move"), values)
    current.execute(statement("mng/move_files"), values)
    return current.rowcount


def failures(current: cursor, file_ids: Sequence[str], by: TaskRun) -> list[Failure]:
    """Return the files that this run has set to Fail, in the order of landing."""
    current.execute(statement("mng/failures_of_run"), {"file_ids": tuple(file_ids), **asdict(by)})
    return fetch_as(current, Failure)


def unloaded(current: cursor, file_ids: Sequence[str], by: TaskRun) -> set[str]:
    """Return the ids of the files that this run has taken and that are neither loaded nor Fail."""
    current.execute(statement("mng/unloaded_files"), {"file_ids": tuple(file_ids), **asdict(by)})
    return {row["file_id"] for row in fetch_rows(current)}


def clipped(text: str | None, limit_bytes: int) -> str | None:
    """Cut a text to the bytes that a VARCHAR holds; NUL, which Redshift does not store, becomes \\0."""
    if text is None:
        return None
    data = text.replace("\0", "\\0").encode(errors="backslashreplace")
    return data[:limit_bytes].decode(errors="ignore")
