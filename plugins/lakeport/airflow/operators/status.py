"""The moves of a file's status: Filtered Out, In Progress, Done."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor

from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.loading.finishing import mark_done
from lakeport.mng import file_records
from lakeport.model import RegisteredFile, TaskRun
from lakeport.schema.file_type import LANDED_AT, FileType
from lakeport.schema.key_pattern import rank


class FilterNewestOperator(FilesOperator):
    """Keep the newest file, by `landing.newest_by`; the others become Filtered Out, with the winner's name.

    Safe to repeat: only New files are moved.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.landing = file_type.landing

    def newest_first(self) -> list[RegisteredFile]:
        """Return the files, which come by the time they landed, in the order of `newest_by`."""
        files, by = self.chosen(), self.landing.newest_by
        if by == LANDED_AT:
            return files
        return sorted(files, key=lambda file: rank(self.landing.pattern, file.key, by), reverse=True)

    def filter_out(self, current: cursor, others: list[RegisteredFile], winner: RegisteredFile, by: TaskRun) -> None:
        reason = f"newer by {self.landing.newest_by}: {winner.key}, landed {winner.landed_at}, file {winner.file_id}"
        file_records.move(
            current, [file.file_id for file in others], by, from_=["New"], to="Filtered Out", reason=reason
        )

    def execute(self, context: Context) -> list[dict[str, Any]]:
        newest, *others = self.newest_first()
        if others:
            with retried_if_worth_it(), self.warehouse() as warehouse:
                warehouse.transaction(lambda current: self.filter_out(current, others, newest, task_run_of(context)))
        self.log.info("newest of %d: %s (%d bytes)", len(others) + 1, newest.key, newest.size_bytes)
        return [newest.to_xcom()]


class MarkInProgressOperator(FilesOperator):
    """Take the files into this run.

    Safe to repeat: files that are this run's already stay so.
    """

    def execute(self, context: Context) -> None:
        file_ids = [file.file_id for file in self.chosen()]
        with retried_if_worth_it(), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: file_records.claim(current, file_ids, task_run_of(context)))


class MarkDoneOperator(FilesOperator):
    """Mark the files Done, in the transaction that checks that their rows are in the table: see finishing.

    Safe to repeat: a file that is Done stays so.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def execute(self, context: Context) -> None:
        files, by = self.chosen(), task_run_of(context)
        with retried_if_worth_it(), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: mark_done(current, files, by, self.file_type))
