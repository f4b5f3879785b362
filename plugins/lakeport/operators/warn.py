"""Tell people of a load that went well and rejected more rows than they want to hear nothing of."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor

from lakeport import alerts, mng
from lakeport.alert_text import LoadedFile, LoadedRun
from lakeport.file_type import FileType
from lakeport.mng import TaskRun
from lakeport.operators.files import FilesOperator
from lakeport.tasks import Context, task_run_of


class WarnOfRejectsOperator(FilesOperator):
    """Send one Slack message and one e-mail a run where files were loaded with more rejected rows than `rejects.warn`.

    Safe to repeat: a run whose alert was sent sends no other.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def files_to_tell(self, current: cursor) -> list[LoadedFile]:
        told, limit = [], self.file_type.rejects.warn
        for file in self.chosen():
            load = mng.load_of(current, file.file_id)
            if load and limit and limit.is_exceeded(load.rows_rejected, load.rows_in_file):
                told.append(LoadedFile(file.file_id, file.key, load.rows_in_file, load.rows_rejected))
        return told

    def alert(self, current: cursor, by: TaskRun) -> LoadedRun | None:
        files = self.files_to_tell(current)
        if not files:
            return None
        rejected = mng.first_rejected(current, [file.file_id for file in files], by.run_id)
        table = self.file_type.table.name
        return LoadedRun(by.dag_id, by.run_id, self.file_type.name, table, self.file_type.rejects.warn, files, rejected)

    def execute(self, context: Context) -> None:
        by = task_run_of(context)
        with self.warehouse() as warehouse:
            alerts.send_once(warehouse, by, lambda current: self.alert(current, by), self.file_type.alerts)
