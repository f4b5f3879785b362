"""What becomes of the files of a run that failed: Fail, and something to tell people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import cursor

from lakeport.alerts.messages import FailedFile, FailedRun
from lakeport.mng import file_records, load_records
from lakeport.model import TaskRun
from lakeport.redshift.statements import statement

KILLED = "a task ended without saying why: its process was killed, or the worker was lost"


@dataclass(frozen=True)
class EndedRun:
    """A run that ended without loading all its files.

    With `started_at` it is also blamed for the New files that it should have taken, where it took none; `reason` is
    what is said where no task wrote an error down; `lost` are files whose load has committed and whose rows are not
    in the table any more.
    """

    dag_id: str
    run_id: str
    address: str
    started_at: datetime | None = None
    reason: str = KILLED
    lost: frozenset[str] = frozenset()


def fail(current: cursor, run: EndedRun, file_type: str, table_name: str) -> FailedRun:
    """Set the run's files to Fail and return what there is to tell.

    A file whose load has committed stays as it is: its rows are in the table, and reconcile finishes what is left.
    Safe to repeat: files that are Fail stay so, and are told of again.
    """
    task_id, error, log_url = last_error(current, run)
    key = {"dag_id": run.dag_id, "run_id": run.run_id, "file_type": file_type, "started_at": run.started_at}
    current.execute(statement("mng/files_of_failed_run"), key)
    files = [FailedFile(*row) for row in current.fetchall()]
    lost = [file.file_id for file in files if not file.is_loaded or file.file_id in run.lost]
    by = TaskRun(run.dag_id, run.run_id, task_id)
    file_records.move(current, lost, by, from_=["New", "In Progress"], to="Fail", reason=f"{task_id}: {error}")
    rejected = load_records.first_rejected(current, [file.file_id for file in files], run.run_id)
    return FailedRun(run.dag_id, run.run_id, file_type, table_name, task_id, error, log_url, files, rejected)


def last_error(current: cursor, run: EndedRun) -> tuple[str, str, str]:
    """Return task, error and log address of what last went wrong in the run."""
    current.execute(statement("mng/last_task_error"), {"dag_id": run.dag_id, "run_id": run.run_id})
    task_id, error, log_url = current.fetchone() or ("(unknown)", run.reason, run.address)
    return task_id, error, log_url
