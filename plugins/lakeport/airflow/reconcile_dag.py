"""The DAGs that run reconcile on a schedule: all of it, and more often what must not wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from lakeport import settings
from lakeport.airflow.callbacks import alert_failed_reconcile, record_task_error
from lakeport.airflow.operators.reconcile import FinishEndedRunsOperator, ReconcileOperator
from lakeport.airflow_api.dag_runs import RECONCILE

FINISH_ENDED_RUNS = "finish_ended_runs"
_RECONCILE = """Finds unfinished work and finishes it: files that no event registered, New files without a run,
files of runs that were killed, alerts that were not sent.  Sends one digest of Rejected files.

It does not query Redshift while nothing has changed since the last run that found nothing to do.

To run it now and see its findings: `./lakeport reconcile`."""
_FINISH = """Finishes the files of runs that failed without a callback, or that somebody marked by hand while they were
loading.

It asks Airflow for such runs, and queries Redshift only if there are any.  `reconcile` does the same once an hour."""


def reconcile_dag() -> DAG:
    """Return the DAG `reconcile`."""
    with _dag(RECONCILE, "Find unfinished work and finish it.", _RECONCILE, settings.reconcile_schedule()) as dag:
        ReconcileOperator(task_id="reconcile")
    return dag


def finish_ended_runs_dag() -> DAG:
    """Return the DAG `finish_ended_runs`."""
    description = "Finish the files of runs that failed or were marked by hand."
    with _dag(FINISH_ENDED_RUNS, description, _FINISH, settings.finish_runs_schedule()) as dag:
        FinishEndedRunsOperator(task_id="finish_ended_runs")
    return dag


def _dag(dag_id: str, description: str, documentation: str, schedule: str) -> DAG:
    return DAG(
        dag_id=dag_id,
        description=description,
        doc_md=documentation,
        schedule=schedule,
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
    )
