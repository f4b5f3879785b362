"""The moves of a file's status: Filtered Out, In Progress, Done."""

from __future__ import annotations

from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import mng
from lakeport.ddl import table_identifier
from lakeport.errors import LakeportError, StatusConflict
from lakeport.file_type import FileType
from lakeport.mng import RegisteredFile, TaskRun
from lakeport.operators.files import FilesOperator
from lakeport.tasks import Context, no_retry_for, task_run_of


class FilterNewestOperator(FilesOperator):
    """Keep the newest file; the others become Filtered Out, with the winner's name.

    Safe to repeat: only New files are moved.
    """

    def filter_out(self, current: cursor, others: list[RegisteredFile], winner: RegisteredFile, by: TaskRun) -> None:
        reason = f"newer: {winner.key}, landed {winner.landed_at}, file {winner.file_id}"
        mng.move(current, [file.file_id for file in others], by, from_=["New"], to="Filtered Out", reason=reason)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        newest, *others = self.chosen()
        if others:
            with self.warehouse() as warehouse:
                warehouse.transaction(lambda current: self.filter_out(current, others, newest, task_run_of(context)))
        self.log.info("newest of %d: %s (%d bytes)", len(others) + 1, newest.key, newest.size_bytes)
        return [newest.to_xcom()]


class MarkInProgressOperator(FilesOperator):
    """Take the files into this run.

    Safe to repeat: files that are this run's already stay so.
    """

    def execute(self, context: Context) -> None:
        file_ids = [file.file_id for file in self.chosen()]
        with no_retry_for(StatusConflict), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: mng.claim(current, file_ids, task_run_of(context)))


class MarkDoneOperator(FilesOperator):
    """Mark the files Done, in the transaction that checks that their rows are in the table.

    Safe to repeat: a file that is Done stays so.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def check_rows(self, current: cursor, file: RegisteredFile) -> None:
        load = mng.load_of(current, file.file_id)
        if load is None:
            raise LakeportError(f"{file.key} has no load to be Done with")
        query = sql.SQL("SELECT COUNT(*) FROM {} WHERE _loaded_at = %s")
        current.execute(query.format(table_identifier(self.file_type.table)), (load.loaded_at,))
        (rows,) = current.fetchone() or (0,)
        if rows != load.rows_in_file - load.rows_rejected:
            raise LakeportError(
                f"{file.key}: {load.rows_in_file} rows in the file, {load.rows_rejected} rejected, "
                f"but {rows} in {load.table_name} with _loaded_at {load.loaded_at}"
            )

    def finish(self, current: cursor, by: TaskRun) -> None:
        for file in self.chosen():
            self.check_rows(current, file)
            mng.move(current, [file.file_id], by, from_=["In Progress"], to="Done")

    def execute(self, context: Context) -> None:
        with no_retry_for(LakeportError), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: self.finish(current, task_run_of(context)))
