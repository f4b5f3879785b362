"""Convert files that COPY cannot read into objects that it can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from lakeport import settings
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, cleared_at, reported_of, retried_if_worth_it, task_run_of
from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.model import RegisteredFile
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FILES_AT_ONCE = 4  # each may hold a workbook, or parts of an upload, in memory


class Prepared(TypedDict):
    """The outcome for one file: the key of the list of its objects, or the reason why it cannot be loaded."""

    file_id: str
    list: str
    unloadable: str


class PrepareFilesOperator(FilesOperator):
    """Unpack, convert and transform each file into objects in the work bucket, and return the keys of their lists.

    With `select: all`, a file that cannot be loaded is returned with the reason, so that the others continue.  Several
    files are prepared at once, in threads.  Safe to repeat: the same file results in the same objects under the same
    keys.
    """

    def prepare(self, s3: S3Client, file: RegisteredFile, run_id: str) -> Prepared:
        from lakeport.preparing.prepare import listed

        bucket = settings.work_bucket()
        key = prepare_file(s3, self.file_type, file, run_id)
        made = listed(s3, bucket, key)
        size_bytes = sum(each.size_bytes for each in made)
        self.log.info("%s: made %d objects (%d bytes) of %d bytes", file.key, len(made), size_bytes, file.size_bytes)
        return {"file_id": file.file_id, "list": key, "unloadable": ""}

    def prepare_or_report(self, s3: S3Client, file: RegisteredFile, run_id: str) -> Prepared:
        try:
            with reported_of(file.key):
                return self.prepare(s3, file, run_id)
        except (UnloadableFile, ObjectChanged) as error:
            self.log.error("%s", error)  # noqa: TRY400 - the message is complete, and the load reports it again
            return {"file_id": file.file_id, "list": "", "unloadable": str(error)}

    def execute(self, context: Context) -> list[Prepared]:
        from lakeport.files import s3_objects
        from lakeport.files.at_once import at_once

        s3, run_id = s3_objects.s3_client(), task_run_of(context).run_id
        prepare = self.prepare_or_report if self.file_type.landing.select == "all" else self.prepare
        with retried_if_worth_it(self.file_type), self.warehouse() as warehouse:
            files = warehouse.read(self.current_files) if cleared_at(context) else self.registered_files()
            return at_once(lambda file: prepare(s3, file, run_id), files, files_at_once(self.file_type, files))


def files_at_once(file_type: FileType, files: Sequence[RegisteredFile]) -> int:
    """Return how many files are prepared at once; a function of a transform may not be safe in threads.

    Nor is the first read of a secret.  Large files are prepared one by one: the worker's disk holds one of them.
    """
    from lakeport.preparing.transfer import MAX_SPOOLED_BYTES

    sizes = sorted((file.size_bytes for file in files), reverse=True)
    is_large = sum(sizes[:_FILES_AT_ONCE]) > MAX_SPOOLED_BYTES
    return 1 if file_type.transform.python or file_type.format.encryption or is_large else _FILES_AT_ONCE


def prepare_file(s3: S3Client, file_type: FileType, file: RegisteredFile, run_id: str) -> str:
    """Prepare one file and return the key of the list of its objects; safe to repeat, see lakeport.preparing."""
    from lakeport.preparing.prepare import prepare
    from lakeport.schema.facts import FileFacts

    source, facts = file.source(file_type.format.compression), FileFacts.of(file_type, file, run_id)
    return prepare(s3, file_type, source, settings.work_bucket(), f"prepared/{file.file_id}", facts=facts)
