"""Write a snapshot of a file type's files into the work bucket, for readers without a connection to Redshift.

Each process that changes the status of files writes the snapshots of their types, in the session that it has already,
so that looking at files never starts Redshift.  A snapshot contains its time; the mng tables remain the record, and
reconcile replaces snapshots that are missing or too old.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.files import s3_objects
from lakeport.redshift.live_table import live_columns
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import known_file_type
from lakeport.snapshots import objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

DAYS = 30
NEWEST_FILES = 500
SUMMARY_FILES = 20
REJECTED_ROWS = 100
_WRITERS = 8
_STATED = ("file_id", "bucket", "key", "size_bytes", "landed_at", "status", "status_reason", "status_at", "run_id")
_COUNTED = ("rows_in_file", "rows_loaded", "rows_rejected", "loaded_at")
_CLOCKS = timedelta(minutes=1)
"""How far the clocks of S3 and Redshift may differ."""
_MARGIN = timedelta(minutes=15)
"""How long a transaction may take whose change a snapshot made in the meantime does not have."""


@dataclass(frozen=True)
class Content:
    """What is read about one file type in one transaction, at the time `as_of` of Redshift's clock."""

    as_of: datetime
    files: list[dict[str, Any]]
    moves: dict[str, list[dict[str, Any]]]
    days: list[dict[str, Any]]
    live_columns: dict[str, str]


def write_snapshots(warehouse: Warehouse, file_types: Iterable[str | None]) -> None:
    """Write the snapshots of these file types; None stands for the files without a type.

    A failure is logged and never raised: a load does not depend on its snapshot, and reconcile writes it later.
    Safe to repeat and to kill at any line: each object is replaced whole, and only by a newer one.
    """
    for name in sorted(set(file_types), key=str):
        try:
            write_snapshot(warehouse, s3_objects.s3_client(), name)
        except (psycopg2.Error, ClientError, BotoCoreError, settings.NotSet, OSError) as error:
            log.warning("the snapshot of %s was not written, reconcile will write it: %s", name or "other files", error)


def write_snapshot(warehouse: Warehouse, s3: S3Client, name: str | None) -> None:
    """Write the snapshots of one file type."""
    file_type = known_file_type(name) if name else None
    content = warehouse.transaction(lambda current: read_content(current, name, file_type))
    if file_type and file_type.rejects.show:
        _write_rejected_rows(warehouse, s3, name, content)
    elif file_type:
        _remove_rejected_rows(s3, file_type)
    head = {"file_type": name, "as_of": content.as_of, "table": file_type.table.name if file_type else None}
    summary = {**head, "days": content.days, "files": [_short(file) for file in content.files[:SUMMARY_FILES]]}
    files = [{**file, "moves": content.moves.get(file["file_id"], [])} for file in content.files]
    whole = {**head, "schema": _schema_text(name), "columns": _columns(file_type, content.live_columns)}
    whole |= {"days": content.days, "files": files}
    with ThreadPoolExecutor(2) as pool:
        written = [
            pool.submit(objects.replace_older, s3, objects.summary_key(name), summary, content.as_of),
            pool.submit(objects.replace_older, s3, objects.type_key(name), whole, content.as_of),
        ]
    for each in written:
        each.result()


def remove_hidden_rows(s3: S3Client) -> None:
    """Remove the rejected rows of the file types whose schemas do not show them any more.  Safe to repeat."""
    for name in objects.types_with_rejected_rows(s3):
        file_type = known_file_type(name)
        if file_type and not file_type.rejects.show:
            _remove_rejected_rows(s3, file_type)


def outdated_types(warehouse: Warehouse, s3: S3Client) -> list[str | None]:
    """Return the file types whose files have changed since their snapshot was written."""

    def read(current: cursor) -> dict[str | None, datetime]:
        current.execute(statement("snapshots/changed_types"), {"days": DAYS})
        return {row["file_type"]: row["changed_at"] for row in fetch_rows(current)}

    changed = warehouse.transaction(read)
    return [name for name, changed_at in changed.items() if _is_outdated(s3, name, changed_at)]


