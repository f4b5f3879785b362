"""Set the files of a failed run to Fail, and return the alert to send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor

from lakeport.alerts.messages import FailedFile, FailedRun
from lakeport.mng import file_records, load_records
from lakeport.model import Status, TaskRun
from lakeport.redshift.rows import fetch_as, fetch_rows
from lakeport.redshift.statements import statement

KILLED = "a task ended without reporting an error: its process was killed or its worker was lost"


@dataclass(frozen=True)
class EndedRun:
    """A run that ended without loading all its files.

    With `started_at`, a run that took no file also fails the New files that it should have taken.  `reason` is the
    error if no task recorded one.  `lost` are the ids of files whose load was committed but whose rows are no longer
    in the table.
    """

    dag_id: str
    run_id: str
    url: str
    started_at: datetime | None = None
    reason: str = KILLED
    lost: frozenset[str] = frozenset()


def fail_files(current: cursor, run: EndedRun, file_type: str, table_name: str) -> FailedRun:
    """Set the run's files to Fail and return the alert.

    A file whose load was committed keeps its status: its rows are in the table, and reconcile finishes the rest.
    Safe to repeat: files that are Fail already stay so, and are in the alert again.
    """
    task_id, error, log_url = last_error(current, run)
    key = {"dag_id": run.dag_id, "run_id": run.run_id, "file_type": file_type, "started_at": run.started_at}
    current.execute(statement("mng/files_of_failed_run"), key)
    files = fetch_as(current, FailedFile)
    lost = [file.file_id for file in files if not file.is_loaded or file.file_id in run.lost]
    by, unfinished = TaskRun(run.dag_id, run.run_id, task_id), [Status.NEW, Status.IN_PROGRESS]
    file_records.move(current, lost, by, from_=unfinished, to=Status.FAIL, reason=f"{task_id}: {error}")
    rejected = load_records.first_rejected(current, [file.file_id for file in files], run.run_id)
    return FailedRun(run.dag_id, run.run_id, file_type, table_name, task_id, error, log_url, files, rejected)


def last_error(current: cursor, run: EndedRun) -> tuple[str, str, str]:
    """Return task id, error and log URL of the last failure in the run."""
    current.execute(statement("mng/last_task_error"), {"dag_id": run.dag_id, "run_id": run.run_id})
    rows = fetch_rows(current)
    if not rows:
        return "(unknown)", run.reason, run.url
    return rows[0]["task_id"], rows[0]["error"], rows[0]["log_url"]
