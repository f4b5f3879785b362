"""Turn files that COPY cannot read into objects that it can."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lakeport import landing, preparing, settings
from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.operators.files import FilesOperator
from lakeport.tasks import Context, no_retry_for


class PrepareFilesOperator(FilesOperator):
    """Unzip each file into an object of the work bucket and hand these on.

    Safe to repeat: the same file gives the same object under the same key.
    """

    def execute(self, context: Context) -> list[dict[str, Any]]:  # noqa: ARG002 - Airflow's signature
        s3, prepared = landing.s3_client(), []
        for file in self.chosen():
            with no_retry_for(UnloadableFile, ObjectChanged):
                source = preparing.unzip(s3, file.source(), settings.work_bucket(), f"prepared/{file.file_id}")
            self.log.info("%s: %d bytes became %d", file.key, file.size_bytes, source.size_bytes)
            prepared.append(asdict(source))
        return prepared
