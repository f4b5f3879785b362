"""The steps of `select: all` that take the files into a run, and start the next run for those left over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from lakeport.airflow.operators.files import FilesOperator, read_xcom
from lakeport.airflow.tasks import Context, task_run_of
from lakeport.airflow_api import arrival_run_id

if TYPE_CHECKING:
    pass


class TakeFilesOperator(FilesOperator):
    """Keep the first `landing.max_files` files; the others stay New for the next run."""

    def __init__(self, *, max_files: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_files = max_files

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow's signature
        return [file.to_xcom() for file in self.registered_files()[: self.max_files]]


class StartNextRunOperator(TriggerDagRunOperator):
    """Start the run that takes what this one leaves, which waits for this one's end.

    It comes before this run takes its files: so whatever becomes of this run, the files it leaves have theirs.
    Safe to repeat: each try starts a run of its own, and one that finds nothing to do skips itself.
    """

    template_fields: Sequence[str] = (*TriggerDagRunOperator.template_fields, "files")

    def __init__(self, *, files: Any, max_files: int, **kwargs: Any) -> None:
        super().__init__(logical_date=None, **kwargs)
        self.files = files
        self.max_files = max_files

    def execute(self, context: Context) -> None:
        files = read_xcom(self.files)
        if len(files) <= self.max_files:
            self.log.info("nothing is left for another run")
            return
        run = task_run_of(context)
        left = [file["file_id"] for file in files[self.max_files :]]
        self.trigger_run_id = arrival_run_id(left, f"{run.run_id} {run.try_number}")
        super().execute(context)  # type: ignore[arg-type]
