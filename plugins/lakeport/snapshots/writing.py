"""Write a snapshot of a file type's files into the work bucket, for readers without a connection to Redshift.

Each process that changes the status of files writes the snapshots of their types, in the session that it has already,
so that looking at files never starts Redshift.  A snapshot contains its time; the mng tables remain the record, and
reconcile replaces snapshots that are missing or too old.

A snapshot is two objects.  The whole one is written when all is read.  After that a run writes only the summary, with
the files that have changed since, so that its work does not grow with the number of files.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.files import s3_objects
from lakeport.model import utc_now
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.reader import known_file_type
from lakeport.snapshots import objects
from lakeport.snapshots.content import Content, read_content
from lakeport.snapshots.extending import DAYS, MARGIN, Row, newest
from lakeport.snapshots.rejected_rows import remove_rejected_rows, write_rejected_rows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

SUMMARY_FILES = 20
_COMPLETE_FOR = timedelta(days=1)
"""How long only changes are read until all is read again."""
_STATED = ("file_id", "bucket", "key", "size_bytes", "landed_at", "registered_at", "status", "status_reason")
_COUNTED = ("status_at", "run_id", "rows_in_file", "rows_loaded", "rows_rejected", "loaded_at")


def write_snapshots(warehouse: Warehouse, file_types: Iterable[str | None], *, is_complete: bool = False) -> None:
    """Write the snapshots of these file types; None stands for the files without a type.

    With `is_complete` all is read, which repairs a snapshot that lacks a change.  A failure is logged and never raised:
    a load does not depend on its snapshot, and reconcile writes it later.  Safe to repeat and to kill at any line: each
    object is replaced whole, and only by a newer one.
    """
    s3: S3Client | None = None
    for name in sorted(set(file_types), key=str):
        try:
            s3 = s3 or s3_objects.s3_client()
            write_snapshot(warehouse, s3, name, is_complete=is_complete)
        except (psycopg2.Error, ClientError, BotoCoreError, settings.NotSet, OSError) as error:
            log.warning("the snapshot of %s was not written, reconcile will write it: %s", name or "other files", error)


def write_snapshot(warehouse: Warehouse, s3: S3Client, name: str | None, *, is_complete: bool = False) -> None:
    """Write the snapshot of one file type; read it again if another process has written the summary meanwhile.

    What has changed since an earlier summary may lack what the other process has read, such as files that were undone.
    Nothing is left to write once the summary has what another process read after this one: so each of the others makes
    this one read again at most once.  Raises ClientError if S3 refuses ATTEMPTS times; then reconcile writes it.
    """
    began: str | None = None
    for attempt in range(1, objects.ATTEMPTS + 1):
        known = objects.current(s3, objects.summary_key(name), with_content=True)
        if began and (known.content or {}).get("complete_at" if is_complete else "as_of", "") >= began:
            return
        as_of, summary = _write_whole(warehouse, s3, name, known.content, is_complete=is_complete)
        began = began or as_of.isoformat()
        if known.as_of >= as_of.isoformat():
            return
        try:
            objects.replace(s3, objects.summary_key(name), summary, as_of, known)
        except ClientError as error:
            if attempt == objects.ATTEMPTS or not objects.is_outrun(error):
                raise
        else:
            return


def _write_whole(
    warehouse: Warehouse, s3: S3Client, name: str | None, summary: Row | None, *, is_complete: bool
) -> tuple[datetime, Row]:
    """Write what precedes the summary, and return the new summary: a reader takes the rest alone while it is older."""
    file_type = known_file_type(name) if name else None
    about: Row = {"schema": _schema_text(name), "table": file_type.table.name if file_type else None}
    about["shows_values"] = file_type.rejects.show if file_type else None  # schemas/_defaults.yaml may have changed it
    last = None if is_complete or not _can_be_extended(s3, summary, name, about) else summary
    content = warehouse.transaction(partial(read_content, name=name, file_type=file_type, last=last))
    if name and file_type and file_type.rejects.show:
        write_rejected_rows(warehouse, s3, name, content, last)
    elif name and file_type and content.is_complete:
        remove_rejected_rows(s3, name)
    head: Row = {"file_type": name, "as_of": content.as_of.isoformat(), **about}
    head |= {"columns": content.columns, "days": content.days}
    if content.is_complete:
        objects.replace_older(s3, objects.type_key(name), {**head, "files": content.files}, content.as_of)
    return content.as_of, {**head, **_summary(content, last)}


def outdated_types(warehouse: Warehouse, s3: S3Client) -> list[str | None]:
    """Return the file types whose files have changed since their snapshot was written, or that lack a part of it."""

    def read(current: cursor) -> dict[str | None, datetime]:
        current.execute(statement("snapshots/changed_types"), {"days": DAYS})
        return {row["file_type"]: row["changed_at"] for row in fetch_rows(current)}

    changed = warehouse.transaction(read)
    return [name for name, changed_at in changed.items() if _is_outdated(s3, name, changed_at)]


def _can_be_extended(s3: S3Client, last: Row | None, name: str | None, about: Row) -> bool:
    """Return whether a summary can list what has changed since all was read.

    Files of no type get one by a replay, so all of them are always read.  So they are after a process that was killed
    between its two objects, whose whole one is later than the summary.
    """
    if last is None or name is None or "open_since" not in last or any(last.get(each) != about[each] for each in about):
        return False
    if utc_now() - datetime.fromisoformat(last["complete_at"]) >= _COMPLETE_FOR:
        return False
    return objects.current(s3, objects.type_key(name)).as_of == str(last["complete_at"])


def _summary(content: Content, last: Row | None) -> dict[str, Any]:
    """Return the newest files in short, and those that have changed since all was read."""
    short = [{name: file[name] for name in (*_STATED, *_COUNTED)} for file in content.files]
    changed: list[Row] = []
    if not content.is_complete and last:
        ids, changed = {file["file_id"] for file in short}, content.files
        short = newest([*short, *(file for file in last["files"] if file["file_id"] not in ids)], content.as_of)
    facts = {"complete_at": content.complete_at, "open_since": content.open_since}
    return {**facts, "files": short[:SUMMARY_FILES], "changed": changed}


def _schema_text(name: str | None) -> str | None:
    path = settings.schemas_folder() / f"{name}.yaml"
    return path.read_text(errors="replace") if name and path.is_file() else None


def _is_outdated(s3: S3Client, name: str | None, changed_at: datetime) -> bool:
    parts = [objects.current(s3, key).as_of for key in (objects.summary_key(name), objects.type_key(name))]
    return not all(parts) or datetime.fromisoformat(parts[0]) < changed_at + MARGIN
