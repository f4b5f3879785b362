"""What is left when files are loaded: their objects to the archive, their status to Done."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import LakeportError
from lakeport.files import s3_objects
from lakeport.mng import file_records, load_records
from lakeport.mng.load_records import Load
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed, rows_of_literals, statement
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

_MAX_NAME_BYTES = 600
_PLACE = {"file_id": "VARCHAR(64)", "bucket": "VARCHAR(63)", "key": "VARCHAR(1024)", "version_id": "VARCHAR(1024)"}


def archive_key(file_type_name: str, file: RegisteredFile) -> str:
    """Return the file's key in the archive: always the same for it, and no other's."""
    name = file.key.rpartition("/")[2].encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
    return f"{file_type_name}/{file.landed_at:%Y/%m/%d}/{file.file_id}/{name}"


def archive(warehouse: Warehouse, s3: S3Client, file_type_name: str, files: Sequence[RegisteredFile]) -> None:
    """Copy the files' registered versions to the archive, record where, then remove those versions from landing.

    Safe to repeat: an archive key follows from its file, and what is archived already is only checked.  In this order
    a file is in landing or in the archive at every moment.  Raises ObjectChanged where one is in neither.
    """
    bucket = settings.archive_bucket()
    copied = [(file, archive_key(file_type_name, file)) for file in files if not _is_replayed_from_archive(s3, file)]
    places = [(file.file_id, bucket, key, s3_objects.archive(s3, file.landed(), bucket, key)) for file, key in copied]
    if places:
        record = composed("mng/record_archive", archived=rows_of_literals(_PLACE, places))
        warehouse.transaction(lambda current: current.execute(record))
    for file in files:
        s3_objects.remove_version(s3, file.landed())
    for file, key in copied:
        log.info("archived %s as s3://%s/%s", file.key, bucket, key)


def _is_replayed_from_archive(s3: S3Client, file: RegisteredFile) -> bool:
    return bool(file.archive_version_id) and s3_objects.is_there(s3, file.source())


def mark_done(
    current: cursor,
    files: Sequence[RegisteredFile],
    by: TaskRun,
    file_type: FileType | None,
    reason: str | None = None,
) -> None:
    """Mark the files Done, in the transaction that checks that their rows are in the table.

    Their load itself has counted them: rows in the file less rejected rows.  Since then a later load may have taken the
    place of some or all of them, where the table's mode replaces rows (as it may where the schema is gone); then that
    is said with Done.

    Safe to repeat: a file that is Done stays so.  Raises LakeportError where the rows are not there.
    """
    loads = load_records.loads_of(current, [file.file_id for file in files])
    unloaded = [file.key for file in files if file.file_id not in loads]
    if unloaded:
        raise LakeportError(f"{', '.join(unloaded)} has no load to be Done with")
    told = {
        at: _check_rows(current, load, file_type) for at, load in {_at(each): each for each in loads.values()}.items()
    }
    said = defaultdict[str | None, list[str]](list)
    for file_id, load in loads.items():
        texts = (reason, told[_at(load)] or _made_rows(load, file_type))
        said["; ".join(filter(None, texts)) or None].append(file_id)
    for text, file_ids in said.items():
        file_records.move(current, file_ids, by, from_=[Status.IN_PROGRESS], to=Status.DONE, reason=text)


def _at(load: Load) -> tuple[str, datetime | None]:
    return load.table_name, load.loaded_at


def _check_rows(current: cursor, load: Load, file_type: FileType | None) -> str | None:
    """Check the rows that were loaded in one transaction; return how many of them have been replaced since."""
    place = {"table_name": load.table_name, "loaded_at": load.loaded_at}
    current.execute(statement("mng/rows_of_load"), place)
    ((loaded, in_file, rejected, others, key),) = current.fetchall()
    current.execute(composed("load/count_loaded", table=table_identifier(load.table_name)), place)
    (rows,) = current.fetchone() or (0,)
    if rows == loaded:
        return None
    replaces_rows = file_type is None or file_type.table.replaces_rows
    if rows < loaded and replaces_rows and load_records.has_later_load(current, load):
        return f"{loaded - rows} of its {loaded} rows have been replaced by later loads"
    subject = f"{key} and {others} more" if others else key
    raise LakeportError(
        f"{subject}: {in_file} rows in the file, {rejected} rejected, {loaded} loaded, but {rows} in "
        f"{load.table_name} with _loaded_at {load.loaded_at}"
    )


def _made_rows(load: Load, file_type: FileType | None) -> str | None:
    """Return why other rows were loaded than the file's good ones, or None where they are the same number."""
    good = load.rows_in_file - load.rows_rejected
    if load.rows_loaded == good or file_type is None:
        return None
    transform, table = file_type.transform, file_type.table
    by = ["the transform"] * bool(transform.sql or transform.python) + ["table.wins"] * bool(table.wins)
    return f"{' and '.join(by)} made {load.rows_loaded:,} rows of {good:,}"
