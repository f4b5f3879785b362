"""What every COPY needs, of one file or of many: a manifest, columns, and files that stay what they were."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import cursor

from lakeport import settings
from lakeport.errors import LakeportError, ObjectChanged, UnloadableFile
from lakeport.files import s3_objects
from lakeport.files.header import FileColumns, columns_of_file
from lakeport.loading.checks import check_rows
from lakeport.loading.table_modes import Placing
from lakeport.model import CopySource, RegisteredFile
from lakeport.redshift.copy_statement import copy_statement, jsonpaths_file, manifest
from lakeport.redshift.ddl import table_identifier
from lakeport.redshift.session import Warehouse
from lakeport.redshift.statements import composed
from lakeport.redshift.table_changes import add_columns
from lakeport.schema.file_type import FileType

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


def check_versions(s3: S3Client, file: RegisteredFile, sources: Sequence[CopySource]) -> None:
    """Raise ObjectChanged where COPY, which reads by key, would not read what was registered."""
    for source in sources:
        expected = _version_of(file, source)
        if expected is None:
            continue
        now = s3_objects.current_version(s3, source.bucket, source.key)
        if now != expected:
            raise ObjectChanged(f"{source.uri} was overwritten: version {now} took its place")


def _version_of(file: RegisteredFile, source: CopySource) -> str | None:
    """Return the version that must be current, its ETag where the bucket keeps none; ours nobody overwrites."""
    is_landed = (source.bucket, source.key) == (file.bucket, file.key)
    return source.version_id or (file.etag or None if is_landed else None)


def columns_of(s3: S3Client, file_type: FileType, file: RegisteredFile, sources: Sequence[CopySource]) -> FileColumns:
    """Return the columns that the file's header names, or the type's where it has none to go by.

    Raises UnloadableFile where they are not what the type's `drift` takes, or differ among the file's members.
    """
    if file_type.transform.has_rows_function or not file_type.format.has_header:
        return FileColumns(file_type.column_names, file_type)
    found: dict[tuple[str, ...], tuple[str, FileColumns]] = {}
    for source in sources:
        columns = _columns_of_source(s3, file_type, file, source)
        found.setdefault(columns.names, (source.member, columns))
    if len(found) > 1:
        members = " and ".join(member for member, _ in list(found.values())[:2])
        raise UnloadableFile(f"{file.key}: the headers of {members} differ; all must have the same order")
    return next(iter(found.values()))[1]


def _columns_of_source(s3: S3Client, file_type: FileType, file: RegisteredFile, source: CopySource) -> FileColumns:
    lines = file_type.format.header_lines
    header = s3_objects.read_lines(s3, source, [lines], file_type.copied.encoding)
    if not header:
        name = f"{file.key}: {source.member}" if source.member else file.key
        raise UnloadableFile(f"{name} has no line {lines}, which should name its columns")
    return columns_of_file(file_type, header[lines])


def add_new_columns(warehouse: Warehouse, file_type: FileType, key: str) -> None:
    """Add to the live table the columns that a file brings, where the type's `drift` is to add them."""
    if file_type.drift == "add" and file_type.table.mode not in ("replace", "new_table"):
        added = warehouse.transaction(lambda current: add_columns(current, file_type))
        if added:
            log.warning("added to %s what %s brings: %s", file_type.table.name, key, added)


def copy_by_manifest(
    s3: S3Client, placing: Placing, sources: Sequence[CopySource], columns: Sequence[str], name: str
) -> sql.Composed:
    """Write the manifest of the sources into the work bucket and return the COPY that reads it."""
    file_type, bucket = placing.file_type, settings.work_bucket()
    s3.put_object(Bucket=bucket, Key=f"manifests/{name}.json", Body=manifest(sources).encode())
    jsonpaths_uri = ""
    if file_type.format.jsonpaths:
        jsonpaths_uri = f"s3://{bucket}/jsonpaths/{name}.json"
        s3.put_object(Bucket=bucket, Key=f"jsonpaths/{name}.json", Body=jsonpaths_file(file_type.format).encode())
    manifest_uri, compression = f"s3://{bucket}/manifests/{name}.json", sources[0].compression
    return copy_statement(file_type, columns, manifest_uri, compression, jsonpaths_uri, into=placing.copy_into)


def bring_to_place(current: cursor, placing: Placing, rows_copied: int) -> int:
    """Bring the rows to their table, where all of them must be and be right, and return how many they are."""
    placed = placing.place(current, rows_copied)
    current.execute(composed("load/count_rows", table=table_identifier(placing.destination.table)))
    (rows,) = current.fetchone() or (0,)
    if rows != placed:
        raise LakeportError(f"{placed} rows were placed, {placing.table_name} has {rows} of this load")
    check_rows(current, placing.destination)
    placing.finish(current)
    return placed
