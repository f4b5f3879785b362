"""Set the files of a failed run to Fail, and return the alert about every failure that no alert names yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg2.extensions import cursor

from lakeport.alerts.alert import shown_rows
from lakeport.alerts.outbox import is_alerted_since
from lakeport.alerts.run_messages import FailedFile, FailedRun, owner_of
from lakeport.alerts.runbook import Family
from lakeport.mng import file_records
from lakeport.model import Status, TaskRun
from lakeport.redshift.rows import fetch_rows, from_row
from lakeport.redshift.sql_files import statement
from lakeport.schema.reader import known_file_type

KILLED = "a task ended without reporting an error: its process was killed or its worker was lost"
_CLOCKS = timedelta(seconds=5)
"""How far the clocks of Airflow and Redshift may differ."""


@dataclass(frozen=True)
class EndedRun:
    """A run that ended without loading all its files.

    With `started_at`, a run that took no file also fails the New files that it should have taken.  Files that the run
    took after `ended_at` belong to a later try: the run was cleared.  `task_id` and `reason` are the failed task and
    its error if no task recorded one.  `lost` are the ids of files whose load was committed but whose rows are no
    longer in the table.
    """

    dag_id: str
    run_id: str
    url: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    task_id: str = "(unknown)"
    reason: str = KILLED
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TaskError:
    """The last error of a run's tasks; `log_url` is where to read more."""

    task_id: str
    error: str
    log_url: str
    is_refusal: bool = False
    family: str = Family.OTHER


def fail_files(current: cursor, run: EndedRun, file_type: str, table_name: str) -> FailedRun | None:
    """Set the run's files to Fail and return the alert, or None if an alert names all failures of the run already.

    A file whose load was committed keeps its status: its rows are in the table, and reconcile finishes the rest.
    A run in which a step refused its files fails no other file.
    """
    error = last_error(current, run)
    started_at = None if error.is_refusal else run.started_at
    values = {"dag_id": run.dag_id, "run_id": run.run_id, "file_type": file_type, "started_at": started_at}
    current.execute(statement("mng/files_of_failed_run"), {**values, "ended_at": run.ended_at})
    files = fetch_rows(current)
    _fail(
        current, [each["file_id"] for each in files if not each["is_loaded"] or each["file_id"] in run.lost], run, error
    )
    current.execute(statement("mng/files_of_failures"), values)
    failures = {each["file_id"]: each for each in fetch_rows(current)}
    unfinished = {each["file_id"]: each for each in files if each["is_loaded"]}
    if failures:
        current.execute(statement("mng/failures_alerted"), {"file_ids": tuple(failures), "run_id": run.run_id})
    elif not _is_owed_alert(current, run, error):
        return None
    files_by_id = {**unfinished, **failures}
    schema = known_file_type(file_type)
    rejected = shown_rows(current, schema, list(files_by_id), run.run_id)
    named = [from_row(FailedFile, {**each, "has_failed": id_ in failures}) for id_, each in files_by_id.items()]
    where = (run.dag_id, run.run_id, file_type, table_name, error.task_id)
    return FailedRun(*where, error.error, error.log_url, named, rejected, owner_of(schema), error.family)


def _is_owed_alert(current: cursor, run: EndedRun, error: TaskError) -> bool:
    """Return whether Airflow has reported a failed run on which no file failed, and no alert was recorded for it."""
    if run.ended_at is None or error.is_refusal:
        return False
    return not is_alerted_since(current, (run.dag_id, run.run_id), run.started_at)


def fail_earlier_tries(current: cursor, file_ids: Sequence[str], run: EndedRun, cleared_at: datetime) -> None:
    """Set the files to Fail that a run had taken before it was cleared, and whose failure nothing has recorded yet."""
    values = {"dag_id": run.dag_id, "run_id": run.run_id, "file_type": None, "started_at": None}
    current.execute(statement("mng/files_of_failed_run"), {**values, "ended_at": cleared_at})
    found = [each["file_id"] for each in fetch_rows(current) if not each["is_loaded"] and each["file_id"] in file_ids]
    _fail(current, found, run, last_error(current, run))


def last_error(current: cursor, run: EndedRun) -> TaskError:
    """Return the last error of the run since it started; that rows are gone is found after it."""
    if run.lost:
        return TaskError(run.task_id, run.reason, run.url, family=Family.ROWS)
    values = {"dag_id": run.dag_id, "run_id": run.run_id, "since": run.started_at and run.started_at - _CLOCKS}
    current.execute(statement("mng/last_task_error"), values)
    rows = fetch_rows(current)
    if rows:
        return from_row(TaskError, rows[0])
    family = Family.KILLED if run.reason.startswith(KILLED) else Family.OTHER
    return TaskError(run.task_id, run.reason, run.url, family=family)


def _fail(current: cursor, file_ids: Sequence[str], run: EndedRun, error: TaskError) -> None:
    by, unfinished = TaskRun(run.dag_id, run.run_id, error.task_id), [Status.NEW, Status.IN_PROGRESS]
    file_records.move(current, file_ids, by, from_=unfinished, to=Status.FAIL, reason=f"{error.task_id}: {error.error}")
