"""`landing.select: all`: load many files, so that a bad file fails alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeport.airflow.operators.copy_from_s3 import CopyFromS3Operator
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.operators.prepare import files_at_once
from lakeport.airflow.tasks import Context, reported_of, retried_if_worth_it, task_run_of
from lakeport.errors import LakeportError, MustLoadSeparately, ObjectChanged, UnloadableFile
from lakeport.model import RegisteredFile, Status, TaskRun
from lakeport.wording import share

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import cursor

    from lakeport.loading.files_to_load import FileToLoad
    from lakeport.redshift.session import Warehouse


class CopyAllFromS3Operator(CopyFromS3Operator):
    """Load all files, oldest first, by one COPY and one commit if they can be loaded together; return the loaded ones.

    A file that cannot be loaded is set to Fail, and the others are loaded: a batch that cannot be loaded is halved
    until the failing file is alone.  In mode merge, where later files replace rows of earlier ones, the files after a
    failed one are also set to Fail, so that they are loaded in order after it is fixed.

    Safe to repeat: a loaded file is not loaded again, and a file that is Fail stays Fail until the run is cleared.
    """

    def fail(self, warehouse: Warehouse, files: Sequence[RegisteredFile], error: Exception, by: TaskRun) -> None:
        from lakeport.mng import file_records
        from lakeport.redshift.error_texts import text_of

        text = text_of(error, self.file_type)
        self.log.error("%s: %s", ", ".join(file.key for file in files), text)
        file_ids, reason = [file.file_id for file in files], f"{by.task_id}: {text}"
        warehouse.transaction(
            lambda current: file_records.move(
                current, file_ids, by, from_=[Status.IN_PROGRESS], to=Status.FAIL, reason=reason
            )
        )

    def files_left(
        self, files: Sequence[RegisteredFile], warehouse: Warehouse, s3: S3Client, context: Context
    ) -> list[FileToLoad]:
        """Return the files that are not loaded yet; set those to Fail that could not be prepared."""
        from lakeport.files.at_once import at_once
        from lakeport.loading.files_to_load import FileToLoad
        from lakeport.mng import file_records

        file_ids, by = [file.file_id for file in files], task_run_of(context)
        unloaded = warehouse.read(lambda current: file_records.unloaded(current, file_ids, by))

        def to_load(file: RegisteredFile) -> FileToLoad | UnloadableFile | ObjectChanged:
            try:
                with reported_of(file.key):
                    return FileToLoad(file, self.sources(s3, file, context))
            except (UnloadableFile, ObjectChanged) as error:
                return error

        left = [file for file in files if file.file_id in unloaded]
        found = at_once(to_load, left, files_at_once(self.file_type, left))
        for file, each in zip(left, found, strict=True):
            if not isinstance(each, FileToLoad):
                self.fail(warehouse, [file], each, by)
        return [each for each in found if isinstance(each, FileToLoad)]

    def failed_before(self, file: RegisteredFile, warehouse: Warehouse, by: TaskRun) -> str | None:
        """Return the key of a failed file that landed before this one and whose rows must be merged first."""
        from lakeport.mng import file_records

        earlier = self.file_ids()[: self.file_ids().index(file.file_id)]
        if self.file_type.table.mode != "merge" or not earlier:
            return None
        failures = warehouse.read(lambda current: file_records.failures(current, earlier, by))
        return failures[0].key if failures else None

    def refuse_after_a_failure(self, batch: Sequence[FileToLoad], warehouse: Warehouse, by: TaskRun) -> None:
        """Raise UnloadableFile if a file failed before the batch, and MustLoadSeparately if one within it did."""
        if failed := self.failed_before(batch[0].file, warehouse, by):
            raise UnloadableFile(f"not loaded because {failed}, which landed earlier, failed; replay that file first")
        if len(batch) > 1 and (failed := self.failed_before(batch[-1].file, warehouse, by)):
            raise MustLoadSeparately(f"{failed}, which landed between them, failed")

    def load(self, batch: Sequence[FileToLoad], by: TaskRun, warehouse: Warehouse, s3: S3Client) -> None:
        import psycopg2

        from lakeport.airflow.retrying import is_worth_a_retry
        from lakeport.loading.many_files import BatchLoad
        from lakeport.loading.one_file import FileLoad

        try:
            self.refuse_after_a_failure(batch, warehouse, by)
            if len(batch) > 1:
                BatchLoad(self.file_type, tuple(batch), by, warehouse, s3).run()
            else:
                with reported_of(batch[0].file.key):
                    FileLoad(self.file_type, batch[0].file, batch[0].sources, by, warehouse, s3).run()
        except MustLoadSeparately as reason:
            self.log.warning("%d files cannot be loaded together: %s", len(batch), reason)
            size = 1 if reason.is_for_each_file else (len(batch) + 1) // 2
            for start in range(0, len(batch), size):
                self.load(batch[start : start + size], by, warehouse, s3)
        except (LakeportError, psycopg2.Error) as error:
            if is_worth_a_retry(error):
                raise
            self.fail(warehouse, [each.file for each in batch], error, by)

    def execute(self, context: Context) -> list[dict[str, Any]]:  # type: ignore[override]
        from lakeport.files import s3_objects
        from lakeport.loading.many_files import batches
        from lakeport.mng import load_records
        from lakeport.preparing.prepare import plain_text_removed

        by, s3 = task_run_of(context), s3_objects.s3_client()
        with (
            retried_if_worth_it(self.file_type),
            plain_text_removed(s3, self.file_type, self.file_ids()),
            self.warehouse() as warehouse,
        ):
            claim = self.claimed(warehouse, context)
            for batch in batches(s3, self.file_type, self.files_left(claim.taken, warehouse, s3, context)):
                self.load(batch, by, warehouse, s3)
            files = sorted([*claim.taken, *claim.loaded], key=lambda file: file.landed_at)
            file_ids = [file.file_id for file in files]
            loaded = warehouse.read(lambda current: load_records.loads_of(current, file_ids))
            if not loaded:
                warehouse.read(lambda current: refuse_failures(current, files, by))
        return [file.to_xcom() for file in files if file.file_id in loaded]


class CheckAllLoadedOperator(FilesOperator):
    """Fail the run, after its good files are Done, if some of its files could not be loaded."""

    def execute(self, context: Context) -> None:
        by = task_run_of(context)
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            warehouse.read(lambda current: refuse_failures(current, self.registered_files(), by))


def refuse_failures(current: cursor, files: Sequence[RegisteredFile], by: TaskRun) -> None:
    """Raise UnloadableFile with the key and the reason of every file that the run could not load."""
    from lakeport.mng import file_records

    failures = file_records.failures(current, [file.file_id for file in files], by)
    lines = "\n".join(_line_of(each.key, each.status_reason) for each in failures)
    if failures and len(files) > 1:
        lines = f"{share(len(failures), len(files), 'file')} could not be loaded:\n{lines}"
    if failures:
        raise UnloadableFile(lines)


def _line_of(key: str, reason: str) -> str:
    """Return the reason of a failure with the key of its file, which most reasons have after the name of a task."""
    from lakeport.alerts.alert import in_one_line

    name = in_one_line(key)
    has_key = re.match(rf"(\w+: )?{re.escape(key)}: ", reason)
    return reason.replace(key, name) if has_key else f"{name}: {reason}"
