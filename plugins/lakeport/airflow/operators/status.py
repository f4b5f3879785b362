"""Change the status of files: Filtered Out, In Progress, Done."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor

from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.loading.finishing import mark_done
from lakeport.mng import file_records
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.schema.file_type import FileType
from lakeport.schema.key_pattern import rank
from lakeport.schema.landing import LANDED_AT


class FilterNewestOperator(FilesOperator):
    """Keep the newest file by `landing.newest_by`; the others become Filtered Out, with the newest file as reason.

    Safe to repeat: only New files change.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.landing = file_type.landing
        self.file_type_name = file_type.name

    def newest_first(self) -> list[RegisteredFile]:
        """Return the files ordered by `newest_by`; they come ordered by the time they landed."""
        files, by = self.registered_files(), self.landing.newest_by
        if by == LANDED_AT:
            return files
        return sorted(files, key=lambda file: rank(self.landing.pattern, file.key, by), reverse=True)

    def filter_out(self, current: cursor, others: list[RegisteredFile], newest: RegisteredFile, by: TaskRun) -> None:
        reason = f"newer by {self.landing.newest_by}: {newest.key}, landed {newest.landed_at}, file {newest.file_id}"
        reason += f"; schemas/{self.file_type_name}.yaml has landing.select newest, all would load every file"
        file_ids = [file.file_id for file in others]
        file_records.move(current, file_ids, by, from_=[Status.NEW], to=Status.FILTERED_OUT, reason=reason)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        newest, *others = self.newest_first()
        if others:
            with retried_if_worth_it(), self.warehouse() as warehouse:
                warehouse.transaction(lambda current: self.filter_out(current, others, newest, task_run_of(context)))
        self.log.info("newest of %d: %s (%d bytes)", len(others) + 1, newest.key, newest.size_bytes)
        return [newest.to_xcom()]


class MarkInProgressOperator(FilesOperator):
    """Set the files to In Progress in this run.

    Safe to repeat: files that are In Progress in this run stay so.
    """

    def execute(self, context: Context) -> None:
        file_ids = [file.file_id for file in self.registered_files()]
        with retried_if_worth_it(), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: file_records.claim(current, file_ids, task_run_of(context)))


class MarkDoneOperator(FilesOperator):
    """Set the files to Done, in the transaction that checks that their rows are in the table.

    Safe to repeat: see lakeport.loading.finishing.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def execute(self, context: Context) -> None:
        files, by = self.registered_files(), task_run_of(context)
        with retried_if_worth_it(), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: mark_done(current, files, by, self.file_type))
