"""Find the rows with values that COPY would change.

Text and JSON are searched first for bytes that may be such a value; only if there are any, they are read row by row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeport.files import object_content
from lakeport.files.avro import avro_records
from lakeport.files.columnar_moments import changed_moments
from lakeport.files.header import FileColumns
from lakeport.files.lossy_values import JsonNumber, Lossy, lossy_check, suspicious_bytes
from lakeport.files.named_fields import json_objects
from lakeport.files.streams import chunks_of
from lakeport.files.text_rows import text_rows
from lakeport.files.transcoding import utf8_stream
from lakeport.model import CopySource
from lakeport.schema.column import Column
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import ColumnarFormat, Json, NamedFieldsFormat
from lakeport.schema.text_format import TextFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OVERLAP_BYTES = 256  # longer than what the search for a suspicious value may span
_MAX_LINE_BYTES = 16 << 20  # COPY takes objects of at most 4 MB

Checks = Mapping[str, tuple[Column, Lossy]]


@dataclass(frozen=True)
class LossyRow:
    """A row with a value that COPY would change; `line` is -1 and `place` names it if it is not lines of text."""

    line: int
    lines: int
    place: str
    column: Column
    reason: str
    is_rejected: bool


def checked_columns(file_type: FileType) -> Checks:
    """Return the columns whose values are checked, with their checks."""
    return {
        column.name: (column, check)
        for column in file_type.copied_columns
        if file_type.lossy_of(column) != "allow" and (check := lossy_check(column, file_type.copied))
    }


def lossy_rows(
    s3: S3Client, file_type: FileType, source: CopySource, columns: FileColumns, checks: Checks
) -> Iterator[LossyRow]:
    """Yield the rows to reject, each with its first reason, and the reasons of the rows that are loaded."""
    for place, reasons in _found(s3, file_type, source, columns, checks):
        rejected = [each for each in reasons if file_type.lossy_of(each[0]) == "reject"]
        for column, reason in rejected[:1] or reasons:
            yield LossyRow(*place, column, reason, bool(rejected))


_Place = tuple[int, int, str]
"""The first line of a row and the number of its lines; or -1, 0 and a name of its place."""
_Reasons = list[tuple[Column, str]]
_Row = tuple[_Place, Mapping[str, str | None]]


def _found(
    s3: S3Client, file_type: FileType, source: CopySource, columns: FileColumns, checks: Checks
) -> Iterator[tuple[_Place, _Reasons]]:
    if isinstance(file_type.copied, ColumnarFormat):
        types = {name: column.type for name, (column, _) in checks.items()}
        with object_content.seekable(s3, source) as file:
            for at, changed, loss in changed_moments(file, file_type.copied.type, columns.names, types):
                yield (-1, 0, at), [(checks[changed][0], loss)]
        return
    quick = re.compile("|".join(sorted({suspicious_bytes(column, file_type.copied) for column, _ in checks.values()})))
    for place, values in _rows(s3, file_type, source, columns.names, checks, quick=quick):
        yield (
            place,
            [
                (column, f"{value!r:.80} {reason}" if place[2] else reason)
                for name, (column, check) in checks.items()
                if (value := values.get(name)) is not None and quick.search(value) and (reason := check(value))
            ],
        )


def _rows(
    s3: S3Client,
    file_type: FileType,
    source: CopySource,
    names: Sequence[str],
    checks: Checks,
    *,
    quick: re.Pattern[str],
) -> Iterator[_Row]:
    """Yield the rows, if the file may have a value that COPY would change."""
    format_ = file_type.copied
    if isinstance(format_, TextFormat):
        if _is_suspicious(s3, source, format_.text_encoding, quick):
            yield from _text_rows(s3, file_type, source, format_, names)
    elif isinstance(format_, Json):
        if _is_suspicious(s3, source, format_.text_encoding, quick):
            yield from _json_rows(s3, source, format_, names)
    elif isinstance(format_, NamedFieldsFormat):
        with object_content.opened(s3, source) as stream:
            in_message = file_type.rejects.values_in_message
            records = avro_records(stream, source.uri, format_, list(checks), in_message=in_message)
            for number, record in enumerate(records, start=1):
                yield (-1, 0, f"record {number:,}"), _texts(format_, record, names)


def _is_suspicious(s3: S3Client, source: CopySource, encoding: str, quick: re.Pattern[str]) -> bool:
    """Return whether the bytes of the file may contain a value that COPY would change."""
    pattern, rest = re.compile(quick.pattern.encode()), b""
    with object_content.opened(s3, source) as stream:
        for data in chunks_of(utf8_stream(stream, encoding)):
            if pattern.search(rest + data):
                return True
            rest = data[-_OVERLAP_BYTES:]
    return False


def _text_rows(
    s3: S3Client, file_type: FileType, source: CopySource, format_: TextFormat, names: Sequence[str]
) -> Iterator[_Row]:
    with object_content.opened(s3, source) as stream:
        rows = text_rows(utf8_stream(stream, format_.text_encoding), format_, file_type.file_columns)
        for row in rows:
            if len(row.fields) <= len(names):  # COPY rejects other rows
                values = zip(names, row.fields, strict=False)
                yield (row.line, row.lines, ""), {name: each for name, each in values if each != format_.null_text}


def _json_rows(s3: S3Client, source: CopySource, format_: Json, names: Sequence[str]) -> Iterator[_Row]:
    """Yield the objects with their lines if each is one line, or else with their numbers."""
    if all(isinstance(each, dict) for _, each in _objects_in_lines(s3, source, format_.text_encoding)):
        for number, document in _objects_in_lines(s3, source, format_.text_encoding):
            if isinstance(document, dict):
                yield (number, 1, ""), _texts(format_, document, names)
        return
    for place, document in json_objects(s3, source, format_.text_encoding, source.uri):
        yield (-1, 0, place), _texts(format_, document, names)


def _objects_in_lines(s3: S3Client, source: CopySource, encoding: str) -> Iterator[tuple[int, object]]:
    """Yield the number and the content of each line that is not blank; None if it is not valid JSON."""
    with object_content.opened(s3, source) as stream:
        text = utf8_stream(stream, encoding)
        for number, line in enumerate(iter(lambda: text.readline(_MAX_LINE_BYTES), b""), start=1):
            if line.strip():
                try:
                    yield number, json.loads(line, parse_float=Decimal)
                except (ValueError, RecursionError):
                    yield number, None


def _texts(format_: NamedFieldsFormat, document: Mapping[str, object], names: Sequence[str]) -> dict[str, str | None]:
    return {name: _text(format_, document, name, names) for name in names}


def _text(format_: NamedFieldsFormat, document: Mapping[str, object], name: str, names: Sequence[str]) -> str | None:
    try:
        value = format_.value_of(document, name, names)
    except (LookupError, TypeError, AttributeError):
        return None
    if isinstance(value, str) or not isinstance(value, int | float | Decimal) or isinstance(value, bool):
        return value if isinstance(value, str) else None
    return JsonNumber(value) if isinstance(format_, Json) else str(value)
