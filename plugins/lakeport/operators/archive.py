"""Move loaded files from landing to the archive."""

from __future__ import annotations

from typing import Any

from psycopg2.extensions import cursor

from lakeport import landing, settings
from lakeport.mng import RegisteredFile
from lakeport.operators.files import FilesOperator
from lakeport.statements import statement
from lakeport.tasks import Context
from lakeport.warehouse import Warehouse

_MAX_NAME_BYTES = 600


class ArchiveFilesOperator(FilesOperator):
    """Copy each file's registered version to the archive, record where, then remove that version from landing.

    Safe to repeat: the archive key follows from the file, and what is archived already is only checked.  In this
    order a file is in landing or in the archive at every moment.
    """

    def __init__(self, *, file_type_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type_name = file_type_name

    def archive_key(self, file: RegisteredFile) -> str:
        name = file.key.rpartition("/")[2].encode()[-_MAX_NAME_BYTES:].decode(errors="ignore")
        return f"{self.file_type_name}/{file.landed_at:%Y/%m/%d}/{file.file_id}/{name}"

    def archive(self, warehouse: Warehouse, file: RegisteredFile) -> None:
        s3, place = landing.s3_client(), {"bucket": settings.archive_bucket(), "key": self.archive_key(file)}
        landing.archive(s3, file.source(), place["bucket"], place["key"])

        def record(current: cursor) -> None:
            current.execute(statement("mng/record_archive"), {"file_id": file.file_id, **place})

        warehouse.transaction(record)
        landing.remove_version(s3, file.source())
        self.log.info("archived %s as s3://%s/%s", file.key, *place.values())

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        with self.warehouse() as warehouse:
            for file in self.chosen():
                self.archive(warehouse, file)
