"""Read the columns of a header, and the value of one column in a raw line."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence

from lakeport.schema.file_format import Format
from lakeport.schema.file_type import FileType
from lakeport.schema.json_paths import value_at
from lakeport.schema.table import Column

MAX_FIELD_CHARACTERS = 1 << 30  # the reader's own limit of 128 KiB is less than a rejected value may have


def value_in_line(line: str, column: str, columns: Sequence[str], file_type: FileType) -> str | None:
    """Return the value of one column in a raw line, or None if the line is too damaged to tell."""
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
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
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
