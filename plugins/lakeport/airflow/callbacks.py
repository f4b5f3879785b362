"""Failed runs: what the task said is recorded as it fails; the run's callback sets Fail and tells people, once a run.

A task's own failure callback runs in the task's process, with the exception, but never after a kill.  The DAG run's
runs in the dag-processor after every failure, without the exception.  So the first writes down what the second sends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.configuration import conf
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.airflow.tasks import Context, task_run_of, warehouse_of
from lakeport.alerts.failed_runs import KILLED, EndedRun, fail, last_error
from lakeport.alerts.messages import Alert, Unhealed
from lakeport.alerts.outbox import raise_once
from lakeport.mng import file_records
from lakeport.model import TaskRun
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import statement
from lakeport.schema.file_type import Alerts, FileType
from lakeport.schema.reader import default_alerts

_ERROR_BYTES = 16_384


def record_task_error(context: Context) -> None:
    """Write down what a failing task says; runs in its process, at each failed try."""
    task = task_run_of(context)
    values = {"dag_id": task.dag_id, "run_id": task.run_id, "task_id": task.task_id, "try_number": task.try_number}
    values["error"] = file_records.clipped(str(context.get("exception") or KILLED), _ERROR_BYTES)
    values["log_url"] = context["ti"].log_url
    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        warehouse.transaction(lambda current: current.execute(statement("mng/record_task_error"), values))


def send_once(warehouse: Warehouse, run: TaskRun, tell: Callable[[cursor], Alert | None], alerts: Alerts) -> None:
    """Send what `tell` finds to tell of a run, unless the run's alert was sent before.

    Safe to repeat: what was not acknowledged by every channel is sent again.
    """
    raise_once(warehouse, (run.dag_id, run.run_id), tell, alerts, send_now)


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
        ended = EndedRun(run.dag_id, run.run_id, _run_url(run.dag_id, run.run_id), _naive_utc(run.start_date))
        table = self.file_type.table.name
        with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
            send_once(
                warehouse, by, lambda current: fail(current, ended, self.file_type.name, table), self.file_type.alerts
            )


def tell_of_reconcile(context: Context) -> None:
    """Alert, once a run, of a reconciliation that could not do all its work; its DAG run's on_failure_callback."""
    run = context["dag_run"]
    by = TaskRun(run.dag_id, run.run_id, "")

    def tell(current: cursor) -> Alert:
        _, error, log_url = last_error(current, EndedRun(run.dag_id, run.run_id, _run_url(run.dag_id, run.run_id)))
        return Unhealed(run.run_id, error, log_url)

    with warehouse_of(settings.REDSHIFT_CONNECTION) as warehouse:
        send_once(warehouse, by, tell, default_alerts(settings.schemas_folder()))


def send_now(run: Alert, alerts: Alerts) -> None:
    """Send an alert by the connections of Airflow."""
    # Imported only when needed: the providers' hooks would cost every task 0.2 s of its start.
    from lakeport.airflow.channels import send  # noqa: PLC0415

    send(run, alerts)


def _run_url(dag_id: str, run_id: str) -> str:
    return f"{conf.get('api', 'base_url', fallback='').rstrip('/')}/dags/{dag_id}/runs/{run_id}"


def _naive_utc(moment: Any) -> Any:
    return None if moment is None else moment.replace(tzinfo=None) - (moment.utcoffset() or moment - moment)
