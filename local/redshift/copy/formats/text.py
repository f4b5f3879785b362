"""What CSV and delimited text share: whole records go to the fast path, and only doubtful pieces go row by row."""

import dataclasses
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from local.redshift.copy import rows, utf8
from local.redshift.copy.rows import INVALID_LINE, Record, Reject, RowChecker
from local.redshift.copy.vectors import Converted, VectorChecker
from local.redshift.protocol.errors import FieldError

CHUNK_BYTES = 4 << 20
SMALL_BYTES = 16 << 10
WINDOW_BYTES = 64 << 10
LONGEST_RECORD_BYTES = 64 << 20
LONGEST_RUN = 1024
MOST_DOUBTFUL = 8  # one row in so many: a chunk with more is cut up instead
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
UNIT_SEPARATOR = "\x1f"  # stands for a delimiter that Arrow cannot take

_BLANK_LINE = re.compile(rb"\n\n")  # quicker than `in`

Report = Callable[[Reject], None]
"""Takes a rejected record; raises to end the load."""


class Stream(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Incomplete(Exception):
    """The record goes on beyond the text at hand."""


class TextReader(ABC):
    """Reads one file; a subclass knows its record and field boundaries."""

    accepts_trailing_delimiter = False

    def __init__(self, checker: RowChecker, report: Report) -> None:
        self.checker = checker
        self.options = checker.options
        self.vectors = VectorChecker(checker)
        self.report = report
        self.lines_scanned = 0

    @abstractmethod
    def sound_end(self, data: bytes, *, is_final: bool) -> tuple[int, bool]:
        """Return how many bytes hold whole records of sound syntax, and whether unsound syntax follows them."""

    @abstractmethod
    def middle(self, piece: bytes) -> int:
        """Return a record boundary near the middle of a sound piece, 0 if there is none."""

    @abstractmethod
    def record(self, text: str, at: int, line: int, *, is_final: bool) -> tuple[int, Record | Reject]:
        """Read the record that starts at an offset; return where the next one starts. May raise Incomplete."""

    @abstractmethod
    def prepared(self, piece: bytes) -> tuple[bytes, str, str | None] | None:
        """Return the piece as Arrow can read it, its delimiter and its quote; None if Arrow cannot read it alike."""

    def is_for_postgres(self, piece: bytes) -> bool:  # noqa: ARG002
        """Return whether PostgreSQL would read the piece as COPY does, if every value is stored unchanged."""
        return False

    def may_have_blank_lines(self, piece: bytes) -> bool:
        return (
            piece.startswith((b"\n", b"\r\n"))
            or bool(_BLANK_LINE.search(piece))
            or (b"\r" in piece and b"\n\r\n" in piece)
        )

    def record_count(self, piece: bytes) -> int:
        """Return how many records a sound piece holds."""
        return piece.count(b"\n") + (not piece.endswith(b"\n"))

    def blocks(self, stream: Stream) -> Iterator[bytes]:
        """Yield the file's good rows as CSV for PostgreSQL."""
        data, line, is_final = self._after_header(stream)
        while data or not is_final:
            if not is_final:
                more = stream.read(CHUNK_BYTES)
                data, is_final = data + more, not more
            if len(data) > LONGEST_RECORD_BYTES and data.find(b"\n", 0, LONGEST_RECORD_BYTES + 1) < 0:
                data, line = self._after_long_line(data, stream, line), line + 1
                continue
            for piece, is_sound in self._pieces(data, is_final=is_final):
                if is_sound:
                    yield from self._block(piece, line)
                else:
                    yield self._by_row(piece, line)
                line += piece.count(b"\n")
                data = data[len(piece) :]

    def _after_header(self, stream: Stream) -> tuple[bytes, int, bool]:
        data, is_final = b"", False
        for line in range(self.options.header_lines):
            while (end := data.find(b"\n")) < 0 and not is_final:
                more = stream.read(CHUNK_BYTES)
                data, is_final = data + more, not more
            if end < 0:
                return b"", line, True
            data = data[end + 1 :]
        return data, self.options.header_lines, is_final

    def _after_long_line(self, data: bytes, stream: Stream, line: int) -> bytes:
        """Reject a line that is too long, before all of it is read; return what has been read of the lines after it."""
        self.lines_scanned += 1
        raw = utf8.decoded(data[:SMALL_BYTES])
        self.report(Reject(line + 1, raw, INVALID_LINE, f"Invalid line: it exceeds {LONGEST_RECORD_BYTES} bytes"))
        while (newline := data.find(b"\n")) < 0 and (data := stream.read(CHUNK_BYTES)):
            continue
        return data[newline + 1 :]

    def _pieces(self, data: bytes, *, is_final: bool) -> Iterator[tuple[bytes, bool]]:
        """Cut into runs of whole records, each of sound or of unsound syntax.

        Unsound records come one at a time while they are rare, and in growing runs where they are not.
        """
        at, window, run = 0, len(data), 1
        while at < len(data):
            rest, is_all = data[at : at + window], at + window >= len(data)
            end, is_unsound = self.sound_end(rest, is_final=is_final and is_all)
            if end:
                yield rest[:end], True
                window, run = window * 2, 1 if end > SMALL_BYTES else run
            elif is_unsound or len(rest) > LONGEST_RECORD_BYTES:
                rest = data[at:]
                end = self._unsound_end(rest, run, is_final=is_final or len(rest) > LONGEST_RECORD_BYTES)
                if end:
                    yield rest[:end], False
                window, run = WINDOW_BYTES, min(run * 2, LONGEST_RUN)
            elif not is_all:
                window = len(data)
                continue
            if not end:
                return
            at += end

    def _unsound_end(self, data: bytes, run: int, *, is_final: bool) -> int:
        """Return where the record reader is after a run of records; 0 if it needs more data for the first."""
        for window in (WINDOW_BYTES, len(data)):
            text, at = utf8.decoded(data[:window]), 0
            try:
                for _ in range(run):
                    if at < len(text):
                        at, _ = self.record(text, at, 0, is_final=is_final and window >= len(data))
            except Incomplete:
                pass
            if at:
                return len(text[:at].encode("utf-8", "surrogateescape"))
        return 0

    def _block(self, piece: bytes, line: int) -> Iterator[bytes]:
        converted = self._vectorised(piece)
        if converted is not None and not converted.doubtful:
            self.lines_scanned += converted.rows
            is_ready = converted.is_verbatim and self.is_for_postgres(piece)
            yield piece if is_ready else converted.encode(0, converted.rows)
        elif converted is not None and self._is_worth_picking(piece, converted):
            yield from self._picked(piece, line, converted)
        elif len(piece) > SMALL_BYTES and (cut := self.middle(piece)):
            yield from self._block(piece[:cut], line)
            yield from self._block(piece[cut:], line + piece.count(b"\n", 0, cut))
        else:
            yield self._by_row(piece, line)

    def _is_worth_picking(self, piece: bytes, converted: Converted) -> bool:
        """Return whether row n is line n and few rows are in doubt."""
        is_line_by_line = self.record_count(piece) == piece.count(b"\n") + (not piece.endswith(b"\n")) == converted.rows
        return is_line_by_line and len(converted.doubtful) <= converted.rows // MOST_DOUBTFUL

    def _picked(self, piece: bytes, line: int, converted: Converted) -> Iterator[bytes]:
        """Read the rows in doubt one by one, and keep the converted values of all others."""
        lines, done = piece.split(b"\n"), 0
        is_ready = converted.is_verbatim and self.is_for_postgres(piece)
        for row in [*converted.doubtful, converted.rows]:
            if is_ready:
                yield b"".join([each + b"\n" for each in lines[done:row]])
            else:
                yield converted.encode(done, row)
            self.lines_scanned += row - done
            if row < converted.rows:
                yield self._by_row(lines[row] + b"\n", line + row)
            done = row + 1

    def _by_row(self, piece: bytes, line: int) -> bytes:
        return rows.accepted(self._rows(piece, line), self.report)

    def _rows(self, piece: bytes, line: int) -> Iterator[rows.Values | Reject]:
        text, at = utf8.decoded(piece), 0
        while at < len(text):
            start = at
            at, record = self.record(text, at, line + 1, is_final=True)
            line += text.count("\n", start, at)
            if isinstance(record, Record) and self._is_skipped(record):
                continue
            self.lines_scanned += 1
            yield self._checked(record)

    def _is_skipped(self, record: Record) -> bool:
        return self.options.ignore_blank_lines and not record.raw

    def _checked(self, record: Record | Reject) -> rows.Values | Reject:
        if isinstance(record, Reject):
            return record
        found, wanted = len(record.fields), len(self.checker.columns)
        if found == wanted + 1 and self.accepts_trailing_delimiter and record.fields[-1] == "":
            record = Record(record.line, record.raw, record.fields[:-1], record.starts)
        elif found > wanted:
            return self._row_error(record, wanted, FieldError(1202, "Extra column(s) found"))
        elif found < wanted and not self.options.fill_record:
            return self._row_error(record, found - 1, FieldError(1214, "Delimiter not found"))
        return self.checker.check(record)

    def _row_error(self, record: Record, index: int, error: FieldError) -> Reject:
        """Errors of a whole record have no position."""
        return dataclasses.replace(self.checker.reject(record, index, error), position=0)

    def _vectorised(self, piece: bytes) -> Converted | None:
        if b"\0" in piece or piece.startswith(BYTE_ORDER_MARK) or _has_lone_return(piece):
            return None
        prepared = self.prepared(piece)
        if prepared is None:
            return None
        width = self._width(piece)
        try:
            table = self._table(*prepared, width)
        except pa.ArrowInvalid:
            return None
        if self._has_lost_blank_lines(piece, table.num_rows, width):
            return None
        return self._converted(table)

    def _table(self, prepared: bytes, delimiter: str, quote: str | None, width: int) -> pa.Table:
        """Read every column as text; raises ArrowInvalid when a record has another width than the first."""
        null_as = self.options.null_as
        names = [str(number) for number in range(width)]
        return pacsv.read_csv(
            pa.BufferReader(prepared),
            pacsv.ReadOptions(column_names=names, block_size=len(prepared) + 1),
            pacsv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote or False,
                newlines_in_values=quote is not None,
                ignore_empty_lines=self.options.ignore_blank_lines or width > 1,
            ),
            pacsv.ConvertOptions(
                check_utf8=False,  # it is checked where it matters, column by column
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=null_as is not None,
                null_values=[] if null_as is None else [null_as],
                quoted_strings_can_be_null=True,
            ),
        )

    def _has_lost_blank_lines(self, piece: bytes, rows: int, width: int) -> bool:
        """Arrow makes a row of a blank line or drops it, where COPY has a record that is too short."""
        if self.options.ignore_blank_lines or width == 1 or not self.may_have_blank_lines(piece):
            return False
        return rows != self.record_count(piece)

    def _width(self, piece: bytes) -> int:
        at = 0
        text = utf8.decoded(piece[:SMALL_BYTES] if b"\n" in piece[:SMALL_BYTES] else piece)
        while at < len(text):
            try:
                at, record = self.record(text, at, 0, is_final=False)
            except Incomplete:
                break
            if isinstance(record, Reject):
                break
            if not self._is_skipped(record):
                return len(record.fields)
        return len(self.checker.columns)

    def _converted(self, table: pa.Table) -> Converted | None:
        columns: Sequence[pa.Array] = [column.combine_chunks() for column in table.columns]
        found, wanted = len(columns), len(self.checker.columns)
        if found == wanted + 1 and self.accepts_trailing_delimiter:
            if columns[-1].null_count or pc.max(pc.binary_length(columns[-1])).as_py():
                return None
            columns = columns[:-1]
        elif found > wanted or (found < wanted and not self.options.fill_record):
            return None
        return self.vectors.convert(columns)


def run_without(delimiter: str, more: str = "") -> str:
    """Return the pattern of the longest run without a delimiter, a newline or any of some more characters.

    It never looks back, so a field of many megabytes costs no more than its length.
    """
    first = re.escape(delimiter[0])
    others = f"[^{first}{re.escape(more)}\n]"
    if len(delimiter) == 1 or delimiter[0] in more:
        return f"{others}*+"
    return f"(?:{others}++|(?!{re.escape(delimiter)}){first})*+"


def _has_lone_return(piece: bytes) -> bool:
    """Find a CR that no LF follows: Arrow would end a record there."""
    return b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")
