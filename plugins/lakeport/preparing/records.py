"""Read a file's rows out of its text in UTF-8, as COPY would: what is no row of its format is a rejected one."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from textwrap import shorten

import ijson

from lakeport.errors import UnloadableFile
from lakeport.files.header import columns_of_file
from lakeport.files.json_text import JsonText
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.rows import Record
from lakeport.schema.file_type import FileType
from lakeport.schema.record_formats import Json
from lakeport.schema.text_formats import Csv

NULL = "\\N"
"""COPY's own word for NULL."""
_MAX_ROW_CHARACTERS = 16 << 20  # COPY takes rows of at most 4 MB


def records_of(stream: Readable, file_type: FileType, name: str) -> Iterator[Record]:
    """Yield a record for each row; raises UnloadableFile where the file cannot be read on."""
    if isinstance(file_type.format, Json):
        return _objects(stream, name)
    return _Table(stream, file_type, name).records()


class _Lines(Iterator[str]):
    """Lines with their ends, counted, and those of the row at hand kept."""

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
                f"{self._name}: a row of more than {_MAX_ROW_CHARACTERS:,} characters begins in line "
                f"{self.number + 1 - len(self._kept)}, maybe with a quote that is never closed"
            )
        return line

    def taken(self) -> str:
        """Return the text of the lines since it was asked last, without the last one's end."""
        text, self._kept, self._characters = "".join(self._kept), [], 0
        return text.rstrip("\r\n")


class _Table:
    """The rows of a csv, delimited or fixed_width file, or of a workbook's sheet, which has become CSV before."""

    def __init__(self, stream: Readable, file_type: FileType, name: str) -> None:
        self._lines = _Lines(stream, name)
        self._name = name
        self._type = file_type
        self._format = file_type.text_format
        self._is_sheet = file_type.format.is_workbook
        self._null = self._format.null_as or NULL

    def records(self) -> Iterator[Record]:
        names = self._columns()
        known = {column.name for column in self._type.file_columns}
        for fields, line, broken in self._rows():
            raw = self._lines.taken()
            if not fields and not broken and (self._is_sheet or self._format.ignoreblanklines):
                continue
            problem = broken or self._objection(fields, names)
            values = zip(names, [*fields, *[None] * (len(names) - len(fields))], strict=False)
            row = {name: self._value(field) for name, field in values if name in known}
            # In a sheet the line of the CSV is no number that anybody sees: the row's is.
            yield Record(line, raw, row, problem)

    def _columns(self) -> Sequence[str]:
        """Skip the header and return the file's columns in its order."""
        lines = self._format.header_lines
        header = [line.rstrip("\r\n") for line in (next(self._lines, None) for _ in range(lines)) if line is not None]
        self._lines.taken()
        if not self._format.has_header:
            return [column.name for column in self._type.file_columns]
        if len(header) < lines:
            raise UnloadableFile(f"{self._name} has no line {lines}, which should name its columns")
        return columns_of_file(self._type, header[-1]).names

    def _rows(self) -> Iterator[tuple[list[str], int, str]]:
        """Yield each row's fields, the line it begins in (of a sheet, its number), and what keeps it from being one."""
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
                fields, problem = [], f"this is no line of a CSV file: {error}"
            yield fields, number if self._is_sheet else begin, problem

    def _objection(self, fields: Sequence[str], names: Sequence[str]) -> str:
        if len(fields) > len(names):
            return f"{len(fields)} fields, but {len(names)} columns"
        may_lack = self._is_sheet or self._format.may_lack_fields
        if len(fields) < len(names) and not may_lack:
            return f"{len(fields)} fields, but {len(names)} columns"
        return ""

    def _value(self, field: str | None) -> str | None:
        return None if field is None or field == self._null or (self._is_sheet and field == "") else field


def _objects(stream: Readable, name: str) -> Iterator[Record]:
    """Yield the JSON objects that stand one after the other, counted; numbers keep every digit."""
    number, text = 0, JsonText(stream, name)
    try:
        for number, value in enumerate(ijson.items(text, "", multiple_values=True, use_float=False), start=1):
            text.value_ended()
            raw = json.dumps(value, default=str, ensure_ascii=False)
            if isinstance(value, dict):
                yield Record(number, raw, value)
            else:
                yield Record(number, raw, {}, "this is no JSON object")
    except (ijson.JSONError, ValueError) as error:
        told = shorten(str(error), 200)
        raise UnloadableFile(f"{name}: behind object {number} stands what is no JSON: {told}") from error
