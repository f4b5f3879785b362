"""The mng tables: what Lakeport knows of every file; what it knows of their loads is in load_records.

Every function works on the cursor of a transaction that its caller commits, and may run again: it looks at what is
there before it writes, so a second run finds its own work done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.errors import StatusConflict
from lakeport.model import Arrival, Match, TaskRun
from lakeport.redshift.statements import statement

_REASON_BYTES = 4096


def register(current: cursor, arrivals: Sequence[tuple[Arrival, Match]], now: datetime) -> dict[str, tuple[str, str]]:
    """Register the arrivals not registered yet and return file type and status of each, by file id.

    Redshift enforces no key.  The lock, alone as the first statement, is what keeps two deliveries of an event from
    registering it twice: whoever comes second sees the first one's rows.
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
        moves = [(row[0], row[9], now, row[10]) for row in rows]
        execute_values(current, statement("mng/log_registrations"), moves, page_size=len(moves))
    return {**known, **{file_id: (match.file_type or "", _status(match)) for file_id, (_, match) in fresh.items()}}


def registered(current: cursor, file_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return file type and status of those of the files that are registered, by file id."""
    current.execute(statement("mng/registered_files"), {"file_ids": tuple(file_ids)})
    return {file_id: (file_type or "", status) for file_id, file_type, status in current.fetchall()}


def _status(match: Match) -> str:
    return "Rejected" if match.rejected_because else "New"


def _file_row(arrival: Arrival, match: Match, now: datetime) -> tuple[Any, ...]:
    place = (arrival.bucket, arrival.key, arrival.version_id, arrival.etag, arrival.size_bytes, arrival.landed_at)
    reason = clipped(match.rejected_because, _REASON_BYTES)
    return (arrival.file_id, match.file_type, *place, now, _status(match), reason, now)


def move(
    current: cursor, file_ids: Sequence[str], by: TaskRun, *, from_: Sequence[str], to: str, reason: str | None = None
) -> int:
    """Move those of the files that are in one of the statuses `from_`, log each move, and return how many moved."""
    if not file_ids:
        return 0
    values: dict[str, Any] = {"file_ids": tuple(file_ids), "from_statuses": tuple(from_), "to_status": to}
    values |= {**asdict(by), "reason": clipped(reason, _REASON_BYTES)}
    current.execute(statement("mng/log_move"), values)
    current.execute(statement("mng/move_files"), values)
    return current.rowcount


def claim(current: cursor, file_ids: Sequence[str], by: TaskRun) -> None:
    """Take New files into this run.

    Raises StatusConflict where a file is neither New nor this run's already.
    """
    move(current, file_ids, by, from_=["New"], to="In Progress")
    current.execute(statement("mng/files_in_run"), {"file_ids": tuple(file_ids), **asdict(by)})
    held = {file_id for file_id, status in current.fetchall() if status == "In Progress"}
    lost = sorted(set(file_ids) - held)
    if lost:
        raise StatusConflict(f"not New any more, so another run has them: {', '.join(lost)}; see mng.status_log")


def failures(current: cursor, file_ids: Sequence[str], by: TaskRun) -> list[tuple[str, str]]:
    """Return key and reason of those of the files that this run has set to Fail."""
    current.execute(statement("mng/failures_of_run"), {"file_ids": tuple(file_ids), **asdict(by)})
    return current.fetchall()


def unloaded(current: cursor, file_ids: Sequence[str], by: TaskRun) -> set[str]:
    """Return those of the files that this run has taken and that are neither loaded nor Fail."""
    current.execute(statement("mng/unloaded_files"), {"file_ids": tuple(file_ids), **asdict(by)})
    return {file_id for (file_id,) in current.fetchall()}


def clipped(text: str | None, limit_bytes: int) -> str | None:
    """Cut a text to what a VARCHAR of that many bytes holds; NUL, which Redshift does not store, is shown as \\0."""
    if text is None:
        return None
    data = text.replace("\0", "\\0").encode(errors="backslashreplace")
    return data[:limit_bytes].decode(errors="ignore")
