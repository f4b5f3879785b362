"""Finish loaded files: move their objects to the archive and set their status to Done."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import RowsMissing, StepRefused
from lakeport.files import archiving, s3_objects
from lakeport.files.at_once import at_once
from lakeport.mng import claims, file_records, load_records
from lakeport.mng.claims import Standing
from lakeport.mng.load_records import Load
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.joined_rows import joined_rows
from lakeport.redshift.rows import fetch_rows, fetch_value
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.redshift.statements import composed
from lakeport.schema.file_type import FileType
from lakeport.wording import amount, share

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_MAX_NAME_BYTES = 600
_ARCHIVED = {"file_id": "VARCHAR(64)", "bucket": "VARCHAR(63)", "key": "VARCHAR(1024)", "version_id": "VARCHAR(1024)"}


def archive_key(file_type_name: str, file: RegisteredFile) -> str:
    """Return the file's key in the archive, which is always the same and unique.

    Files of a landing bucket other than the first are below a folder with its name.
    """
    name = file.key.rpartition("/")[2].encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
    folder = f"{file.bucket}/" if settings.is_further_landing(file.bucket) else ""
    return f"{folder}{file_type_name}/{file.landed_at:%Y/%m/%d}/{file.file_id}/{name}"


def archive(warehouse: Warehouse, s3: S3Client, file_type_name: str, files: Sequence[RegisteredFile]) -> None:
    """Copy the registered versions to the archive, record their keys, then remove the versions from landing.

    Safe to repeat: the archive key follows from the file, and an existing copy is checked or replaced by the same.  In
    this order, a file is always in landing or in the archive.  Raises ObjectChanged if it is in neither.
    """
    bucket = settings.archive_bucket()

    def copy(file: RegisteredFile) -> tuple[str | None, ...] | None:
        if _is_replayed_from_archive(s3, file):
            return None
        key = archive_key(file_type_name, file)
        return file.file_id, bucket, key, archiving.archive(s3, file.landed(), bucket, key)

    places = at_once(copy, files)
    if copied := [place for place in places if place]:
        warehouse.transaction(partial(_record_archive, places=copied))
    archiving.remove_versions(s3, [file.landed() for file in files])
    for file, place in zip(files, places, strict=True):
        if place:
            log.info("archived %s as s3://%s/%s", file.key, bucket, place[2])


def _record_archive(current: cursor, places: Sequence[tuple[str | None, ...]]) -> None:
    with joined_rows(current, _ARCHIVED, places) as archived:
        current.execute(composed("mng/record_archive", archived=archived.table), archived.values)


def _is_replayed_from_archive(s3: S3Client, file: RegisteredFile) -> bool:
    return bool(file.archive_version_id) and s3_objects.is_there(s3, file.source())


def mark_done(
    current: cursor,
    files: Sequence[RegisteredFile],
    by: TaskRun,
    file_type: FileType | None,
    reason: str | None = None,
) -> dict[str, Load]:
    """Set the files to Done, in the transaction that checks that their rows are in the table; return their loads.

    The load itself has counted its rows: rows in the file less rejected rows.  A later load may have replaced some or
    all of them if the table's mode replaces rows, or the schema is gone; the status reason then contains the numbers.

    Safe to repeat: a file that is Done stays Done.  Raises RowsMissing if the rows are missing.
    """
    check_loaded(current, files)
    loads = load_records.loads_of(current, [file.file_id for file in files])
    transactions = {_transaction(load): load for load in loads.values()}
    replaced = {each: _check_rows(current, load, file_type) for each, load in transactions.items()}
    by_reason = defaultdict[str | None, list[str]](list)
    for file_id, load in loads.items():
        reasons = (reason, replaced[_transaction(load)] or _difference(load, file_type), _warning(load))
        by_reason["; ".join(filter(None, reasons)) or None].append(file_id)
    for text, file_ids in by_reason.items():
        file_records.move(current, file_ids, by, from_=[Status.IN_PROGRESS], to=Status.DONE, reason=text)
    return loads


def check_loaded(current: cursor, files: Sequence[RegisteredFile]) -> list[RegisteredFile]:
    """Return the files with their current places, maybe in the archive; raise StepRefused if one is not loaded."""
    found = claims.standings(current, [file.file_id for file in files])
    unloaded = [f"{each.file.key} ({_status_text(each)})" for each in found if not each.loaded_at]
    if unloaded:
        raise StepRefused(
            f"only loaded files are archived and set to Done; not loaded: {', '.join(unloaded)}; if copy_to_table was "
            "marked by hand, clear it with its downstream tasks; if not, fix the cause and replay the file"
        )
    return [each.file for each in found]


def _status_text(each: Standing) -> str:
    return f"{each.status}: {each.status_reason}" if each.status_reason else each.status


def _transaction(load: Load) -> tuple[str, datetime | None]:
    return load.table_name, load.loaded_at


def _check_rows(current: cursor, load: Load, file_type: FileType | None) -> str | None:
    """Check the rows of one transaction in the table; return how many of them later loads have replaced."""
    values = {"table_name": load.table_name, "loaded_at": load.loaded_at}
    current.execute(statement("mng/rows_of_load"), values)
    (recorded,) = fetch_rows(current)
    current.execute(composed("load/count_loaded", table=table_identifier(load.table_name)), values)
    rows, loaded = fetch_value(current), recorded["rows_loaded"]
    if rows == loaded:
        return None
    replaces_rows = file_type is None or file_type.table.replaces_rows
    if rows < loaded and replaces_rows and load_records.has_later_load(current, load):
        return f"later loads have replaced {share(loaded - rows, loaded, 'row')}"
    others = recorded["other_files"]
    subject = f"{recorded['first_key']} and {others} more" if others else recorded["first_key"]
    raise RowsMissing(
        f"{subject}: {amount(recorded['rows_in_file'], 'row')} in the file, {recorded['rows_rejected']:,} rejected, "
        f"{loaded:,} loaded, but {rows:,} in {load.table_name} with _loaded_at {load.loaded_at}; another program "
        "may have changed the table; replay the file to load it again"
    )


def _warning(load: Load) -> str | None:
    return f"checks warn: {load.check_warnings}" if load.check_warnings else None


def _difference(load: Load, file_type: FileType | None) -> str | None:
    """Return what is to be known about the load: rows that it made of others, or no rows at all; else None."""
    good = load.rows_in_file - load.rows_rejected
    if file_type is None:
        return None
    transform, table = file_type.transform, file_type.table
    if table.slice and table.slice.columns and not load.rows_loaded:
        return "the file has no rows, so it has no slice and replaced nothing"
    if load.rows_loaded == good:
        return None
    causes = ["the transform"] * bool(transform.sql or transform.python) + ["table.wins"] * bool(table.wins)
    causes += ["table.deletes"] * bool(table.deletes) + ["table.history"] * bool(table.history)
    if table.history:
        return f"{' and '.join(causes)} made {amount(load.rows_loaded, 'new version')} of {amount(good, 'row')}"
    return f"{' and '.join(causes)} made {amount(load.rows_loaded, 'row')} of {good:,}"
