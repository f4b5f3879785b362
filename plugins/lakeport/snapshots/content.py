"""Read from Redshift what the snapshots of a file type contain: all of it, or what has changed since all was read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor

from lakeport.model import Status
from lakeport.redshift.live_table import live_columns
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType
from lakeport.snapshots.extending import NEWEST_FILES, Row, changed_since, first_day, may_change_since

_OPEN = (Status.NEW, Status.IN_PROGRESS, Status.FAIL)
CHANGED_FILES = 100
"""How many changed files a summary has at most; if there are more, all is read."""


@dataclass(frozen=True)
class Content:
    """What Redshift has about one file type at the time `as_of` of its clock, as JSON has it.

    `files` are the newest files, or only those that have changed since `complete_at`, if that is earlier than `as_of`.
    `open_since` is when the first file was registered that a run could take at `complete_at`.
    """

    as_of: datetime
    complete_at: str
    open_since: str | None
    columns: list[Row]
    days: list[Row]
    files: list[Row]

    @property
    def is_complete(self) -> bool:
        """Return whether all files were read, not only those that have changed."""
        return self.as_of.isoformat() == self.complete_at


def read_content(current: cursor, name: str | None, file_type: FileType | None, last: Row | None = None) -> Content:
    """Read the newest files with their status changes, the figures of each day and the live table's columns.

    With the last summary, only the files and days are read that have changed since it was complete, so that the time
    does not grow with the number of files; unless columns or too many files have changed.
    """
    current.execute(statement("snapshots/clock"))
    as_of: datetime = fetch_value(current)
    columns = _columns(current, file_type)
    values: Row = {"file_type": name, "first_day": first_day(as_of), "files": NEWEST_FILES}
    if last and last["columns"] == columns and (changes := _changes(current, values, last)):
        return Content(as_of, last["complete_at"], last["open_since"], columns, *changes)
    current.execute(statement("snapshots/newest_files"), values)
    files = _with_moves(current, _rows(current), None)
    days = _days(current, values, values["first_day"])
    return Content(as_of, as_of.isoformat(), _open_since(days, files), columns, days, files)


def by_file(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    """Group rows by their file."""
    found = defaultdict[str, list[Row]](list)
    for row in rows:
        found[row.pop("file_id")].append(row)
    return found


def _changes(current: cursor, values: Row, last: Row) -> tuple[list[Row], list[Row]] | None:
    """Return the days and the files that have changed since all was read, or None if these are too many."""
    since, since_day = changed_since(last), values["first_day"].isoformat()[:10]
    bounds = {"since": since, "registered_since": may_change_since(last), "files": CHANGED_FILES + 1}
    current.execute(statement("snapshots/changed_files"), {**values, **bounds})
    files = _rows(current)
    if len(files) > CHANGED_FILES:
        return None
    days = [day for day in last["days"] if day["day"] >= since_day]
    if files:
        since_day = max(since_day, min(file["landed_at"] for file in files)[:10])
        days = [day for day in days if day["day"] < since_day] + _days(current, values, since_day)
    return days, _with_moves(current, files, since)


def _open_since(days: list[Row], files: list[Row]) -> str | None:
    """Return when the first open file was registered; those that landed long before are among the files alone."""
    found = [day["first_registered_at"] for day in days if day["status"] in _OPEN]
    return min([*found, *(file["registered_at"] for file in files if file["status"] in _OPEN)], default=None)


def _with_moves(current: cursor, files: list[Row], since: str | None) -> list[Row]:
    """Return the files with their status changes since a time, or since the first of them was registered."""
    if not files:
        return []
    since = since or min(file["registered_at"] for file in files)
    file_ids = tuple(file["file_id"] for file in files)
    current.execute(statement("snapshots/moves_of_files"), {"since": since, "file_ids": file_ids})
    moves = by_file(_rows(current))
    return [{**file, "moves": moves[file["file_id"]]} for file in files]


def _days(current: cursor, values: Row, since_day: str | datetime) -> list[Row]:
    current.execute(statement("snapshots/days"), {**values, "first_day": since_day})
    return _rows(current)


def _columns(current: cursor, file_type: FileType | None) -> list[Row]:
    """Return the columns of the schema and of the live table, those of the schema first."""
    if file_type is None:
        return []
    live = {name: each.type for name, each in live_columns(current, file_type.table).items()}
    wanted = {column.name: column.type.catalog_name() for column in file_type.table_columns}
    names = [*wanted, *(name for name in live if name not in wanted)]
    return [{"name": name, "schema_type": wanted.get(name), "live_type": live.get(name)} for name in names]


def _rows(current: cursor) -> list[Row]:
    return [
        {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        for row in fetch_rows(current)
    ]
