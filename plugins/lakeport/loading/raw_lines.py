"""Read the full lines of rejected rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from lakeport.files import object_content
from lakeport.model import CopySource
from lakeport.preparing.origins import lines_of_rows
from lakeport.schema.file_type import FileType
from lakeport.schema.text_format import MAX_FIELD_CHARACTERS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def raw_lines(
    s3: S3Client, source: CopySource, numbers: Iterable[int], file_type: FileType
) -> dict[int, tuple[int, str]]:
    """Return the lines that COPY reports by number, each with its number in the landed file."""
    copied = file_type.copied
    if not copied.has_lines:
        return {}
    if source.rows_taken is not None or file_type.format.is_workbook:
        return _written_rows(s3, source, set(numbers))
    lines = object_content.read_lines(s3, source, numbers, copied.text_encoding)
    origins = lines_of_rows(s3, source, lines) if lines and source.has_selected_lines else {}
    return {number: (origins.get(number, number), line) for number, line in lines.items()}


def _written_rows(s3: S3Client, source: CopySource, numbers: set[int]) -> dict[int, tuple[int, str]]:
    """Return rows of the CSV that was written for COPY, where a value may have line breaks.

    Each has its row number, or its line in the landed file if a transform wrote it.
    """
    found: dict[int, tuple[int, str]] = {}
    if not numbers:
        return found
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    with object_content.opened(s3, source) as stream:
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
