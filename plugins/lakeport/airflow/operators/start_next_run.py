"""The step of `select: all` that starts the next run for the files that a run does not take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from lakeport.airflow.operators.files import read_xcom
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.airflow_api.dag_runs import arrival_run_id


class StartNextRunOperator(TriggerDagRunOperator):
    """Start the run for the files that this run does not take; it waits until this run ends.

    This step comes before the run takes its files, so the other files have a run even if this one fails.
    Safe to repeat: each attempt starts a run with its own id, and a run without files skips itself.
    """

    template_fields: Sequence[str] = (*TriggerDagRunOperator.template_fields, "files")

    def __init__(self, *, files: Any, max_files: int, **kwargs: Any) -> None:
        super().__init__(logical_date=None, **kwargs)
        self.files = files
        self.max_files = max_files

    def execute(self, context: Context) -> None:
        with retried_if_worth_it():
            files = read_xcom(self.files)
        if len(files) <= self.max_files:
            self.log.info("this run takes all files")
            return
        run = task_run_of(context)
        others = [file["file_id"] for file in files[self.max_files :]]
        self.trigger_run_id = arrival_run_id(others, f"{run.run_id} {run.try_number}")
        super().execute(context)  # type: ignore[arg-type]
