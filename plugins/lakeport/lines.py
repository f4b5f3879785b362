"""What a file's text says of itself: the columns its header names, and the value in one column of a raw line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lakeport import landing
from lakeport.copy_source import CopySource
from lakeport.errors import UnloadableFile
from lakeport.file_format import Format, unescaped
from lakeport.file_type import FileType
from lakeport.json_paths import value_at
from lakeport.table_type import Column

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_FIELD_CHARACTERS = 1 << 30  # the reader's own limit of 128 KiB is less than a rejected value may have
_DELIMITERS = {"csv": ",", "delimited": "|"}


def words_of_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return what stands in a header, as headers are compared: case and outer blanks do not count."""
    try:
        fields = _fields(header.removeprefix("\ufeff"), file_type.format.copied)
    except csv.Error as error:
        raise UnloadableFile(f"the header is no line of a {file_type.format.type} file: {error}") from error
    return tuple(field.strip().lower() for field in fields)


def columns_in_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the header's columns in the file's order, since COPY maps fields to columns by position.

    Raises UnloadableFile with the difference where they are not exactly the type's.
    """
    names = words_of_header(file_type, header)
    missing = [name for name in file_type.column_names if name not in names]
    extra = [name or "(blank)" for name in names if name not in file_type.column_names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    problems = {"missing": missing, "not in the schema": extra, "there twice": doubled}
    found = "; ".join(f"{what}: {', '.join(columns)}" for what, columns in problems.items() if columns)
    if found:
        raise UnloadableFile(
            f"the header does not fit schemas/{file_type.name}.yaml ({found}); "
            f"have the file sent with the columns {', '.join(file_type.column_names)}, or change the schema"
        )
    return names


def raw_lines(s3: S3Client, source: CopySource, numbers: Iterable[int], format_: Format) -> dict[int, tuple[int, str]]:
    """Return what stands in the lines COPY names, each with the number it has in the file that landed."""
    copied = format_.copied
    if not copied.has_lines:
        return {}
    if format_.type == "xlsx":
        return _sheet_rows(s3, source, set(numbers))
    lines = landing.read_lines(s3, source, numbers, copied.encoding)
    return {number: (number, line) for number, line in lines.items()}


def _sheet_rows(s3: S3Client, source: CopySource, numbers: set[int]) -> dict[int, tuple[int, str]]:
    """Return rows of a prepared sheet: a cell may hold line ends, so a row may be several lines."""
    found: dict[int, tuple[int, str]] = {}
    if not numbers:
        return found
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    with landing.opened(s3, source) as stream:
        reader, line = csv.reader(io.TextIOWrapper(stream, "utf-8", errors="replace", newline="\n")), 0
        for row, fields in enumerate(reader, start=1):
            for number in numbers.intersection(range(line + 1, reader.line_num + 1)):
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerow(fields)
                found[number] = (row, text.getvalue().removesuffix("\n"))
            line = reader.line_num
    return found


def value_in_line(line: str, column: str, columns: Sequence[str], file_type: FileType) -> str | None:
    """Return what stands in one column of a raw line, or None where the line is too broken to say."""
    format_ = file_type.format.copied
    if format_.type == "json":
        return _json_value(line, column, columns, format_)
    if format_.type == "fixed_width":
        return _fixed_width_value(line, column, file_type.columns)
    if not format_.has_lines:
        return None
    try:
        values = dict(zip(columns, _fields(line, format_), strict=False))
    except csv.Error:
        return None
    return values.get(column)


def _fields(line: str, format_: Format) -> list[str]:
    """Split a line; raises csv.Error where it cannot be one, as with a carriage return in its midst."""
    delimiter = unescaped(format_.delimiter) if format_.delimiter else _DELIMITERS[format_.type]
    is_csv = format_.type == "csv"
    if len(delimiter) != 1 or not (is_csv or format_.removequotes or format_.escape):
        return line.split(delimiter)
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    reader = csv.reader(
        [line],
        delimiter=delimiter,
        quotechar=format_.quote or '"',
        quoting=csv.QUOTE_MINIMAL if is_csv or format_.removequotes else csv.QUOTE_NONE,
        escapechar="\\" if format_.escape else None,
        skipinitialspace=is_csv,
    )
    return next(reader, [])


def _fixed_width_value(line: str, name: str, columns: Sequence[Column]) -> str | None:
    at = 0
    for column in columns:
        end = at + (column.width or 0)
        if column.name == name:
            return line[at:end] if at < len(line) else None
        at = end
    return None


def _json_value(line: str, column: str, columns: Sequence[str], format_: Format) -> str | None:
    try:
        document = json.loads(line)
        if format_.jsonpaths:
            value = value_at(document, format_.jsonpaths[list(columns).index(column)])
        elif format_.ignorecase:
            value = {key.lower(): value for key, value in document.items()}.get(column)
        else:
            value = document.get(column)
    except (ValueError, AttributeError, LookupError, TypeError, RecursionError):
        return None
    return value if value is None or isinstance(value, str) else json.dumps(value)
