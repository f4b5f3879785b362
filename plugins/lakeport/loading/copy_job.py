"""The files of one COPY, and the COPY statement that reads them by a manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2 import sql

from lakeport import settings
from lakeport.files.header import FileColumns
from lakeport.loading.files_to_load import FileToLoad
from lakeport.loading.placing import Placing
from lakeport.loading.rejected_rows import Rejects
from lakeport.loading.table_modes import placing
from lakeport.model import CopySource
from lakeport.redshift.copy_statement import copy_statement, jsonpaths_file, manifest
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class CopyJob:
    """The files of one COPY, which all have the same columns; `file_type` includes those that `drift: add` adds."""

    s3: S3Client
    file_type: FileType
    files: tuple[FileToLoad, ...]
    columns: FileColumns
    run_id: str
    is_stricter: bool = False
    """Whether the schema requires a value where the live table takes NULL."""

    @property
    def sources(self) -> list[CopySource]:
        """Return the objects that COPY reads."""
        return [source for each in self.files for source in each.sources]

    @property
    def placing(self) -> Placing:
        """Return what the table's mode does around COPY."""
        file, ignored = self.files[0].file, self.columns.ignored
        return placing(self.file_type, file, self.run_id, ignored, is_stricter=self.is_stricter)

    @property
    def name(self) -> str:
        """Return the name of the manifest, which is the same whenever these files are loaded."""
        first, *others = [each.file.file_id for each in self.files]
        return hashlib.sha256("\n".join([first, *others]).encode()).hexdigest() if others else first

    @property
    def rejects(self) -> Rejects:
        """Return the reader of the rejected rows."""
        filtered = {each.source: each for file in self.files for each in file.filtered}
        return Rejects(self.s3, self.file_type, self.sources, self.columns.names, filtered)


def write_manifest(job: CopyJob) -> sql.Composed:
    """Write the manifest of the sources to the work bucket and return the COPY that reads it."""
    format_, into = job.file_type.format, job.placing.copy_into
    manifest_uri = _write(job.s3, f"manifests/{job.name}.json", manifest(job.sources))
    jsonpaths_uri = (
        _write(job.s3, f"jsonpaths/{job.name}.json", jsonpaths_file(format_)) if format_.column_paths else ""
    )
    compression = job.sources[0].compression
    return copy_statement(job.file_type, job.columns.names, manifest_uri, compression, jsonpaths_uri, into=into)


def _write(s3: S3Client, key: str, text: str) -> str:
    bucket = settings.work_bucket()
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
    return f"s3://{bucket}/{key}"
