"""Run operators as Airflow does."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

from lakeport.airflow.operators.files import FilesOperator
from lakeport.model import TaskRun
from lakeport.redshift.session import Warehouse
from tests.support.answers import Answers, connected

AS_DOCUMENTED: Answers = {}


def run(
    operator: FilesOperator, by: TaskRun, answers: Answers = AS_DOCUMENTED, cleared_at: datetime | None = None
) -> Any:
    """Execute as Airflow does, against the stand-in, in sessions in which it answers so.

    `cleared_at` is the time at which the run was cleared, if it was.
    """
    operator.warehouse = lambda: Warehouse(partial(connected, answers))  # type: ignore[method-assign]
    return operator.execute(context(replace(by, task_id=operator.task_id), cleared_at))


def context(by: TaskRun, cleared_at: datetime | None = None) -> Any:
    """Return what operators and callbacks read of Airflow's context."""
    task = SimpleNamespace(**asdict(by), log_url="")
    dag_run = SimpleNamespace(clear_number=int(bool(cleared_at)), start_date=cleared_at, conf=None, run_type="manual")
    return {"ti": task, "run_id": by.run_id, "dag_run": dag_run}
