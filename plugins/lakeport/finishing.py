"""What is left when a file's load has committed: its object to the archive, its status to Done."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport import landing, mng, settings
from lakeport.ddl import table_identifier
from lakeport.errors import LakeportError
from lakeport.file_type import FileType
from lakeport.mng import Load, RegisteredFile, TaskRun
from lakeport.statements import composed, statement
from lakeport.warehouse import Warehouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_MAX_NAME_BYTES = 600


def archive_key(file_type_name: str, file: RegisteredFile) -> str:
    """Return the file's key in the archive: always the same for it, and no other's."""
    name = file.key.rpartition("/")[2].encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
    return f"{file_type_name}/{file.landed_at:%Y/%m/%d}/{file.file_id}/{name}"


def archive(warehouse: Warehouse, s3: S3Client, file_type_name: str, file: RegisteredFile) -> None:
    """Copy the file's registered version to the archive, record where, then remove that version from landing.

    Safe to repeat: the archive key follows from the file, and what is archived already is only checked.  In this
    order a file is in landing or in the archive at every moment.  Raises ObjectChanged where it is in neither.
    """
    if file.archive_version_id and landing.is_there(s3, file.source()):
        landing.remove_version(s3, file.landed())
        return  # replayed from there
    place = {"bucket": settings.archive_bucket(), "key": archive_key(file_type_name, file)}
    version_id = landing.archive(s3, file.landed(), place["bucket"], place["key"])

    def record(current: cursor) -> None:
        values = {"file_id": file.file_id, "version_id": version_id, **place}
        current.execute(statement("mng/record_archive"), values)

    warehouse.transaction(record)
    landing.remove_version(s3, file.landed())
    log.info("archived %s as s3://%s/%s", file.key, *place.values())


def mark_done(
    current: cursor, file: RegisteredFile, by: TaskRun, file_type: FileType | None, reason: str | None = None
) -> None:
    """Mark the file Done, in the transaction that checks that its rows are in the table.

    The load itself has counted them: rows in the file less rejected rows.  Since then a later load may have taken the
    place of some or all of them, where the table's mode replaces rows (as it may where the schema is gone); then that
    is said with Done.

    Safe to repeat: a file that is Done stays so.  Raises LakeportError where the rows are not there.
    """
    said = [text for text in (reason, _check_rows(current, file, file_type)) if text]
    mng.move(current, [file.file_id], by, from_=["In Progress"], to="Done", reason="; ".join(said) or None)


def _check_rows(current: cursor, file: RegisteredFile, file_type: FileType | None) -> str | None:
    """Return what is to be said of the file's rows."""
    load = mng.load_of(current, file.file_id)
    if load is None:
        raise LakeportError(f"{file.key} has no load to be Done with")
    query = composed("load/count_loaded", table=table_identifier(load.table_name))
    current.execute(query, {"loaded_at": load.loaded_at})
    (rows,) = current.fetchone() or (0,)
    if rows == load.rows_loaded:
        return _made_rows(load, file_type)
    replaces_rows = file_type is None or file_type.table.replaces_rows
    if rows < load.rows_loaded and replaces_rows and mng.has_later_load(current, load):
        return f"{load.rows_loaded - rows} of its {load.rows_loaded} rows have been replaced by later loads"
    raise LakeportError(
        f"{file.key}: {load.rows_in_file} rows in the file, {load.rows_rejected} rejected, {load.rows_loaded} "
        f"loaded, but {rows} in {load.table_name} with _loaded_at {load.loaded_at}"
    )


def _made_rows(load: Load, file_type: FileType | None) -> str | None:
    """Return why other rows were loaded than the file's good ones, or None where they are the same number."""
    good = load.rows_in_file - load.rows_rejected
    if load.rows_loaded == good or file_type is None:
        return None
    transform, table = file_type.transform, file_type.table
    by = ["the transform"] * bool(transform.sql or transform.python) + ["table.wins"] * bool(table.wins)
    return f"{' and '.join(by)} made {load.rows_loaded:,} rows of {good:,}"
