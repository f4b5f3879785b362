"""Read the rows of a file in UTF-8, as COPY would; a row that does not have the format is rejected."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence

import ijson

from lakeport.errors import UnloadableFile
from lakeport.files.header import columns_of_file
from lakeport.files.json_text import reason_of, values_of
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.rows import Record
from lakeport.preparing.xml_rows import xml_records
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import Json
from lakeport.schema.text_format import NULL
from lakeport.schema.text_formats import Csv, Delimited
from lakeport.schema.xml_format import Xml
from lakeport.wording import amount

_MAX_ROW_CHARACTERS = 16 << 20  # COPY takes rows of at most 4 MB


def records_of(stream: Readable, file_type: FileType, name: str) -> Iterator[Record]:
    """Yield a record for each row; raises UnloadableFile if the rest of the file cannot be read."""
    if isinstance(file_type.format, Json):
        return _objects(stream, file_type, name)
    if isinstance(file_type.format, Xml):
        return xml_records(stream, file_type.format.row, file_type.file_columns, name)
    return _Table(stream, file_type, name).records()


class _Lines(Iterator[str]):
    """Iterate over lines with their ends, count them, and keep those of the current row."""

    def __init__(self, stream: Readable, name: str) -> None:
        raw = stream_of(chunks_of(stream))
        self._text = io.TextIOWrapper(raw, "utf-8-sig", errors="surrogateescape", newline="\n")
        self._name = name
        self._kept: list[str] = []
        self._characters = 0
        self.number = 0

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW_CHARACTERS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._kept.append(line)
        self._characters += len(line)
        if self._characters > _MAX_ROW_CHARACTERS:
            raise UnloadableFile(
                f"{self._name}: a row of more than {_MAX_ROW_CHARACTERS:,} characters starts in line "
                f"{self.number + 1 - len(self._kept)}; a closing quote may be missing; ask the sender for it again"
            )
        return line

    def taken(self) -> str:
        """Return the text of the lines since the last call, without the last line end."""
        text, self._kept, self._characters = "".join(self._kept), [], 0
        return text.rstrip("\r\n")


class _Table:
    """The rows of a csv, delimited or fixed_width file, or of a workbook's sheet, which was converted to CSV."""

    def __init__(self, stream: Readable, file_type: FileType, name: str) -> None:
        self._lines = _Lines(stream, name)
        self._name = name
        self._type = file_type
        self._format = file_type.text_format
        self._is_sheet = file_type.format.is_workbook
        self._null = self._format.null_text or NULL

    def records(self) -> Iterator[Record]:
        names = self._columns()
        known = {column.name for column in self._type.file_columns}
        for fields, line, broken in self._rows():
            raw = self._lines.taken()
            if not fields and not broken and (self._is_sheet or self._format.ignoreblanklines):
                continue
            problem = broken or self._problem_of(fields, names)
            values = zip(names, [*fields, *[None] * (len(names) - len(fields))], strict=False)
            row = {name: self._value(field) for name, field in values if name in known}
            # For a sheet, `line` is the row's number, because people do not see the CSV.
            yield Record(line, raw, row, problem)

    def _columns(self) -> Sequence[str]:
        """Skip the header and return the file's columns in its order."""
        lines = self._format.header_lines
        skipped = [line for line in (next(self._lines, None) for _ in range(lines)) if line is not None]
        self._lines.taken()
        if not self._format.has_header:
            return [column.name for column in self._type.file_columns]
        if len(skipped) < lines:
            raise UnloadableFile(f"{self._name} has no line {lines}, which must name the columns")
        return columns_of_file(self._type, skipped[-1].removesuffix("\n").removesuffix("\r")).names

    def _rows(self) -> Iterator[tuple[list[str], int, str]]:
        """Yield each row's fields, the line where it starts (in a sheet, its number), and its problem or ""."""
        if isinstance(self._format, Csv):
            yield from self._csv_rows(self._format)
            return
        columns = self._type.file_columns
        for line in self._lines:
            text = line.rstrip("\r\n")
            try:
                yield (self._format.fields_in_line(text, columns) if text else []), self._lines.number, ""
            except csv.Error as error:
                yield [], self._lines.number, str(error)

    def _csv_rows(self, format_: Csv) -> Iterator[tuple[list[str], int, str]]:
        csv.field_size_limit(_MAX_ROW_CHARACTERS)
        delimiter, quote = format_.delimiter_character, format_.quote_character
        reader = csv.reader(self._lines, delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True)
        number = format_.header_lines
        while True:
            begin = self._lines.number + 1
            number += 1
            try:
                fields, problem = next(reader), ""
            except StopIteration:
                return
            except csv.Error as error:
                fields, problem = [], f"not a valid line of a CSV file: {error}"
            yield fields, number if self._is_sheet else begin, problem

    def _problem_of(self, fields: Sequence[str], names: Sequence[str]) -> str:
        has_trailing = isinstance(self._format, Delimited) and len(fields) == len(names) + 1 and not fields[-1]
        if len(fields) > len(names) and not has_trailing:
            return f"{amount(len(fields), 'field')}, but {amount(len(names), 'column')}"
        may_lack = self._is_sheet or self._format.may_lack_fields
        if len(fields) < len(names) and not may_lack:
            return f"{amount(len(fields), 'field')}, but {amount(len(names), 'column')}"
        return ""

    def _value(self, field: str | None) -> str | None:
        return None if field is None or field == self._null or (self._is_sheet and field == "") else field


def _objects(stream: Readable, file_type: FileType, name: str) -> Iterator[Record]:
    """Yield consecutive JSON objects with their numbers; numbers in them keep every digit."""
    number = 0
    try:
        for number, value in enumerate(values_of(stream, name), start=1):
            raw = json.dumps(value, default=str, ensure_ascii=False)
            if isinstance(value, dict):
                yield Record(number, raw, value)
            else:
                yield Record(number, raw, {}, "not a JSON object")
    except (ijson.JSONError, ValueError) as error:
        reason = file_type.rejects.values_in_message(reason_of(error))
        found = f"{name}: invalid JSON after object {number}: {reason}"
        raise UnloadableFile(f"{found}; ask the sender for valid JSON") from error
