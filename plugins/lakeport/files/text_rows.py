"""The rows of a text file with their lines, as COPY splits them, without what COPY itself rejects."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from lakeport.schema.column import Column
from lakeport.schema.text_format import MAX_FIELD_CHARACTERS, TextFormat
from lakeport.schema.text_formats import Csv

_MAX_ROW_CHARACTERS = 16 << 20  # COPY takes rows of at most 4 MB; a closing quote may be missing


@dataclass(frozen=True)
class TextRow:
    """The fields of a row, the line where it starts and the number of its lines."""

    line: int
    lines: int
    fields: list[str]


class _Lines(Iterator[str]):
    def __init__(self, stream: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="\n")
        self.number = 0
        self.characters = 0

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW_CHARACTERS)
        self.characters += len(line)
        if not line or self.characters > _MAX_ROW_CHARACTERS:
            raise StopIteration
        self.number += 1
        return line


def text_rows(stream: IO[bytes], format_: TextFormat, columns: Sequence[Column]) -> Iterator[TextRow]:
    """Yield the rows after the skipped lines; a row that is not valid in the format is left out."""
    lines = _Lines(stream)
    for _ in range(format_.skipped_lines):
        next(lines, None)
    if not isinstance(format_, Csv):
        for line in lines:
            lines.characters = 0
            yield TextRow(lines.number, 1, format_.fields_in_line(line.rstrip("\r\n"), columns))
        return
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    delimiter, quote = format_.delimiter_character, format_.quote_character
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True)
    while True:
        first, lines.characters = lines.number + 1, 0
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            continue
        yield TextRow(first, lines.number + 1 - first, fields)
