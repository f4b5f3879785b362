"""The DAG that runs reconcile on a schedule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from lakeport import settings
from lakeport.airflow.callbacks import alert_failed_reconcile, record_task_error
from lakeport.airflow.operators.reconcile import ReconcileOperator
from lakeport.airflow_api.dag_runs import RECONCILE

_DOCUMENTATION = """Finds unfinished work and finishes it: files that no event registered, New files without a run,
files of runs that were killed, alerts that were not sent.  Sends one digest of Rejected files.

It does not query Redshift while nothing has changed since the last run that found nothing to do.

To run it now and see its findings: `./lakeport reconcile`."""


def reconcile_dag() -> DAG:
    """Return the DAG `reconcile`."""
    with DAG(
        dag_id=RECONCILE,
        description="Find unfinished work and finish it.",
        doc_md=_DOCUMENTATION,
        schedule=settings.reconcile_schedule(),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["reconcile"],
        on_failure_callback=alert_failed_reconcile,
        default_args={
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            "on_failure_callback": record_task_error,
        },
    ) as dag:
        ReconcileOperator(task_id="reconcile")
    return dag
