"""Run operators as Airflow does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from lakeport.airflow.operators.files import FilesOperator
from lakeport.model import TaskRun
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse


def run(operator: FilesOperator, by: TaskRun) -> Any:
    """Execute as Airflow does, against the stand-in."""
    task = SimpleNamespace(dag_id=by.dag_id, run_id=by.run_id, task_id=operator.task_id, try_number=1)
    operator.warehouse = lambda: Warehouse(connect_to_redshift)  # type: ignore[method-assign]
    return operator.execute({"ti": task})  # type: ignore[typeddict-item]  # what it reads of it
