"""Failed runs: what the task said is recorded as it fails; the run's callback sets Fail and tells people, once a run.

A task's own failure callback runs in the task's process, with the exception, but never after a kill.  The DAG run's
runs in the dag-processor after every failure, without the exception.  So the first writes down what the second sends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from airflow.configuration import conf
from psycopg2.extensions import cursor

from lakeport import mng, settings
from lakeport.alert_text import Alert, FailedFile, FailedRun
from lakeport.file_type import Alerts, FileType
from lakeport.mng import TaskRun
from lakeport.statements import statement
from lakeport.tasks import Context, task_run_of, warehouse_of
from lakeport.warehouse import Warehouse

log = logging.getLogger(__name__)

_KILLED = "a task ended without saying why: its process was killed, or the worker was lost"
_ERROR_BYTES = 16_384


def record_task_error(context: Context) -> None:
    """Write down what a failing task says; runs in its process, at each failed try."""
    task = task_run_of(context)
    values = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.task_id, "try_number": task.try_number}
    values["error"] = mng.clipped(str(context.get("exception") or _KILLED), _ERROR_BYTES)
    values["log_url"] = context["ti"].log_url
    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement("mng/record_task_error"), values))


def send_once(warehouse: Warehouse, run: TaskRun, tell: Callable[[cursor], Alert | None], alerts: Alerts) -> None:
    """Send what `tell` finds to tell of a run, unless the run's alert was sent before.

    Safe to repeat: what was not acknowledged by every channel is sent again.
    """
    key = {"dag_id": run.dag_id, "run_id": run.run_id}

    def raised(current: cursor) -> Alert | None:
        current.execute(statement("mng/alert_of_run"), key)
        earlier = current.fetchall()
        if any(sent_at for (sent_at,) in earlier):
            log.info("run %s has alerted already", run.run_id)
            return None
        alert = tell(current)
        if alert and not earlier:
            current.execute(statement("mng/raise_alert"), key)
        return alert

    alert = warehouse.transaction(raised)
    if alert:
        _send(alert, alerts)
        warehouse.transaction(lambda current: current.execute(statement("mng/alert_sent"), key))


class FailRun:
    """Set the files of a failed run to Fail and alert once; the DAG run's on_failure_callback.

    Safe to repeat: files that are Fail stay so, and a run whose alert was sent sends no other.
    """

    def __init__(self, file_type: FileType) -> None:
        self.file_type = file_type

    def __call__(self, context: Context) -> None:
        """Do it for the run of this context."""
        run = context["dag_run"]
        by = TaskRun(run.dag_id, run.run_id, "")
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            send_once(warehouse, by, lambda current: self._fail(current, run), self.file_type.alerts)

    def _fail(self, current: cursor, run: Any) -> FailedRun:
        key = {"dag_id": run.dag_id, "run_id": run.run_id, "file_type": self.file_type.name}
        current.execute(statement("mng/last_task_error"), key)
        task_id, error, log_url = current.fetchone() or ("(unknown)", _KILLED, _run_url(run.dag_id, run.run_id))
        current.execute(statement("mng/files_of_failed_run"), {**key, "started_at": _naive_utc(run.start_date)})
        files = [FailedFile(*row) for row in current.fetchall()]
        self._move(current, files, TaskRun(run.dag_id, run.run_id, task_id), error)
        rejected = mng.first_rejected(current, [file.file_id for file in files], run.run_id)
        table = self.file_type.table.name
        return FailedRun(run.dag_id, run.run_id, self.file_type.name, table, task_id, error, log_url, files, rejected)

    def _move(self, current: cursor, files: list[FailedFile], by: TaskRun, error: str) -> None:
        file_ids = [file.file_id for file in files]
        mng.move(current, file_ids, by, from_=["New", "In Progress"], to="Fail", reason=f"{by.task_id}: {error}")


def _send(run: Alert, alerts: Alerts) -> None:
    # Imported only when needed: the providers' hooks would cost every task 0.2 s of its start.
    from lakeport.alert_channels import send  # noqa: PLC0415

    send(run, alerts)


def _run_url(dag_id: str, run_id: str) -> str:
    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"


def _naive_utc(moment: Any) -> Any:
    return None if moment is None else moment.replace(tzinfo=None) - (moment.utcoffset() or moment - moment)
