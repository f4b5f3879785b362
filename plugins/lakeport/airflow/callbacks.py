"""Failure callbacks: each failed task records its error; the failed DAG run sets its files to Fail and sends the alert.

A task's failure callback runs in the process of the task and has the exception, but does not run after a kill.  The
callback of the DAG run runs in the DAG processor after every failure, without the exception.  So the first records the
error that the second sends.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.configuration import conf

from lakeport import settings
from lakeport.airflow.tasks import Context, task_run_of, warehouse_of
from lakeport.airflow_api.dag_runs import RECONCILE
from lakeport.errors import AlertNotSent, StepRefused, origin_of
from lakeport.model import TaskRun, as_utc, file_type_of
from lakeport.schema.alerts import Alerts
from lakeport.schema.file_type import FileType
from lakeport.schema.reader import default_alerts, known_file_type

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from lakeport.alerts.alert import Alert
    from lakeport.alerts.failed_runs import EndedRun
    from lakeport.redshift.session import Warehouse

log = logging.getLogger(__name__)

_ERROR_BYTES = 16_384


def record_task_error(context: Context) -> None:
    """Record the error of a failing task; runs in its process, at each failed attempt."""
    from lakeport.alerts.failed_runs import KILLED
    from lakeport.alerts.runbook import family_of
    from lakeport.mng import file_records
    from lakeport.redshift.error_texts import text_of
    from lakeport.redshift.sql_files import statement

    task = task_run_of(context)
    values = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.task_id, "try_number": task.try_number}
    error = context.get("exception")
    # The schema may have been removed or become invalid since the task has read it.
    file_type = getattr(context.get("task"), "file_type", None) or known_file_type(file_type_of(task.dag_id))
    text = text_of(error, file_type) if error else KILLED
    values["error"] = file_records.clipped(text, _ERROR_BYTES)
    values["family"] = family_of(error)
    values["log_url"] = context["ti"].log_url
    values["is_refusal"] = error is not None and isinstance(origin_of(error), StepRefused)
    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement("mng/record_task_error"), values))


def alert(warehouse: Warehouse, run: TaskRun, make_alert: Callable[[cursor], Alert | None], receivers: Alerts) -> None:
    """Send the alert that `make_alert` returns for a run; see raise_alert.

    An alert that a channel does not accept is kept, and reconcile sends it: a load does not depend on its alerts.
    """
    from lakeport.alerts.outbox import raise_alert

    try:
        raise_alert(warehouse, (run.dag_id, run.run_id), make_alert, receivers, send_now)
    except AlertNotSent:
        log.exception("the alerts of %s, run %s, are not all sent", run.dag_id, run.run_id)


class FailRun:
    """Set the files of a failed run to Fail and send an alert; the on_failure_callback of a load DAG.

    Safe to repeat: files that are Fail stay so, and each failure of a file is in one alert only.  Airflow may call this
    late: files that the run has taken again since it was cleared are left alone.
    """

    def __init__(self, file_type: FileType) -> None:
        self.file_type = file_type

    def __call__(self, context: Context) -> None:
        """Fail the files of the DAG run in this context."""
        from lakeport.alerts.failed_runs import EndedRun, fail_files
        from lakeport.snapshots.writing import write_snapshots

        run = context["dag_run"]
        by = TaskRun(run.dag_id, run.run_id, "")
        failed_task = getattr(context.get("ti"), "task_id", EndedRun.task_id)
        ended = replace(ended_run(run), task_id=failed_task)
        name, table = self.file_type.name, self.file_type.table.name
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            alert(warehouse, by, lambda current: fail_files(current, ended, name, table), self.file_type.alerts)
            write_snapshots(warehouse, [name])


class AlertInvalidSchema:
    """Send one alert about an invalid schema while files wait for it; the on_failure_callback of its DAG."""

    def __init__(self, file_type: str, problems: Sequence[str], receivers: Alerts, owner: str) -> None:
        self.file_type, self.problems, self.receivers, self.owner = file_type, problems, receivers, owner

    def __call__(self, context: Context) -> None:
        """Alert, unless an alert was sent since the first of the files waits."""
        from lakeport.alerts.invalid_schemas import invalid_schema_alert, run_of_schema

        make_alert = partial(
            invalid_schema_alert,
            dag_id=context["dag_run"].dag_id,
            file_type=self.file_type,
            problems=self.problems,
            owner=self.owner,
        )
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            alert(warehouse, TaskRun(*run_of_schema(context["dag_run"].dag_id), ""), make_alert, self.receivers)


def alert_failed_reconcile(context: Context) -> None:
    """Alert once for a run of reconcile that failed; the on_failure_callback of its DAG.

    If Redshift cannot record the alert, that is the alert: nothing else reports that no load can run.
    """
    import psycopg2

    from lakeport.alerts.failed_runs import last_error
    from lakeport.alerts.messages import ReconcileFailed
    from lakeport.alerts.outbox import is_alerted_since

    run = ended_run(context["dag_run"])

    def make_alert(current: cursor) -> Alert | None:
        if is_alerted_since(current, (run.dag_id, run.run_id), run.started_at):
            return None
        error = last_error(current, run)
        return ReconcileFailed(run.dag_id, run.run_id, error.error, error.log_url)

    by, receivers = TaskRun(run.dag_id, run.run_id, ""), default_alerts(settings.schemas_folder())
    try:
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            alert(warehouse, by, make_alert, receivers)
    except psycopg2.Error as error:
        if run.dag_id == RECONCILE:  # once an hour; finish_ended_runs runs every few minutes
            send_now(ReconcileFailed(run.dag_id, run.run_id, f"Redshift: {error}".strip(), run.url), receivers)
        raise


def ended_run(run: Any) -> EndedRun:
    """Return a run of Airflow's context as the alerts know it."""
    from lakeport.alerts.failed_runs import EndedRun

    started_at, ended_at = (moment and as_utc(moment) for moment in (run.start_date, run.end_date))
    return EndedRun(run.dag_id, run.run_id, _run_url(run.dag_id, run.run_id), started_at, ended_at)


def send_now(message: Alert, receivers: Alerts) -> None:
    """Send an alert through Airflow's connections."""
    from lakeport.airflow.channels import send

    send(message, receivers)


def _run_url(dag_id: str, run_id: str) -> str:
    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"
