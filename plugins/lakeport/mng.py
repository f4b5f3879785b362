"""The mng tables: what Lakeport knows of every file and row.

Every function works on the cursor of a transaction that its caller commits, and may run again: it looks at what is
there before it writes, so a second run finds its own work done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from lakeport.arrivals import Arrival
from lakeport.copy_source import CopySource
from lakeport.errors import StatusConflict
from lakeport.matching import Match
from lakeport.statements import statement

_REASON_BYTES = 4096


class Status(StrEnum):
    """Where a file is on its way."""

    NEW = "New"
    IN_PROGRESS = "In Progress"
    DONE = "Done"
    FAIL = "Fail"
    FILTERED_OUT = "Filtered Out"
    REJECTED = "Rejected"


@dataclass(frozen=True)
class TaskRun:
    """The task that moves a status or loads a file."""

    dag_id: str
    run_id: str
    task_id: str
    try_number: int = 1


@dataclass(frozen=True)
class RegisteredFile:
    """A file as registered: what every step after the sensor needs to know of it."""

    file_id: str
    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime
    archive_bucket: str | None = None
    archive_key: str | None = None
    archive_version_id: str | None = None

    @classmethod
    def from_xcom(cls, values: Mapping[str, Any]) -> RegisteredFile:
        """Read what `to_xcom` wrote."""
        return cls(**{**values, "landed_at": datetime.fromisoformat(values["landed_at"])})

    def source(self, compression: str = "none") -> CopySource:
        """Return what a load reads: the landed object, or its copy in the archive where it is replayed from there.

        `compression` is what is to be undone when it is read.
        """
        if self.archive_bucket is None or self.archive_key is None:
            return self.landed(compression)
        place = (self.archive_bucket, self.archive_key, self.archive_version_id)
        return CopySource(*place, self.size_bytes, compression)

    def landed(self, compression: str = "none") -> CopySource:
        """Return the object as it landed."""
        return CopySource(self.bucket, self.key, self.version_id, self.size_bytes, compression)

    def to_xcom(self) -> dict[str, Any]:
        """Return the file as JSON can carry it from task to task."""
        return {**asdict(self), "landed_at": self.landed_at.isoformat()}


@dataclass(frozen=True)
class RejectedRow:
    """One row that COPY refused, with the full line it stood in."""

    line_number: int
    column_name: str
    column_type: str
    position: int
    error_code: int
    error_reason: str
    raw_value: str | None
    raw_line: str | None


@dataclass(frozen=True)
class Load:
    """What one file's load did; `loaded_at` is set once it is committed."""

    table_name: str
    rows_in_file: int
    rows_loaded: int
    rows_rejected: int
    query_id: int
    loaded_at: datetime | None = None


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


def load_of(current: cursor, file_id: str) -> Load | None:
    """Return the file's committed load, if it has one."""
    current.execute(statement("mng/load_state"), {"file_id": file_id})
    row = current.fetchone()
    if row is None:
        raise StatusConflict(f"file {file_id} is not registered in mng.files")
    _, _, table_name, rows_in_file, rows_loaded, rows_rejected, loaded_at, query_id = row
    return Load(table_name, rows_in_file, rows_loaded, rows_rejected, query_id, loaded_at) if loaded_at else None


def has_later_load(current: cursor, load: Load) -> bool:
    """Say whether something was loaded into the same table after this load."""
    current.execute(statement("mng/later_loads"), asdict(load))
    (later,) = current.fetchone() or (0,)
    return bool(later)


def record_load(current: cursor, file_id: str, load: Load, rejected: Sequence[RejectedRow], by: TaskRun) -> None:
    """Record a load in its own transaction.

    Raises StatusConflict where the file is not In Progress in this run or has been loaded: then nothing may be
    committed.
    """
    values = {"file_id": file_id, "run_id": by.run_id, **asdict(load)}
    current.execute(statement("mng/record_load"), values)
    if current.rowcount != 1:
        raise StatusConflict(f"file {file_id} is not In Progress in run {by.run_id}, or it is loaded already")
    _record_rejected(current, file_id, rejected, by)


def record_failed_load(current: cursor, file_id: str, load: Load, rejected: Sequence[RejectedRow], by: TaskRun) -> None:
    """Record what a load that was rolled back found."""
    values = {"file_id": file_id, "run_id": by.run_id, **asdict(load)}
    current.execute(statement("mng/record_failed_load"), values)
    _record_rejected(current, file_id, rejected, by)


def first_rejected(current: cursor, file_ids: Sequence[str], run_id: str) -> list[Any]:
    """Return a few rejected rows of a run's files, as (file_id, line, column, value, reason)."""
    if not file_ids:
        return []
    current.execute(statement("mng/first_load_errors"), {"run_id": run_id, "file_ids": tuple(file_ids)})
    return current.fetchall()


def _record_rejected(current: cursor, file_id: str, rejected: Sequence[RejectedRow], by: TaskRun) -> None:
    current.execute(statement("mng/forget_load_errors"), {"file_id": file_id, "run_id": by.run_id})
    rows = [
        (
            file_id,
            by.run_id,
            row.line_number,
            row.column_name,
            row.column_type,
            row.position,
            row.error_code,
            clipped(row.error_reason, 512),
            clipped(row.raw_value, 1024),
            clipped(row.raw_line, 65535),
        )
        for row in rejected
    ]
    if rows:
        template = "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, SYSDATE)"
        execute_values(current, statement("mng/record_load_errors"), rows, template=template, page_size=100)


def clipped(text: str | None, limit_bytes: int) -> str | None:
    """Cut a text to what a VARCHAR of that many bytes holds; NUL, which Redshift does not store, is shown as \\0."""
    if text is None:
        return None
    data = text.replace("\0", "\\0").encode(errors="backslashreplace")
    return data[:limit_bytes].decode(errors="ignore")
