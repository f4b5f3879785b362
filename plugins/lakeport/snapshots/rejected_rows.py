"""Write the first rejected rows of files into the work bucket, if the schema shows them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.files import archiving
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.session import Warehouse
from lakeport.redshift.sql_files import statement
from lakeport.schema.reader import known_file_type
from lakeport.snapshots import objects
from lakeport.snapshots.content import Content, by_file
from lakeport.snapshots.extending import Row

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REJECTED_ROWS = 100
_WRITERS = 8
_CLOCKS = timedelta(minutes=1)
"""How far the clocks of S3 and Redshift may differ."""


def write_rejected_rows(
    warehouse: Warehouse, s3: S3Client, name: str, content: Content, last: Mapping[str, Any] | None
) -> None:
    """Write the first rejected rows of the files that have changed since the last snapshot, or whose rows are missing.

    A run that was cleared may have rejected other rows than before.
    """
    rejected = {key: file for file in content.files if (key := _key(name, file))}
    if rejected and content.is_complete:
        written = objects.written_under(s3, objects.rejected_rows_prefix(name))
        missing = {key: file for key, file in rejected.items() if _is_missing(written.get(key), file)}
    else:
        known = last["changed"] if last else []
        missing = {key: file for key, file in rejected.items() if file not in known}
    if not missing:
        return
    file_ids = tuple(file["file_id"] for file in missing.values())
    rows = warehouse.transaction(partial(_read, file_ids=file_ids))
    with ThreadPoolExecutor(_WRITERS) as pool:
        writes = [
            pool.submit(objects.replace_older, s3, key, {"rows": rows[file["file_id"]]}, content.as_of)
            for key, file in missing.items()
        ]
    for write in writes:
        write.result()


def remove_rejected_rows(s3: S3Client, name: str) -> None:
    """Remove the rejected rows of a file type.  Safe to repeat."""
    archiving.remove_all_versions(s3, settings.work_bucket(), objects.rejected_rows_prefix(name))


def remove_hidden_rows(s3: S3Client) -> None:
    """Remove the rejected rows of the file types whose schemas do not show them any more.  Safe to repeat."""
    for name in objects.types_with_rejected_rows(s3):
        file_type = known_file_type(name)
        if file_type and not file_type.rejects.show:
            remove_rejected_rows(s3, name)


def _key(name: str, file: Row) -> str | None:
    if not (file["rows_rejected"] and file["run_id"]):
        return None
    return objects.rejected_rows_key(name, file["file_id"], file["run_id"])


def _is_missing(written_at: datetime | None, file: Row) -> bool:
    return written_at is None or written_at < datetime.fromisoformat(file["status_at"]) + _CLOCKS


def _read(current: cursor, file_ids: tuple[str, ...]) -> dict[str, list[Row]]:
    current.execute(statement("snapshots/rejected_rows"), {"file_ids": file_ids, "rows": REJECTED_ROWS})
    return by_file(fetch_rows(current))
