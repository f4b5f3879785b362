"""The DAGs that run reconcile on a schedule: all of it, and more often what must not wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Param

from lakeport import settings
from lakeport.airflow.callbacks import alert_failed_reconcile, record_task_error
from lakeport.airflow.operators.reconcile import GRACE_PARAM, FinishEndedRunsOperator, ReconcileOperator
from lakeport.airflow_api.dag_runs import RECONCILE

FINISH_ENDED_RUNS = "finish_ended_runs"
_RECONCILE = """Finds unfinished work and finishes it: files that no event registered, New files without a run,
files of runs that were killed, alerts that were not sent.  Sends one digest of Rejected files.

It does not query Redshift while nothing has changed since the last run that found nothing to do.

To run it now, trigger it with a grace time: then it always queries Redshift.  Its log has the findings, and
`./lakeport reconcile --deployment NAME` shows them."""
_FINISH = """Finishes the files of runs that failed without a callback, or that somebody marked by hand while they were
loading.

It asks Airflow for such runs, and queries Redshift only if there are any.  `reconcile` does the same once an hour."""


def reconcile_dag() -> DAG:
    """Return the DAG `reconcile`."""
    grace = Param(
        None,
        type=["null", "integer"],
        minimum=0,
        title="Grace time, seconds",
        description_md="Skip files and runs younger than this.  With a number, the run always queries Redshift.",
    )
    description, schedule = "Find unfinished work and finish it.", settings.reconcile_schedule()
    with _dag(RECONCILE, description, _RECONCILE, schedule, params={GRACE_PARAM: grace}) as dag:
        ReconcileOperator(task_id="reconcile")
    return dag


def finish_ended_runs_dag() -> DAG:
    """Return the DAG `finish_ended_runs`."""
    description = "Finish the files of runs that failed or were marked by hand."
    with _dag(FINISH_ENDED_RUNS, description, _FINISH, settings.finish_runs_schedule()) as dag:
        FinishEndedRunsOperator(task_id="finish_ended_runs")
    return dag


def _dag(dag_id: str, description: str, documentation: str, schedule: str, **options: Any) -> DAG:
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
        **options,
    )
