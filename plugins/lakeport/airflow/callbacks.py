"""Failure callbacks: each failed task records its error; the failed DAG run sets its files to Fail and alerts once.

A task's failure callback runs in the process of the task and has the exception, but does not run after a kill.  The
callback of the DAG run runs in the DAG processor after every failure, without the exception.  So the first records the
error that the second sends.
"""

from __future__ import annotations

from collections.abc import Callable

from airflow.configuration import conf
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.airflow.tasks import Context, task_run_of, warehouse_of
from lakeport.alerts.failed_runs import KILLED, EndedRun, fail_files, last_error
from lakeport.alerts.messages import Alert, ReconcileFailed
from lakeport.alerts.outbox import raise_once
from lakeport.mng import file_records
from lakeport.model import TaskRun, as_utc
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import Alerts, FileType
from lakeport.schema.reader import default_alerts
from lakeport.snapshots.writing import write_snapshots

_ERROR_BYTES = 16_384


def record_task_error(context: Context) -> None:
    """Record the error of a failing task; runs in its process, at each failed attempt."""
    task = task_run_of(context)
    values = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.task_id, "try_number": task.try_number}
    values["error"] = file_records.clipped(str(context.get("exception") or KILLED), _ERROR_BYTES)
    values["log_url"] = context["ti"].log_url
    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement("mng/record_task_error"), values))


def send_once(
    warehouse: Warehouse, run: TaskRun, make_alert: Callable[[cursor], Alert | None], receivers: Alerts
) -> None:
    """Send the alert that `make_alert` returns for a run, unless the run's alert was sent before.

    Safe to repeat: an alert that a channel did not accept is sent again.
    """
    raise_once(warehouse, (run.dag_id, run.run_id), make_alert, receivers, send_now)


class FailRun:
    """Set the files of a failed run to Fail and alert once; the on_failure_callback of a load DAG.

    Safe to repeat: files that are Fail stay so, and a run sends one alert only.
    """

    def __init__(self, file_type: FileType) -> None:
        self.file_type = file_type

    def __call__(self, context: Context) -> None:
        """Fail the files of the DAG run in this context."""
        run = context["dag_run"]
        by = TaskRun(run.dag_id, run.run_id, "")
        ended = EndedRun(
            run.dag_id, run.run_id, _run_url(run.dag_id, run.run_id), run.start_date and as_utc(run.start_date)
        )
        name, table = self.file_type.name, self.file_type.table.name
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            send_once(warehouse, by, lambda current: fail_files(current, ended, name, table), self.file_type.alerts)
            write_snapshots(warehouse, [name])


def alert_failed_reconcile(context: Context) -> None:
    """Alert once for a run of reconcile that failed; the on_failure_callback of its DAG."""
    run = context["dag_run"]
    by = TaskRun(run.dag_id, run.run_id, "")

    def make_alert(current: cursor) -> Alert:
        _, error, log_url = last_error(current, EndedRun(run.dag_id, run.run_id, _run_url(run.dag_id, run.run_id)))
        return ReconcileFailed(run.run_id, error, log_url)

    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        send_once(warehouse, by, make_alert, default_alerts(settings.schemas_folder()))


def send_now(alert: Alert, receivers: Alerts) -> None:
    """Send an alert through Airflow's connections."""
    # Imported only when needed: the hooks of the providers would delay the start of every task by 0.2 s.
    from lakeport.airflow.channels import send  # noqa: PLC0415

    send(alert, receivers)


def _run_url(dag_id: str, run_id: str) -> str:
    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"
