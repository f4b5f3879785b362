"""Turn files that COPY cannot read into objects that it can."""

from __future__ import annotations

from typing import Any

from lakeport import landing, preparing, settings
from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.file_type import FileType
from lakeport.operators.files import FilesOperator
from lakeport.tasks import Context, no_retry_for


class PrepareFilesOperator(FilesOperator):
    """Unpack and convert each file into objects of the work bucket and hand on where their list is.

    Safe to repeat: the same file gives the same objects under the same keys.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002 - Airflow's signature
        s3, bucket, lists = landing.s3_client(), settings.work_bucket(), list[str]()
        for file in self.chosen():
            with no_retry_for(UnloadableFile, ObjectChanged):
                source = file.source(self.file_type.format.compression)
                lists.append(preparing.prepare(s3, self.file_type, source, bucket, f"prepared/{file.file_id}"))
            made = preparing.listed(s3, bucket, lists[-1])
            self.log.info(
                "%s: %d bytes became %d in %d objects",
                *(file.key, file.size_bytes, sum(each.size_bytes for each in made), len(made)),
            )
        return lists
