"""Say once that files are Done that an alert has named as failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.alerts.loaded_messages import RecoveredFile, RecoveredRun
from lakeport.model import RegisteredFile, TaskRun
from lakeport.redshift.rows import fetch_rows
from lakeport.redshift.sql_files import statement
from lakeport.schema.file_type import FileType

_CLOCKS = timedelta(days=1)
"""More than the clocks of S3 and Redshift may differ."""


def recovery(current: cursor, file_type: FileType, files: Sequence[RegisteredFile], by: TaskRun) -> RecoveredRun | None:
    """Return the alert about those of the loaded files, not Done yet, whose last failure was alerted; None if none was.

    The alert must be recorded in the transaction that sets the files to Done.
    """
    since = min(file.landed_at for file in files) - _CLOCKS
    values = {"file_ids": tuple(file.file_id for file in files), "since": since}
    current.execute(statement("mng/alerted_failures"), values)
    found = [
        RecoveredFile(row["file_id"], settings.shown_key(row["bucket"], row["key"]), row["rows_loaded"])
        for row in fetch_rows(current)
    ]
    if not found:
        return None
    return RecoveredRun(by.dag_id, by.run_id, file_type.name, file_type.table.name, found, file_type.owner)
