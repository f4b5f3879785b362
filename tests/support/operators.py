"""Run operators as Airflow does."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from lakeport.airflow.operators.files import FilesOperator
from lakeport.model import TaskRun
from lakeport.redshift.connecting import connect_to_redshift
from lakeport.redshift.session import Warehouse


def run(operator: FilesOperator, by: TaskRun, cleared_at: datetime | None = None) -> Any:
    """Execute as Airflow does, against the stand-in; in a run that was cleared at `cleared_at`, if it was."""
    operator.warehouse = lambda: Warehouse(connect_to_redshift)  # type: ignore[method-assign]
    return operator.execute(context(replace(by, task_id=operator.task_id), cleared_at))


def context(by: TaskRun, cleared_at: datetime | None = None) -> Any:
    """Return what operators and callbacks read of Airflow's context."""
    task = SimpleNamespace(**asdict(by), log_url="")
    dag_run = SimpleNamespace(clear_number=int(bool(cleared_at)), start_date=cleared_at, conf=None)
    return {"ti": task, "run_id": by.run_id, "dag_run": dag_run}
