"""Read the snapshots of a deployment: the files, their rejected rows and their states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lakeport import settings
from lakeport.arrivals.rules import ArrivalIndex, ArrivalRule
from lakeport.cli.waiting import FileState, StateOf, Upload, state_among
from lakeport.files.s3_objects import s3_client
from lakeport.model import Status
from lakeport.snapshots import objects
from lakeport.snapshots.reading import Summaries, read_type

_STATUS = ("bucket", "key", "status", "rows_in_file", "rows_loaded", "rows_rejected", "status_reason", "file_id")
_ERROR = ("line_number", "column_name", "raw_value", "error_reason", "raw_line")
_ID_CHARACTERS = 6


def states_in_snapshots(rules: Sequence[ArrivalRule]) -> StateOf:
    """Return what returns the state of an uploaded file from the snapshot of its type."""
    index = ArrivalIndex(tuple(rules))

    def state_of(upload: Upload) -> FileState | None:
        match = index.match(upload.key, 1, settings.landing_name(upload.bucket))
        snapshot = read_type(s3_client(), match.file_type)
        return state_among(upload, snapshot["files"]) if snapshot else None

    return state_of


def status_rows(
    name: str | None, file_type: str | None, only: Status | None, limit: int
) -> tuple[list[tuple[Any, ...]], str | None]:
    """Return the newest files, as the query of `status` does, and the time of the oldest snapshot that was read."""
    found = _snapshots(file_type)
    named = [file for each in found for file in each["files"] if _has_name(file, name)]
    files = [file for file in named if only is None or file["status"] == only]
    files.sort(key=lambda file: file["landed_at"], reverse=True)
    rows = [
        (datetime.fromisoformat(file["landed_at"]), *(file.get(name) for name in _STATUS)) for file in files[:limit]
    ]
    return rows, min((each["as_of"] for each in found), default=None)


def error_rows(name: str | None, file_type: str | None, limit: int) -> tuple[list[tuple[Any, ...]], int]:
    """Return the newest rejected rows, as the query of `errors` does, and how many rows of these files no snapshot has.

    Only the files that the snapshots list are read.
    """
    files = [
        (file, each["file_type"])
        for each in _snapshots(file_type)
        for file in each["files"]
        if file["rows_rejected"] and file["run_id"] and _has_name(file, name)
    ]
    files.sort(key=lambda pair: pair[0]["status_at"], reverse=True)
    rows, hidden = list[tuple[Any, ...]](), 0
    for file, type_name in files:
        key = objects.rejected_rows_key(type_name, file["file_id"], file["run_id"])
        found = objects.read(s3_client(), key)
        if found is None:
            hidden += file["rows_rejected"]
            continue
        rows += [(file.get("bucket"), file["key"], *(row[each] for each in _ERROR)) for row in found["rows"]]
        if len(rows) >= limit:
            break
    return [(bucket, key, line if line > 0 else None, *more) for bucket, key, line, *more in rows[:limit]], hidden


def _has_name(file: dict[str, Any], name: str | None) -> bool:
    if name is None or name in (file["key"], f"s3://{file.get('bucket')}/{file['key']}"):
        return True
    return len(name) >= _ID_CHARACTERS and file["file_id"].startswith(name)


def _snapshots(file_type: str | None) -> list[dict[str, Any]]:
    if file_type is None:
        return Summaries(s3_client).read()
    found = read_type(s3_client(), file_type)
    return [found] if found else []
