"""Load files into their table by COPY and record the outcome of every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeport import settings
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.operators.prepare import Prepared
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.errors import UnloadableFile
from lakeport.files import s3_objects
from lakeport.loading.one_file import FileLoad
from lakeport.model import CopySource, RegisteredFile
from lakeport.preparing.prepare import listed
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class CopyFromS3Operator(FilesOperator):
    """Load each file by one COPY in one transaction, which also records the loaded rows and every rejected row.

    `prepared` lists the objects to read instead of the files, in the same order.  Safe to repeat and to kill: see
    FileLoad.
    """

    template_fields: Sequence[str] = ("files", "prepared")

    def __init__(self, *, file_type: FileType, prepared: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.prepared = prepared

    def files_to_load(self) -> list[tuple[RegisteredFile, Prepared | None]]:
        files = self.registered_files()
        return list(zip(files, self.prepared or [None] * len(files), strict=True))

    def sources(self, s3: S3Client, file: RegisteredFile, prepared: Prepared | None) -> tuple[CopySource, ...]:
        if prepared is None:
            return (file.source(self.file_type.format.compression),)
        if prepared["unloadable"]:
            raise UnloadableFile(prepared["unloadable"])
        return listed(s3, settings.work_bucket(), prepared["list"])

    def execute(self, context: Context) -> dict[str, int]:
        s3, rows = s3_objects.s3_client(), {}
        with retried_if_worth_it(), self.warehouse() as warehouse:
            for file, prepared in self.files_to_load():
                sources = self.sources(s3, file, prepared)
                load = FileLoad(self.file_type, file, sources, task_run_of(context), warehouse, s3).run()
                rows[file.key] = load.rows_loaded
        return rows
