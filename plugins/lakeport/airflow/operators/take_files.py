"""The step of `select: all` that takes files into a run."""

from __future__ import annotations

from typing import Any

from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it


class TakeFilesOperator(FilesOperator):
    """Return `landing.max_files` files in the order they landed; the others stay New for the next run."""

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow's signature
        with retried_if_worth_it(self.file_type):
            taken = self.registered_files()[: self.file_type.landing.files_a_run]
        return [file.to_xcom() for file in sorted(taken, key=lambda file: file.landed_at)]
