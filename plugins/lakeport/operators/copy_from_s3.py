"""COPY files into their table and record what happened to every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lakeport import landing, preparing, settings
from lakeport.copy_source import CopySource
from lakeport.errors import LakeportError
from lakeport.file_type import FileType
from lakeport.loading import FileLoad
from lakeport.mng import RegisteredFile
from lakeport.operators.files import FilesOperator
from lakeport.tasks import Context, no_retry_for, task_run_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class CopyFromS3Operator(FilesOperator):
    """Load each file by one COPY in one transaction; rows loaded and every rejected row are recorded with it.

    `prepared` names the objects to read in the files' place, in their order.  Safe to repeat and to kill: see FileLoad.
    """

    template_fields: Sequence[str] = ("files", "prepared")

    def __init__(self, *, file_type: FileType, prepared: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.prepared = prepared

    def sources(self, s3: S3Client) -> Iterator[tuple[RegisteredFile, tuple[CopySource, ...]]]:
        files = self.chosen()
        if self.prepared is not None:
            lists = (preparing.listed(s3, settings.work_bucket(), key) for key in self.prepared)
            yield from zip(files, lists, strict=True)
            return
        for file in files:
            yield file, (file.source(self.file_type.format.compression),)

    def execute(self, context: Context) -> dict[str, int]:
        s3, rows = landing.s3_client(), {}
        with no_retry_for(LakeportError), self.warehouse() as warehouse:
            for file, sources in self.sources(s3):
                load = FileLoad(self.file_type, file, sources, task_run_of(context), warehouse, s3).run()
                rows[file.key] = load.rows_loaded
        return rows
