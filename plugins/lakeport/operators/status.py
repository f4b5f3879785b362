"""The moves of a file's status: Filtered Out, In Progress, Done."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor

from lakeport import mng
from lakeport.ddl import table_identifier
from lakeport.errors import LakeportError, StatusConflict
from lakeport.file_type import LANDED_AT, FileType
from lakeport.matching import rank
from lakeport.mng import Load, RegisteredFile, TaskRun
from lakeport.operators.files import FilesOperator
from lakeport.statements import composed
from lakeport.tasks import Context, no_retry_for, task_run_of


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
        mng.move(current, [file.file_id for file in others], by, from_=["New"], to="Filtered Out", reason=reason)

    def execute(self, context: Context) -> list[dict[str, Any]]:
        newest, *others = self.newest_first()
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

    The load itself has counted them: rows in the file less rejected rows.  Since then a later load may have taken the
    place of some or all of them, where the mode is not append; then that is said with Done.

    Safe to repeat: a file that is Done stays so.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def check_rows(self, current: cursor, file: RegisteredFile) -> str | None:
        """Return what is to be said of the file's rows; raise LakeportError where they are not there."""
        load = mng.load_of(current, file.file_id)
        if load is None:
            raise LakeportError(f"{file.key} has no load to be Done with")
        query = composed("load/count_loaded", table=table_identifier(load.table_name))
        current.execute(query, {"loaded_at": load.loaded_at})
        (rows,) = current.fetchone() or (0,)
        if rows == load.rows_loaded:
            return self.made_rows(load)
        if rows < load.rows_loaded and self.file_type.table.replaces_rows and mng.has_later_load(current, load):
            return f"{load.rows_loaded - rows} of its {load.rows_loaded} rows have been replaced by later loads"
        raise LakeportError(
            f"{file.key}: {load.rows_in_file} rows in the file, {load.rows_rejected} rejected, {load.rows_loaded} "
            f"loaded, but {rows} in {load.table_name} with _loaded_at {load.loaded_at}"
        )

    def made_rows(self, load: Load) -> str | None:
        """Return why other rows were loaded than the file's good ones, or None where they are the same number."""
        good = load.rows_in_file - load.rows_rejected
        if load.rows_loaded == good:
            return None
        transform, table = self.file_type.transform, self.file_type.table
        by = ["the transform"] * bool(transform.sql or transform.python) + ["table.wins"] * bool(table.wins)
        return f"{' and '.join(by)} made {load.rows_loaded:,} rows of {good:,}"

    def finish(self, current: cursor, by: TaskRun) -> None:
        for file in self.chosen():
            reason = self.check_rows(current, file)
            mng.move(current, [file.file_id], by, from_=["In Progress"], to="Done", reason=reason)

    def execute(self, context: Context) -> None:
        with no_retry_for(LakeportError), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: self.finish(current, task_run_of(context)))
