"""Run reconcile as a task, all of it or only what must not wait for an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow import callbacks
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.airflow_api.clients import dag_run_api
from lakeport.errors import NotReconciled
from lakeport.recovery.reconcile.ended_soon import finish_ended_runs
from lakeport.recovery.reconcile.reconcile import reconcile
from lakeport.recovery.reconcile.reconciliation import Reconciliation, save_findings
from lakeport.redshift.session import Warehouse
from lakeport.wording import share

GRACE_PARAM = "grace"


class ReconcileOperator(BaseOperator):
    """Find unfinished work and finish it; fail with the findings that could not be fixed.

    Safe to repeat and to kill: see lakeport.recovery.reconcile.
    """

    def __init__(self, *, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redshift_conn_id = redshift_conn_id

    def reconcile(self, warehouse: Warehouse, context: Context) -> Reconciliation | None:
        """Reconcile; if a person started the run, query Redshift in any case and keep the findings for them."""
        if (grace_seconds := context["params"].get(GRACE_PARAM)) is None:
            return reconcile(warehouse, dag_run_api(), callbacks.send_now)
        grace = timedelta(seconds=grace_seconds)
        reconciliation = reconcile(warehouse, dag_run_api(), callbacks.send_now, grace=grace, always=True)
        if reconciliation:
            save_findings(reconciliation, context["run_id"])
        return reconciliation

    def execute(self, context: Context) -> int:
        with retried_if_worth_it(), warehouse_of(self.redshift_conn_id) as warehouse:
            reconciliation = self.reconcile(warehouse, context)
        if reconciliation is None:
            return 0
        count, unfixed = len(reconciliation.findings), reconciliation.unalerted
        if unfixed:
            lines = "\n".join(f"{each.subject}: {each.problem}: {each.action}" for each in unfixed)
            raise NotReconciled(f"{share(len(unfixed), count, 'finding is', 'findings are')} not fixed:\n{lines}")
        return count


class FinishEndedRunsOperator(ReconcileOperator):
    """Finish the files of runs that failed or were marked by hand; see lakeport.recovery.reconcile.ended_soon."""

    def reconcile(self, warehouse: Warehouse, context: Context) -> Reconciliation | None:  # noqa: ARG002 - see above
        return finish_ended_runs(warehouse, dag_run_api(), callbacks.send_now)
