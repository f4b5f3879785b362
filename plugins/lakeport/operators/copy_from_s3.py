"""COPY files into their table and record what happened to every row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import landing, settings
from lakeport.copy_statement import CopySource
from lakeport.errors import LakeportError
from lakeport.file_type import FileType
from lakeport.loading import FileLoad
from lakeport.mng import RegisteredFile
from lakeport.tasks import Context, files_of, no_retry_for, task_run_of, warehouse_of
from lakeport.warehouse import Warehouse


class CopyFromS3Operator(BaseOperator):
    """Load each file by one COPY in one transaction; rows loaded and every rejected row are recorded with it.

    `prepared` are the objects to read in the files' place, in their order.  Safe to repeat and to kill: see FileLoad.
    """

    template_fields: Sequence[str] = ("files", "prepared")

    def __init__(
        self,
        *,
        file_type: FileType,
        files: Any,
        prepared: Any = None,
        redshift_conn_id: str = settings.REDSHIFT_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type
        self.files = files
        self.prepared = prepared
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def sources(self) -> Iterator[tuple[RegisteredFile, CopySource]]:
        files = files_of(self.files)
        if self.prepared is not None:
            yield from zip(files, (CopySource(**source) for source in self.prepared), strict=True)
            return
        for file in files:
            compression = self.file_type.format.compression
            yield file, CopySource(file.bucket, file.key, file.version_id, file.size_bytes, compression)

    def execute(self, context: Context) -> dict[str, int]:
        s3, rows = landing.s3_client(), {}
        with no_retry_for(LakeportError), self.warehouse() as warehouse:
            for file, source in self.sources():
                load = FileLoad(self.file_type, file, source, task_run_of(context), warehouse, s3).run()
                rows[file.key] = load.rows_loaded
        return rows
