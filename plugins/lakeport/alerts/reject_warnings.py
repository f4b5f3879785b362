"""Warnings about loads that succeeded but rejected more rows than `rejects.warn` allows, or whose checks warn."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.alert import shown_rows
from lakeport.alerts.loaded_messages import LoadedFile, LoadedRun
from lakeport.mng import load_records
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType


def reject_warning(
    current: cursor, file_type: FileType, files: Sequence[RegisteredFile], by: TaskRun
) -> LoadedRun | None:
    """Return the warning about the files' loads, or None if they need none or are in one already."""
    exceeding = [found for file in files if (found := _to_warn_of(current, file_type, file))]
    if not exceeding:
        return None
    current.execute(statement("mng/loads_to_warn_of"), {"file_ids": tuple(file.file_id for file in exceeding)})
    due = {row["file_id"] for row in fetch_rows(current)}
    exceeding = [file for file in exceeding if file.file_id in due]
    if not exceeding:
        return None
    current.execute(statement("mng/loads_warned_of"), {"file_ids": tuple(due)})
    rejected = shown_rows(current, file_type, [file.file_id for file in exceeding], by.run_id)
    table = file_type.table.name
    where = (by.dag_id, by.run_id, file_type.name, table)
    return LoadedRun(*where, file_type.rejects.warn, exceeding, rejected, file_type.owner)


def _to_warn_of(current: cursor, file_type: FileType, file: RegisteredFile) -> LoadedFile | None:
    load, limit = load_records.load_of(current, file.file_id), file_type.rejects.warn
    if not load:
        return None
    if load.check_warnings or (limit and limit.is_exceeded(load.rows_rejected, load.rows_in_file)):
        key = settings.shown_key(file.bucket, file.key)
        return LoadedFile(
            file.file_id, key, file.size_bytes, load.rows_in_file, load.rows_rejected, load.check_warnings or ""
        )
    return None
