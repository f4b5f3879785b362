"""What a file's text says of itself: the columns its header names, and the value in one column of a raw line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from lakeport.errors import UnloadableFile
from lakeport.files import s3_objects
from lakeport.model import CopySource
from lakeport.preparing.origins import lines_of_rows
from lakeport.schema.file_format import Format
from lakeport.schema.file_type import FileType
from lakeport.schema.json_paths import value_at
from lakeport.schema.table import Column

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MAX_FIELD_CHARACTERS = 1 << 30  # the reader's own limit of 128 KiB is less than a rejected value may have


def words_of_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return what stands in a header, as headers are compared: case and outer blanks do not count."""
    try:
        fields = fields_in_line(header.removeprefix("\ufeff"), file_type.format.copied)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]  # behind it Python gives a hint about its own calls
        raise UnloadableFile(f"the header is no line of a {file_type.format.type} file: {reason}") from error
    return tuple(field.strip().lower() for field in fields)


def columns_in_header(file_type: FileType, header: str) -> tuple[str, ...]:
    """Return the header's columns in the file's order, since COPY maps fields to columns by position.

    Raises UnloadableFile with the difference where they are not exactly the type's.
    """
    words = words_of_header(file_type, header)
    expected = [column.header_word for column in file_type.file_columns]
    found = "; ".join(f"{what}: {', '.join(named)}" for what, named in _differences(words, expected) if named)
    if found:
        raise UnloadableFile(
            f"the header does not fit schemas/{file_type.name}.yaml ({found}); "
            f"have the file sent with the columns {', '.join(_shown(expected))}, or change the schema"
        )
    names: dict[str, list[str]] = {}
    for column in file_type.file_columns:
        names.setdefault(column.header_word, []).append(column.name)
    return tuple(names[word].pop(0) for word in words)


def _differences(words: Sequence[str], expected: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield what a header lacks, has beyond the schema and says more often than the schema."""
    yield "missing", _shown(word for word in expected if words.count(word) < expected.count(word))
    yield "not in the schema", _shown(word for word in words if word not in expected)
    yield "there twice", sorted({word for word in words if words.count(word) > max(expected.count(word), 1)})


def _shown(words: Iterable[str]) -> list[str]:
    return [word or "(blank)" for word in words]


def raw_lines(
    s3: S3Client, source: CopySource, numbers: Iterable[int], file_type: FileType
) -> dict[int, tuple[int, str]]:
    """Return what stands in the lines COPY names, each with the number it has in the file that landed."""
    copied = file_type.copied
    if not copied.has_lines:
        return {}
    if file_type.transform.has_rows_function or file_type.format.type == "xlsx":
        return _written_rows(s3, source, set(numbers))
    lines = s3_objects.read_lines(s3, source, numbers, copied.encoding)
    return {number: (number, line) for number, line in lines.items()}


def _written_rows(s3: S3Client, source: CopySource, numbers: set[int]) -> dict[int, tuple[int, str]]:
    """Return rows of CSV that was written for COPY, where a value may hold line ends, so a row may be several lines.

    Each comes with its number, or where a transform wrote it with the line from which it made it.
    """
    found: dict[int, tuple[int, str]] = {}
    if not numbers:
        return found
    csv.field_size_limit(_MAX_FIELD_CHARACTERS)
    with s3_objects.opened(s3, source) as stream:
        reader, line = csv.reader(io.TextIOWrapper(stream, "utf-8", errors="replace", newline="\n")), 0
        for row, fields in enumerate(reader, start=1):
            for number in numbers.intersection(range(line + 1, reader.line_num + 1)):
                text = io.StringIO()
                csv.writer(text, lineterminator="\n").writerow(fields)
                found[number] = (row, text.getvalue().removesuffix("\n"))
            line = reader.line_num
    if source.rows_taken is None:
        return found
    lines = lines_of_rows(s3, source, [row - 1 for row, _ in found.values()])  # the first is the header
    return {number: (lines[row - 1], text) for number, (row, text) in found.items()}


def value_in_line(line: str, column: str, columns: Sequence[str], file_type: FileType) -> str | None:
    """Return what stands in one column of a raw line, or None where the line is too broken to say."""
    format_ = file_type.copied
    if format_.type == "json":
        return _json_value(line, column, columns, format_)
    if format_.type == "fixed_width":
        return _fixed_width_value(line, column, file_type.file_columns)
    if not format_.has_lines:
        return None
    try:
        values = dict(zip(columns, fields_in_line(line, format_), strict=False))
    except csv.Error:
        return None
    return values.get(column)


def fields_in_line(line: str, format_: Format) -> list[str]:
    """Split a line of a csv or delimited file.

    Raises csv.Error where it cannot be one, as with a carriage return in its midst.
    """
    delimiter = format_.delimiter_character
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
