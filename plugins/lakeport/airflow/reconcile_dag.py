"""The DAG that reconciles at regular times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from lakeport import settings
from lakeport.airflow.callbacks import record_task_error, tell_of_reconcile
from lakeport.airflow.operators import ReconcileOperator
from lakeport.airflow_api import RECONCILE

_DOCUMENTATION = """Finds what nobody finished, and finishes it: files that no event reported, files that no run takes,
files of runs that died, alerts that did not go out; sends one digest of Rejected files.

It ends without asking Redshift while nothing has changed since everything was at its end.
At once, and with a table of what it found: `./lakeport reconcile`."""


def reconcile_dag() -> DAG:
    """Return the DAG."""
    with DAG(
        dag_id=RECONCILE,
        description="Finishes what nobody finished.",
        doc_md=_DOCUMENTATION,
        schedule=settings.reconcile_schedule(),
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=False,
        tags=["reconcile"],
        on_failure_callback=tell_of_reconcile,
        default_args={
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            "on_failure_callback": record_task_error,
        },
    ) as dag:
        ReconcileOperator(task_id="reconcile")
    return dag
