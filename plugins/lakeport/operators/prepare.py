"""Turn files that COPY cannot read into objects that it can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from airflow.sdk import BaseOperator

from lakeport import landing, preparing, settings
from lakeport.copy_statement import CopySource
from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.tasks import Context, files_of, no_retry_for


class PrepareFilesOperator(BaseOperator):
    """Unzip each file into an object of the work bucket and hand these on.

    Safe to repeat: the same file gives the same object under the same key.
    """

    template_fields: Sequence[str] = ("files",)

    def __init__(self, *, files: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow's signature
        s3, prepared = landing.s3_client(), []
        for file in files_of(self.files):
            archive = CopySource(file.bucket, file.key, file.version_id, file.size_bytes, "none")
            with no_retry_for(UnloadableFile, ObjectChanged):
                source = preparing.unzip(s3, archive, settings.work_bucket(), f"prepared/{file.file_id}")
            self.log.info("%s: %d bytes became %d", file.key, file.size_bytes, source.size_bytes)
            prepared.append(asdict(source))
        return prepared
