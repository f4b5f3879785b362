"""The moves of a file's status: Filtered Out, In Progress, Done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator
from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import mng, settings
from lakeport.ddl import table_identifier
from lakeport.errors import LakeportError, StatusConflict
from lakeport.file_type import FileType
from lakeport.mng import RegisteredFile
from lakeport.tasks import Context, files_of, no_retry_for, task_run_of, warehouse_of
from lakeport.warehouse import Warehouse

XComFiles = Any


class FilterNewestOperator(BaseOperator):
    """Keep the newest file; the others become Filtered Out, with the winner's name.

    Safe to repeat: only New files are moved.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(
        self, *, files: XComFiles, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        newest, *others = files_of(self.files)
        reason = f"newer: {newest.key}, landed {newest.landed_at}, file {newest.file_id}"
        with self.warehouse() as warehouse:
            warehouse.transaction(
                lambda current: mng.move(
                    current,
                    [file.file_id for file in others],
                    task_run_of(context),
                    from_=["New"],
                    to="Filtered Out",
                    reason=reason,
                )
            )
        self.log.info("newest of %d: %s (%d bytes)", len(self.files), newest.key, newest.size_bytes)
        return [newest.to_xcom()]


class MarkInProgressOperator(BaseOperator):
    """Take the files into this run.

    Safe to repeat: files that are this run's already stay so.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(
        self, *, files: XComFiles, redshift_conn_id: str = settings.REDSHIFT_CONNECTION, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def execute(self, context: Context) -> None:
        file_ids = [file.file_id for file in files_of(self.files)]
        with no_retry_for(StatusConflict), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: mng.claim(current, file_ids, task_run_of(context)))


class MarkDoneOperator(BaseOperator):
    """Mark the files Done, in the transaction that checks that their rows are in the table.

    Safe to repeat: a file that is Done stays so.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(
        self,
        *,
        file_type: FileType,
        files: XComFiles,
        redshift_conn_id: str = settings.REDSHIFT_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

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

    def execute(self, context: Context) -> None:
        def finish(current: cursor) -> None:
            for file in files_of(self.files):
                self.check_rows(current, file)
                mng.move(current, [file.file_id], task_run_of(context), from_=["In Progress"], to="Done")

        with no_retry_for(LakeportError), self.warehouse() as warehouse:
            warehouse.transaction(finish)
