"""`landing.select: all`: the steps that take many files, and let a bad one cost only itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from psycopg2.extensions import cursor

from lakeport import landing, mng
from lakeport.dag_runs import arrival_run_id
from lakeport.errors import LakeportError, UnloadableFile
from lakeport.loading import FileLoad
from lakeport.mng import RegisteredFile, TaskRun
from lakeport.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.operators.files import FilesOperator, handed_on
from lakeport.operators.prepare import Prepared
from lakeport.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.warehouse import Warehouse


class TakeFilesOperator(FilesOperator):
    """Keep the first `landing.max_files` files; the others stay New for the next run."""

    def __init__(self, *, max_files: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.max_files = max_files

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow's signature
        return [file.to_xcom() for file in self.chosen()[: self.max_files]]


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
        files = handed_on(self.files)
        if len(files) <= self.max_files:
            self.log.info("nothing is left for another run")
            return
        run = task_run_of(context)
        left = [file["file_id"] for file in files[self.max_files :]]
        self.trigger_run_id = arrival_run_id(left, f"{run.run_id} {run.try_number}")
        super().execute(context)  # type: ignore[arg-type]


class CopyAllFromS3Operator(CopyFromS3Operator):
    """Load each file by one COPY in one transaction of its own, oldest first; hand on those that were loaded.

    So each has its own `_loaded_at`, count and rejected rows, and a kill in the midst of many costs one of them.  A
    file that cannot be loaded becomes Fail, and the others go on; where rows of a later file take the place of an
    earlier one's (merge), those behind it become Fail too, to be loaded in order when it is mended.

    Safe to repeat: a file that is loaded is not loaded again, one that is Fail stays so.
    """

    def fail(self, warehouse: Warehouse, file: RegisteredFile, error: LakeportError, by: TaskRun) -> None:
        self.log.error("%s: %s", file.key, error)
        reason = f"{by.task_id}: {error}"
        warehouse.transaction(
            lambda current: mng.move(current, [file.file_id], by, from_=["In Progress"], to="Fail", reason=reason)
        )

    def load(self, file: RegisteredFile, prepared: Prepared | None, by: TaskRun, warehouse: Warehouse) -> bool:
        """Say whether the file is loaded."""
        if warehouse.transaction(lambda current: mng.failures(current, [file.file_id], by)):
            return False
        s3 = landing.s3_client()
        try:
            FileLoad(self.file_type, file, self.sources(s3, file, prepared), by, warehouse, s3).run()
        except LakeportError as error:
            self.fail(warehouse, file, error, by)
            return False
        return True

    def execute(self, context: Context) -> list[dict[str, Any]]:  # type: ignore[override]
        by, loaded, failed = task_run_of(context), [], ""
        with retried_if_worth_it(), self.warehouse() as warehouse:
            for file, prepared in self.files_to_load():
                if failed and self.file_type.table.mode == "merge":
                    self.fail(warehouse, file, UnloadableFile(f"waits for {failed}, which landed before it"), by)
                elif self.load(file, prepared, by, warehouse):
                    loaded.append(file.to_xcom())
                else:
                    failed = failed or file.key
            if not loaded:
                warehouse.transaction(lambda current: refuse_failures(current, self.chosen(), by))
        return loaded


class FailForFilesOperator(FilesOperator):
    """Fail the run, when its good files are done, if some of its files could not be loaded."""

    def execute(self, context: Context) -> None:
        by = task_run_of(context)
        with retried_if_worth_it(), self.warehouse() as warehouse:
            warehouse.transaction(lambda current: refuse_failures(current, self.chosen(), by))


def refuse_failures(current: cursor, files: Sequence[RegisteredFile], by: TaskRun) -> None:
    """Raise UnloadableFile with every file that the run could not load, and why."""
    failures = mng.failures(current, [file.file_id for file in files], by)
    if failures:
        told = "\n".join(f"{key}: {reason}" for key, reason in failures)
        raise UnloadableFile(f"{len(failures)} of {len(files)} files could not be loaded:\n{told}")
