"""Send a warning about a load that succeeded but exceeded `rejects.warn`, or whose checks warn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeport.airflow import callbacks
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.model import TaskRun

if TYPE_CHECKING:
    from psycopg2.extensions import cursor

    from lakeport.alerts.loaded_messages import LoadedRun


class WarnOfRejectsOperator(FilesOperator):
    """Send one alert for the files of a run that were loaded with more rejected rows than `rejects.warn`, or warnings.

    Safe to repeat: each load is in one alert only.
    """

    def alert(self, current: cursor, by: TaskRun) -> LoadedRun | None:
        from lakeport.alerts.reject_warnings import reject_warning

        return reject_warning(current, self.file_type, self.registered_files(), by)

    def execute(self, context: Context) -> None:
        by = task_run_of(context)
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            callbacks.alert(warehouse, by, lambda current: self.alert(current, by), self.file_type.alerts)
