"""Run operators as Airflow does."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any

from lakeport.airflow.operators.files import FilesOperator
from lakeport.model import TaskRun
from lakeport.redshift.session import Warehouse
from tests.support.answers import Answers, connected

AS_DOCUMENTED: Answers = {}


def run(operator: FilesOperator, by: TaskRun, answers: Answers = AS_DOCUMENTED) -> Any:
    """Execute as Airflow does, against the stand-in, in sessions in which it answers so."""
    task = SimpleNamespace(dag_id=by.dag_id, run_id=by.run_id, task_id=operator.task_id, try_number=1)
    operator.warehouse = lambda: Warehouse(partial(connected, answers))  # type: ignore[method-assign]
    return operator.execute({"ti": task})  # type: ignore[typeddict-item]  # what it reads of it