def read_content(current: cursor, name: str | None, file_type: FileType | None) -> Content:
    """Read the newest files of a type with their status changes, its daily figures and its live table."""
    values = {"file_type": name, "days": DAYS, "files": NEWEST_FILES}
    current.execute(statement("snapshots/clock"))
    as_of = fetch_value(current)
    current.execute(statement("snapshots/newest_files"), values)
    files = fetch_rows(current)
    current.execute(statement("snapshots/days"), values)
    days = fetch_rows(current)
    live = live_columns(current, file_type.table) if file_type else {}
    types = {column: each.type for column, each in live.items()}
    return Content(as_of, files, _moves(current, files), days, types)


def _moves(current: cursor, files: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    if not files:
        return {}
    since = min(file["registered_at"] for file in files)
    file_ids = tuple(file["file_id"] for file in files)
    current.execute(statement("snapshots/moves_of_files"), {"since": since, "file_ids": file_ids})
    return _by_file(fetch_rows(current))


def _write_rejected_rows(warehouse: Warehouse, s3: S3Client, name: str | None, content: Content) -> None:
    """Write the first rejected rows of the files that have some, unless they are written since the file's last change.

    A run that was cleared may have rejected other rows than before.
    """
    rejected = [file for file in content.files if file["rows_rejected"] and file["run_id"]]
    if not rejected:
        return
    written, missing = objects.written_under(s3, objects.rejected_rows_prefix(name)), dict[str, str]()
    for file in rejected:
        key = objects.rejected_rows_key(name, file["file_id"], file["run_id"])
        if key not in written or written[key] < file["status_at"] + _CLOCKS:
            missing[file["file_id"]] = key
    if missing:
        rows = warehouse.transaction(lambda current: _rejected_rows(current, list(missing)))
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(lambda file_id: _write_rows(s3, missing[file_id], rows[file_id], content.as_of), missing))


def _write_rows(s3: S3Client, key: str, rows: list[dict[str, Any]], as_of: datetime) -> None:
    objects.replace_older(s3, key, {"rows": rows}, as_of)


def _remove_rejected_rows(s3: S3Client, file_type: FileType) -> None:
    s3_objects.remove_all_versions(s3, settings.work_bucket(), objects.rejected_rows_prefix(file_type.name))


def _rejected_rows(current: cursor, file_ids: list[str]) -> dict[str, list[dict[str, Any]]]:
    current.execute(statement("snapshots/rejected_rows"), {"file_ids": tuple(file_ids), "rows": REJECTED_ROWS})
    return _by_file(fetch_rows(current))


def _by_file(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found = defaultdict[str, list[dict[str, Any]]](list)
    for row in rows:
        found[row.pop("file_id")].append(row)
    return found


def _short(file: dict[str, Any]) -> dict[str, Any]:
    return {name: file[name] for name in (*_STATED, *_COUNTED)}


def _schema_text(name: str | None) -> str | None:
    path = settings.schemas_folder() / f"{name}.yaml"
    return path.read_text(errors="replace") if name and path.is_file() else None


def _columns(file_type: FileType | None, live: dict[str, str]) -> list[dict[str, Any]]:
    """Return the columns of the schema and of the live table, those of the schema first."""
    wanted = {column.name: column.type.catalog_name() for column in file_type.table_columns} if file_type else {}
    names = [*wanted, *(name for name in live if name not in wanted)]
    return [{"name": name, "schema_type": wanted.get(name), "live_type": live.get(name)} for name in names]


def _is_outdated(s3: S3Client, name: str | None, changed_at: datetime) -> bool:
    snapshot = objects.read(s3, objects.summary_key(name))
    return snapshot is None or datetime.fromisoformat(snapshot["as_of"]) < changed_at + _MARGIN
