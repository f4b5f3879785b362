"""Keep the lines of a text file that are rows: `format.lines` and `format.trailer_lines` of a schema."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Protocol

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable, chunks_of, stream_of
from lakeport.preparing.rejections import Rejection
from lakeport.preparing.rows import MAX_REJECTED, RAW_CHARACTERS
from lakeport.schema.file_format import Format
from lakeport.schema.text_format import MAX_FIELD_CHARACTERS, TextFormat
from lakeport.schema.text_formats import Csv, Delimited
from lakeport.wording import amount

_MAX_ROW_BYTES = 16 << 20  # COPY takes rows of at most 4 MB
_PIECE_BYTES = 1 << 18
_BOM = b"\xef\xbb\xbf"
_Line = tuple[int, bytes]


class Notes(Protocol):
    """What keeps the line of the file of each line that is written."""

    def note(self, line: int) -> None:
        """Note the line of the next line."""
        ...


class RecentLines:
    """The lines of the file of what was read last from a stream of selected lines."""

    def __init__(self) -> None:
        self._written = 0
        self._runs: deque[tuple[int, int]] = deque()

    def note(self, line: int) -> None:
        """Note the line of the next line."""
        self._written += 1
        if not self._runs or line - self._written != self._runs[-1][1] - self._runs[-1][0]:
            self._runs.append((self._written, line))

    def line_of(self, written: int) -> int:
        """Return the line of a line of the stream; ask for lines in their order."""
        while len(self._runs) > 1 and self._runs[1][0] <= written:
            self._runs.popleft()
        first, line = self._runs[0]
        return line + written - first


class SelectedLines:
    """The header and the rows of a file in UTF-8, as a stream; `notes` gets the line of each of its lines.

    `rejected` are the lines with an unknown prefix; it is complete once the stream was read.
    """

    def __init__(self, text: Readable, format_: TextFormat, name: str, notes: Notes) -> None:
        self._format, self._name, self._notes = format_, name, notes
        self._lines = _without_last(_numbered(text, name), format_, name)
        self._prefixes = format_.lines.in_bytes if format_.lines else ((b"", "data"),)
        self.rejected: list[Rejection] = []
        self.stream: IO[bytes] = stream_of(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        piece, size = list[bytes](), 0
        for number, text in self._kept():
            self._notes.note(number)
            piece.append(text)
            size += len(text)
            if size > _PIECE_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
        yield b"".join(piece)

    def _kept(self) -> Iterator[_Line]:
        for _ in range(self._format.header_lines):
            line = next(self._lines, None)
            if line is None:
                return
            yield line
        for number, text in self._lines:
            type_ = self._type_of(text.removeprefix(_BOM) if number == 1 else text)
            if type_ == "data":
                yield number, text
                yield from self._rest_of_row(text)
            elif type_ is None:
                self._reject(number, text)

    def _type_of(self, text: bytes) -> str | None:
        if self._format.ignoreblanklines and not text.strip():
            return "skip"
        return next((type_ for prefix, type_ in self._prefixes if text.startswith(prefix)), None)

    def _rest_of_row(self, text: bytes) -> Iterator[_Line]:
        """Yield the further lines of a row whose first line ends inside a field."""
        if isinstance(self._format, Csv) and self._format.quote_character.encode() in text:
            yield from self._rest_of_quoted(self._format, text)
        elif isinstance(self._format, Delimited) and self._format.escape:
            while _ends_with_backslash(text) and (line := next(self._lines, None)):
                text = line[1]
                yield line

    def _rest_of_quoted(self, format_: Csv, text: bytes) -> Iterator[_Line]:
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        taken, characters = list[_Line](), 0

        def lines() -> Iterator[str]:
            nonlocal characters
            yield text.decode("utf-8", "surrogateescape")
            for line in self._lines:
                taken.append(line)
                characters += len(line[1])
                if characters > _MAX_ROW_BYTES:
                    raise _too_long(self._name, taken[0][0] - 1)
                yield line[1].decode("utf-8", "surrogateescape")

        delimiter, quote = format_.delimiter_character, format_.quote_character
        reader = csv.reader(lines(), delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True)
        with suppress(csv.Error):  # COPY rejects such a row
            next(reader, None)
        yield from taken

    def _reject(self, number: int, text: bytes) -> None:
        if len(self.rejected) >= MAX_REJECTED:
            raise UnloadableFile(f"{self._name}: more than {MAX_REJECTED:,} lines have an unknown prefix")
        raw = text.rstrip(b"\r\n").decode("utf-8", "backslashreplace")[:RAW_CHARACTERS]
        reason = f"unknown prefix; format.lines has {self._format.lines}"
        self.rejected.append(Rejection(number, "", reason, raw))


def selected_lines(text: Readable, format_: Format, name: str, notes: Notes) -> SelectedLines | None:
    """Return the selected lines of a file, or None if its format selects none."""
    if not isinstance(format_, TextFormat) or not format_.selects_lines:
        return None
    return SelectedLines(text, format_, name, notes)


def _numbered(stream: Readable, name: str) -> Iterator[_Line]:
    whole, number = stream_of(chunks_of(stream)), 0
    while text := whole.readline(_MAX_ROW_BYTES + 1):
        number += 1
        if len(text) > _MAX_ROW_BYTES:
            raise _too_long(name, number)
        yield number, text


def _without_last(lines: Iterator[_Line], format_: TextFormat, name: str) -> Iterator[_Line]:
    """Yield the lines before the trailer; raises UnloadableFile if the file is shorter than header and trailer."""
    held, count, skipped = deque[_Line](), 0, format_.header_lines + format_.trailer_lines
    for line in lines:
        held.append(line)
        count += 1
        if len(held) > format_.trailer_lines:
            yield held.popleft()
    if format_.trailer_lines and count < skipped:
        raise UnloadableFile(
            f"{name} has {amount(count, 'line')}, fewer than the {skipped} that "
            "format.header_lines and format.trailer_lines skip; ask the sender for the whole file"
        )


def _too_long(name: str, number: int) -> UnloadableFile:
    return UnloadableFile(
        f"{name}: a row of more than {_MAX_ROW_BYTES:,} bytes starts in line {number}; a closing quote may be missing; "
        "ask the sender for it again"
    )


def _ends_with_backslash(text: bytes) -> bool:
    text = text.rstrip(b"\r\n")
    return (len(text) - len(text.rstrip(b"\\"))) % 2 == 1
