"""Find the rows with values that COPY would change, and keep them from COPY.

COPY reports no value that it cuts, and what is cut cannot be seen in the table.  So a worker reads the file before
COPY, only if the schema has columns of such types: first in search of bytes that may be such a value, and only if there
are any, row by row.  If a row is rejected, COPY reads a copy of the file without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO, TYPE_CHECKING

from lakeport import settings
from lakeport.errors import UnloadableFile
from lakeport.files import s3_objects
from lakeport.files.header import FileColumns
from lakeport.files.lossy_values import Lossy, lossy_check, suspicious_bytes
from lakeport.files.named_fields import json_objects
from lakeport.files.streams import chunks_of, stream_of
from lakeport.files.text_rows import text_rows
from lakeport.files.transcoding import utf8_stream
from lakeport.loading.copy_reports import CopyError
from lakeport.loading.files_to_load import FileToLoad, Filtered
from lakeport.model import CopySource
from lakeport.preparing.transfer import upload
from lakeport.schema.encodings import CODECS, UTF8
from lakeport.schema.file_format import Format
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import Json
from lakeport.schema.table import Column
from lakeport.schema.text_formats import TextFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OVERLAP_BYTES = 256  # longer than what the search for a suspicious value may span
_MAX_ERRORS = 100_000  # as many as COPY reports
_MAX_SHOWN = 5


@dataclass(frozen=True)
class LossyRow:
    """A row with a value that COPY would change."""

    line: int
    lines: int
    place: str
    column: Column
    reason: str
    is_rejected: bool


def checked_columns(file_type: FileType) -> dict[str, tuple[Column, Lossy]]:
    """Return the columns whose values are checked, with their checks; none if COPY's format is not text or JSON."""
    format_ = file_type.copied
    if not isinstance(format_, TextFormat | Json):
        return {}
    return {
        column.name: (column, check)
        for column in file_type.copied_columns
        if file_type.lossy_of(column) != "allow" and (check := lossy_check(column, format_))
    }


def without_lossy_rows(s3: S3Client, file_type: FileType, file: FileToLoad, columns: FileColumns) -> FileToLoad:
    """Return the file with copies of those objects that have rows to reject, without these rows.

    Safe to repeat: the same file results in the same copies.  Raises UnloadableFile for more rows than are kept, and
    for any row of a JSON file, whose objects are not lines.
    """
    checks = checked_columns(file_type)
    if not checks:
        return file
    filtered, sources = list[Filtered](), list[CopySource]()
    for number, source in enumerate(file.sources, start=1):
        found = list(islice(_lossy_rows(s3, file_type, source, columns, checks), _MAX_ERRORS + 1))
        if len(found) > _MAX_ERRORS:
            raise UnloadableFile(f"{file.file.key}: more than {_MAX_ERRORS:,} rows have values that COPY would change")
        rejected = [row for row in found if row.is_rejected]
        if rejected and isinstance(file_type.copied, Json):
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
        True for source in file.sources for _ in _lossy_rows(s3, file_type, source, columns, checks)
    )


def _lossy_rows(
    s3: S3Client,
    file_type: FileType,
    source: CopySource,
    columns: FileColumns,
    checks: Mapping[str, tuple[Column, Lossy]],
) -> Iterator[LossyRow]:
    """Yield the rows to reject, each with its first reason, and the reasons of the rows that are loaded."""
    if not _is_suspicious(s3, source, file_type.copied, checks):
        return
    quick = re.compile("|".join(sorted({suspicious_bytes(column) for column, _ in checks.values()})))
    rows = _objects if isinstance(file_type.copied, Json) else _rows
    for place, values in rows(s3, file_type, source, columns.names):
        reasons = [
            (column, f"{value!r:.80} {reason}" if place[2] else reason)
            for name, (column, check) in checks.items()
            if (value := values.get(name)) is not None and quick.search(value) and (reason := check(value))
        ]
        rejected = [each for each in reasons if file_type.lossy_of(each[0]) == "reject"]
        for column, reason in rejected[:1] or reasons:
            yield LossyRow(*place, column, reason, bool(rejected))


_Row = tuple[tuple[int, int, str], Mapping[str, str | None]]
"""The first line of a row, the number of its lines and a name of its place; and its values."""


def _rows(s3: S3Client, file_type: FileType, source: CopySource, names: Sequence[str]) -> Iterator[_Row]:
    format_ = file_type.copied
    if not isinstance(format_, TextFormat):
        return
    with s3_objects.opened(s3, source) as stream:
        rows = text_rows(utf8_stream(stream, format_.text_encoding), format_, file_type.file_columns)
        for row in rows:
            if len(row.fields) <= len(names):  # COPY rejects other rows
                values = dict(zip(names, row.fields, strict=False))
                yield (
                    (row.line, row.lines, ""),
                    {name: each for name, each in values.items() if each != format_.null_as},
                )


def _objects(s3: S3Client, file_type: FileType, source: CopySource, names: Sequence[str]) -> Iterator[_Row]:
    format_ = file_type.copied
    if not isinstance(format_, Json):
        return
    for place, document in json_objects(s3, source, format_.text_encoding, source.uri):
        yield (-1, 0, place), {name: _text(format_, document, name, names) for name in names}


def _text(format_: Json, document: Mapping[str, object], name: str, names: Sequence[str]) -> str | None:
    try:
        value = format_.value_of(document, name, names)
    except (LookupError, TypeError, AttributeError):
        return None
    return None if value is None or isinstance(value, bool | dict | list) else str(value)


def _refusal(file_type: FileType, file: FileToLoad, source: CopySource, rows: Sequence[LossyRow]) -> str:
    name = f"{file.file.key}: {source.member}" if source.member else file.file.key
    first = "; ".join(f"{row.place}: {row.column.name} {row.reason}" for row in rows[:_MAX_SHOWN])
    return (
        f"{name}: {len(rows):,} of its objects have a value that COPY would change: {first}; "
        f"change the types of the columns, or set lossy to warn or allow in schemas/{file_type.name}.yaml"
    )


def _is_suspicious(
    s3: S3Client, source: CopySource, format_: Format, checks: Mapping[str, tuple[Column, Lossy]]
) -> bool:
    """Return whether the bytes of the file may contain a value that COPY would change."""
    patterns = sorted({suspicious_bytes(column) for column, _ in checks.values()})
    quick, rest = re.compile("|".join(patterns).encode()), b""
    with s3_objects.opened(s3, source) as stream:
        for data in chunks_of(utf8_stream(stream, format_.text_encoding)):
            if quick.search(rest + data):
                return True
            rest = data[-_OVERLAP_BYTES:]
    return False


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
    with s3_objects.opened(s3, source) as stream:
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
