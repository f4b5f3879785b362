"""Keep the rows with values that COPY would change from COPY.

COPY reports no value that it cuts, and what is cut cannot be seen in the table.  So a worker reads the file before
COPY, only if the schema has columns of such types.  If a row is rejected, COPY reads a copy of the file without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import IO, TYPE_CHECKING

from lakeport import settings
from lakeport.errors import UnloadableFile
from lakeport.files import object_content
from lakeport.files.header import FileColumns
from lakeport.files.streams import stream_of
from lakeport.files.transcoding import utf8_stream
from lakeport.loading.copy_reports import CopyError
from lakeport.loading.files_to_load import FileToLoad, Filtered
from lakeport.loading.lossy_rows import LossyRow, checked_columns, lossy_rows
from lakeport.model import CopySource
from lakeport.preparing.transfer import upload
from lakeport.schema.encodings import CODECS, UTF8
from lakeport.schema.file_type import FileType
from lakeport.wording import amount

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_ERRORS = 100_000  # as many as COPY reports
_MAX_SHOWN = 5


def without_lossy_rows(s3: S3Client, file_type: FileType, file: FileToLoad, columns: FileColumns) -> FileToLoad:
    """Return the file with copies of those objects that have rows to reject, without these rows.

    Safe to repeat: the same file results in the same copies.  Raises UnloadableFile for more rows than are kept, and
    for any row to reject that is not lines of text.
    """
    checks = checked_columns(file_type)
    if not checks:
        return file
    filtered, sources = list[Filtered](), list[CopySource]()
    for number, source in enumerate(file.sources, start=1):
        found = list(islice(lossy_rows(s3, file_type, source, columns, checks), _MAX_ERRORS + 1))
        if len(found) > _MAX_ERRORS:
            raise UnloadableFile(f"{file.file.key}: more than {_MAX_ERRORS:,} rows have values that COPY would change")
        rejected = [row for row in found if row.is_rejected]
        if any(row.line < 1 for row in rejected):
            raise UnloadableFile(_refusal(file_type, file, source, rejected))
        key = f"lossless/{file.file.file_id}/{number}"
        target = CopySource(settings.work_bucket(), key, None, 0, "none", source.member, source.rows_taken)
        copied = _upload_without(s3, file_type, source, rejected, target) if rejected else source
        sources.append(copied)
        if found:
            removed = tuple((row.line, row.lines) for row in rejected)
            filtered.append(Filtered(copied, source, removed, _errors(source, rejected), _errors(source, found, False)))
    return replace(file, sources=tuple(sources), filtered=tuple(filtered)) if filtered else file


def has_lossy_rows(s3: S3Client, file_type: FileType, file: FileToLoad, columns: FileColumns) -> bool:
    """Return whether a row of the file has a value that COPY would change, so that the file must be loaded alone."""
    checks = checked_columns(file_type)
    return bool(checks) and any(
        True for source in file.sources for _ in lossy_rows(s3, file_type, source, columns, checks)
    )


def _refusal(file_type: FileType, file: FileToLoad, source: CopySource, rows: Sequence[LossyRow]) -> str:
    name = f"{file.file.key}: {source.member}" if source.member else file.file.key
    first = "; ".join(f"{row.place}: {row.column.name} {row.reason}" for row in rows[:_MAX_SHOWN])
    return (
        f"{name}: {amount(len(rows), 'value')} would be changed by COPY: {file_type.rejects.values_in_message(first)}; "
        f"change the types of the columns, or set lossy to warn or allow in schemas/{file_type.name}.yaml"
    )


def _errors(source: CopySource, rows: Sequence[LossyRow], is_rejected: bool = True) -> tuple[CopyError, ...]:
    """Return the rows as COPY would report them."""
    note = "" if is_rejected else "loaded with another value: "
    return tuple(
        CopyError(source.uri, row.line, row.column.name, row.column.type.name, 0, 0, f"{note}{_reason(row)}")
        for row in rows
        if row.is_rejected == is_rejected
    )


def _reason(row: LossyRow) -> str:
    return f"{row.place}: {row.reason}" if row.place else row.reason


def _upload_without(
    s3: S3Client, file_type: FileType, source: CopySource, rows: Sequence[LossyRow], target: CopySource
) -> CopySource:
    """Write the object without these rows, in its encoding."""
    encoding = file_type.copied.text_encoding
    removed = {line for row in rows for line in range(row.line, row.line + row.lines)}
    with object_content.opened(s3, source) as stream:
        kept = _kept_lines(utf8_stream(stream, encoding), removed)
        return upload(s3, stream_of(_encoded(kept, encoding)), target)


def _kept_lines(stream: IO[bytes], removed: set[int]) -> Iterator[bytes]:
    return (line for number, line in enumerate(stream, start=1) if number not in removed)


def _encoded(lines: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding == UTF8:
        yield from lines
        return
    codec = CODECS.get(encoding, encoding)
    head, codec = (b"\xff\xfe", "utf-16-le") if codec == "utf-16" else (b"", codec)
    yield head
    for line in lines:
        yield line.decode("utf-8", "replace").encode(codec, "replace")
