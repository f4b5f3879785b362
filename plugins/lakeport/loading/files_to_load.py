"""The files that a COPY reads: their columns, and the check that they are the registered versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import object_content, s3_objects
from lakeport.files.columnar import columnar_columns
from lakeport.files.header import FileColumns, check_line_end, columns_of_file
from lakeport.files.named_fields import named_columns
from lakeport.loading.copy_reports import CopyError
from lakeport.model import CopySource, RegisteredFile
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import ColumnarFormat, NamedFieldsFormat
from lakeport.schema.text_format import TextFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_MAX_NAME_CHARACTERS = 256  # of a file in SYS_LOAD_DETAIL and SYS_LOAD_ERROR_DETAIL


@dataclass(frozen=True)
class Filtered:
    """An object that COPY reads instead of the `original`, without the lines of rows that were rejected before.

    `removed` has the first line and the number of lines of each; COPY loads the `changed` rows with another value.
    """

    source: CopySource
    original: CopySource
    removed: tuple[tuple[int, int], ...]
    rejected: tuple[CopyError, ...]
    changed: tuple[CopyError, ...]

    def original_line(self, line: int) -> int:
        """Return the line of the original for a line of the object."""
        for first, lines in self.removed:
            if first > line:
                break
            line += lines
        return line


@dataclass(frozen=True)
class FileToLoad:
    """A registered file and the objects that COPY reads: the landed object, or those prepared from it."""

    file: RegisteredFile
    sources: tuple[CopySource, ...]
    filtered: tuple[Filtered, ...] = ()

    @property
    def rows_taken(self) -> int | None:
        """Return how many rows a Python transform read from the file, or None without such a transform."""
        taken = [source.rows_taken for source in self.sources if source.rows_taken is not None]
        return sum(taken) if taken else None


def has_unique_name(source: CopySource) -> bool:
    """Return whether the views of COPY show the whole name of the object, and no other object under the same name."""
    name = source.uri
    return name.isascii() and name.isprintable() and len(name) <= _MAX_NAME_CHARACTERS and name == name.strip()


def check_versions(s3: S3Client, file: FileToLoad) -> None:
    """Raise ObjectChanged unless the current objects are the registered ones: COPY reads by key, not by version."""
    for source in file.sources:
        expected = _expected_version(file.file, source)
        if expected is None:
            continue
        current = s3_objects.current_version(s3, source.bucket, source.key)
        if current is None:
            raise ObjectChanged(
                f"{source.uri} was deleted: registered version {expected}; restore that version or send the file again"
            )
        if current != expected:
            raise ObjectChanged(
                f"{source.uri} was overwritten: registered version {expected}, current version {current}, "
                "which is registered and loaded as another file"
            )


def _expected_version(file: RegisteredFile, source: CopySource) -> str | None:
    """Return the version that must be current, or the ETag in a bucket without versioning.

    Prepared objects have none: nothing else writes to their keys.
    """
    is_landed = (source.bucket, source.key) == (file.bucket, file.key)
    return source.version_id or (file.etag or None if is_landed else None)


def columns_of(s3: S3Client, file_type: FileType, file: FileToLoad) -> FileColumns:
    """Return the columns that the file names in its header, footer or fields, or else those of the file type.

    Raises UnloadableFile if `drift` does not allow them, or if the members of an archive have different headers.
    """
    if file_type.transform.has_rows_function or not file_type.format.names_columns:
        _check_line_ends(s3, file_type, file)
        return FileColumns(file_type.column_names)
    if isinstance(file_type.copied, NamedFieldsFormat):
        return named_columns(s3, file_type, file.file.key, file.sources)
    found: dict[tuple[str, ...], tuple[str, FileColumns]] = {}
    for source in file.sources:
        columns = _columns_of_source(s3, file_type, file.file.key, source)
        found.setdefault(columns.names, (source.member, columns))
    if len(found) > 1:
        first, second = [member for member, _ in found.values()][:2]
        raise UnloadableFile(
            f"{file.file.key}: the columns of {first} and {second} differ; "
            "ask the sender for an archive whose files have the same columns in the same order"
        )
    ((_, columns),) = found.values()
    return columns


def _check_line_ends(s3: S3Client, file_type: FileType, file: FileToLoad) -> None:
    """Raise UnloadableFile if lines of a text without a header end otherwise than COPY takes: see words_of_header."""
    format_ = file_type.copied
    if isinstance(format_, TextFormat) and not format_.skipped_lines and not file_type.is_prepared:
        for source in file.sources:
            for first in object_content.read_lines(s3, source, [1], format_.text_encoding).values():
                check_line_end(first[-1:], f"{file.file.key}: the end of line 1")


def _columns_of_source(s3: S3Client, file_type: FileType, key: str, source: CopySource) -> FileColumns:
    if isinstance(file_type.copied, ColumnarFormat):
        return columnar_columns(s3, file_type, key, source)
    lines = file_type.format.skipped_lines
    header = object_content.read_lines(s3, source, [lines], file_type.copied.text_encoding)
    if not header:
        name = f"{key}: {source.member}" if source.member else key
        raise UnloadableFile(f"{name} has no line {lines}, which must contain the column names")
    try:
        return columns_of_file(file_type, header[lines])
    except UnloadableFile as error:
        if not source.member:
            raise
        raise UnloadableFile(
            f"{key}: {source.member}: {error}; if {source.member} is not a data file, leave it out by format.member"
        ) from error
