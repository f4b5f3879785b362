"""Move loaded files from landing to the archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator
from psycopg2.extensions import cursor

from lakeport import landing, settings
from lakeport.copy_statement import CopySource
from lakeport.mng import RegisteredFile
from lakeport.statements import statement
from lakeport.tasks import Context, files_of, warehouse_of
from lakeport.warehouse import Warehouse

_MAX_NAME_BYTES = 600


class ArchiveFilesOperator(BaseOperator):
    """Copy each file's registered version to the archive, record where, then remove that version from landing.

    Safe to repeat: the archive key follows from the file, and what is archived already is only checked.  In this
    order a file is in landing or in the archive at every moment.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(
        self,
        *,
        file_type_name: str,
        files: Any,
        redshift_conn_id: str = settings.REDSHIFT_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file_type_name = file_type_name
        self.files = files
        self.redshift_conn_id = redshift_conn_id

    def warehouse(self) -> Warehouse:
        return warehouse_of(self.redshift_conn_id)

    def archive_key(self, file: RegisteredFile) -> str:
        name = file.key.rpartition("/")[2].encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
        return f"{self.file_type_name}/{file.landed_at:%Y/%m/%d}/{file.file_id}/{name}"

    def archive(self, warehouse: Warehouse, file: RegisteredFile) -> None:
        s3, source = landing.s3_client(), CopySource(file.bucket, file.key, file.version_id, file.size_bytes, "none")
        place = {"archive_bucket": settings.archive_bucket(), "archive_key": self.archive_key(file)}
        landing.archive(s3, source, place["archive_bucket"], place["archive_key"])

        def record(current: cursor) -> None:
            current.execute(statement("mng/record_archive"), {"file_id": file.file_id, **place})

        warehouse.transaction(record)
        landing.remove_version(s3, source)
        self.log.info("archived %s as s3://%s/%s", file.key, *place.values())

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        with self.warehouse() as warehouse:
            for file in files_of(self.files):
                self.archive(warehouse, file)
