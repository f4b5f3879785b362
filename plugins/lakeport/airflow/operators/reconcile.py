"""Reconcile at regular times."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator

from lakeport import settings
from lakeport.airflow import callbacks
from lakeport.airflow.tasks import Context, retried_if_worth_it, warehouse_of
from lakeport.airflow_api import dag_run_api
from lakeport.errors import NotReconciled
from lakeport.recovery.reconcile.reconcile import reconcile, unhealed


class ReconcileOperator(BaseOperator):
    """Find what nobody finished and finish it; fail where something could not be healed, and say what.

    Safe to repeat and to kill: see reconciling.
    """

    def __init__(self, *, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.redshift_conn_id = redshift_conn_id

    def execute(self, context: Context) -> int:  # noqa: ARG002 - Airflow's signature
        with retried_if_worth_it(), warehouse_of(self.redshift_conn_id) as warehouse:
            look = reconcile(warehouse, dag_run_api(), callbacks.send_now)
        if look is None:
            return 0
        left = unhealed(look)
        if left:
            told = "\n".join(f"{each.subject}: {each.found}: {each.done}" for each in left)
            raise NotReconciled(f"{len(left)} of {len(look.findings)} findings could not be healed:\n{told}")
        return len(look.findings)
