"""JSON: documents one after the other, matched to columns by their keys; a document may span lines."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from local.redshift.copy import rows, utf8
from local.redshift.copy.columns import Column, Type
from local.redshift.copy.formats.shredding import Json, Shred
from local.redshift.copy.formats.text import CHUNK_BYTES, Report, Stream
from local.redshift.copy.rows import Record, Reject, RowChecker
from local.redshift.copy.vectors import VectorChecker
from local.redshift.protocol.errors import FieldError

LONGEST_DOCUMENT_BYTES = 4 << 20
_HALVED_BYTES = 1 << 20  # a thread for less is not worth it
_TOO_LONG = f"JSON object or array exceeds {LONGEST_DOCUMENT_BYTES} bytes"
_DIGITS = bytes(ord("0") if chr(octet) in "0123456789." else ord(" ") for octet in range(256))
_NO_NUMBERS = (b"NaN", b"Inf")  # Arrow takes them for numbers, JSON does not have them
_LONG_NUMBER = b"0" * 16  # its digits may not survive floating point, or exceed BIGINT
_ARROW_TYPES = {
    Type.SMALLINT: pa.int16(),
    Type.INTEGER: pa.int32(),
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.BOOLEAN: pa.bool_(),
}
_CHECKED_BY_ARROW = (Type.SMALLINT, Type.INTEGER, Type.BIGINT, Type.DECIMAL)
_NOT_FOR_ARROW = (Type.SUPER, Type.REAL)
_BLANK = re.compile(r"\s*")
_NEXT_START = re.compile(r"[{\[]")
_NEXT_DOCUMENT = re.compile(r"\n\s*(?=[{\[])")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonReader:
    """Reads one file."""

    def __init__(self, checker: RowChecker, report: Report, shred: Shred) -> None:
        self.checker = checker
        self.options = checker.options
        self.vectors = VectorChecker(checker)
        self.report = report
        self.lines_scanned = 0
        self.shred = shred
        self._arrow_schema = _arrow_schema(checker)
        self._has_floats = any(column.type is Type.DOUBLE for column in checker.columns)
        self._has_other_members = False
        self._cores = ThreadPoolExecutor(2)
        self._decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_json)

    def blocks(self, stream: Stream) -> Iterator[bytes]:
        """Yield the file's good rows as CSV for PostgreSQL."""
        data, line, is_final, headers = b"", 0, False, self.options.header_lines
        while data or not is_final:
            if not is_final:
                more = stream.read(CHUNK_BYTES)
                data, is_final = data + more, not more
            while headers and data:
                end = data.find(b"\n") + 1 or len(data)
                data, line, headers = data[end:], line + 1, headers - 1
            end = len(data) if is_final else data.rfind(b"\n") + 1
            taken, block = self._piece(data[:end], line, is_final=is_final)
            if block:
                yield block
            line += data.count(b"\n", 0, taken)
            data = data[taken:]

    def _piece(self, piece: bytes, line: int, *, is_final: bool) -> tuple[int, bytes]:
        """Read the documents of some lines; return how many bytes were used and the rows."""
        block = None
        has_escaped_nul = b"\\" in piece and b"\\u0000" in piece  # the first alone is quicker to find
        if not has_escaped_nul and b"\0" not in piece and not _has_long_line(piece):
            block = self._in_halves(piece)
            block = self._one_document_a_line(piece, line) if block is None else block
        if block is not None:
            return len(piece), block
        return self._one_by_one(utf8.decoded(piece), line, is_final=is_final)

    def _in_halves(self, piece: bytes) -> bytes | None:
        """Let two cores read the lines; None where one of them cannot."""
        middle = piece.rfind(b"\n", 0, len(piece) // 2) + 1 if len(piece) >= _HALVED_BYTES else 0
        parts = [part for part in (piece[:middle], piece[middle:]) if part]
        read = list(self._cores.map(self._by_arrow, parts)) if len(parts) > 1 else list(map(self._by_arrow, parts))
        blocks = [each[0] for each in read if each]
        if len(blocks) < len(parts):
            return None
        self.lines_scanned += sum(each[1] for each in read if each)
        return b"".join(blocks)

    def _by_arrow(self, piece: bytes) -> tuple[bytes, int] | None:
        """Let Arrow read objects whose members are of their columns' types; None for any other piece."""
        if self._arrow_schema is None or (self._has_floats and _LONG_NUMBER in piece.translate(_DIGITS)):
            return None
        try:
            if not piece.isascii():
                piece.decode()
            table = self._table(piece)
            columns = [column.combine_chunks() for column in table.columns]
            texts = [
                column if kind.type in _CHECKED_BY_ARROW and not kind.is_in_64_bits else pc.cast(column, pa.string())
                for column, kind in zip(columns, self.checker.columns, strict=True)
            ]
        except (pa.ArrowInvalid, UnicodeDecodeError):
            return None
        block = self.vectors.encode(texts) if table.num_rows else b""
        return None if block is None else (block, table.num_rows)

    def _table(self, piece: bytes) -> pa.Table:
        """Read members that are columns; raises ArrowInvalid.

        Only floating-point numbers, and members without a column, may be what Arrow takes for a number and JSON does
        not: a search for it costs as much as a quarter of the reading.
        """
        try:
            if not self._has_floats and not self._has_other_members:
                return self._read_table(piece, "error")
        except pa.ArrowInvalid:
            self._has_other_members = True
        if any(word in piece for word in _NO_NUMBERS):
            raise pa.ArrowInvalid("not JSON")
        return self._read_table(piece, "ignore")

    def _read_table(self, piece: bytes, other_members: str) -> pa.Table:
        return pajson.read_json(
            pa.BufferReader(piece),
            pajson.ReadOptions(use_threads=False, block_size=len(piece) + 1),
            pajson.ParseOptions(explicit_schema=self._arrow_schema, unexpected_field_behavior=other_members),
        )

    def _one_document_a_line(self, piece: bytes, line: int) -> bytes | None:
        """Read a document from each line that is not blank; None when there is more or less in one."""
        numbered = [(number, text) for number, text in enumerate(piece.split(b"\n"), line + 1) if text.strip()]
        try:
            documents = [orjson.loads(text) for _, text in numbered]
        except orjson.JSONDecodeError:
            return None
        if not documents or not all(type(document) in (dict, list) for document in documents):
            return None
        values, doubtful = list[rows.Values](), set[int]()
        for at, document in enumerate(documents):
            try:
                values.append(self.shred(document))
            except FieldError:
                values.append([None] * len(self.checker.columns))
                doubtful.add(at)
        converted = self.vectors.convert([pa.array(column, pa.string()) for column in zip(*values, strict=True)])
        if converted is None:
            return None
        blocks, done = list[bytes](), 0
        for at in sorted(doubtful | set(converted.doubtful)):
            blocks.append(converted.encode(done, at))
            number, text = numbered[at]
            blocks.append(self._row(documents[at], Record(number, utf8.decoded(text).strip(), [])))
            done = at + 1
        self.lines_scanned += len(documents)
        return b"".join([*blocks, converted.encode(done, len(documents))])

    def _row(self, document: Json, record: Record) -> bytes:
        try:
            checked = self.checker.check(Record(record.line, record.raw, self.shred(document)))
        except FieldError as error:
            checked = self._reject(record, error.reason)
        if isinstance(checked, Reject):
            self.report(checked)
            return b""
        return rows.encode([checked])

    def _one_by_one(self, text: str, line: int, *, is_final: bool) -> tuple[int, bytes]:
        good, at = [], 0
        while (start := _after_blank(text, at)) < len(text):
            end, document = self._document(text, start)
            if end < 0 and not is_final and len(text) - start < LONGEST_DOCUMENT_BYTES:
                break
            line += text.count("\n", at, start)
            checked, at = self._checked(text, start, end, document, line)
            line += text.count("\n", start, at)
            self.lines_scanned += 1
            if isinstance(checked, Reject):
                self.report(checked)
            else:
                good.append(checked)
        else:
            at = len(text)
        return len(text[:at].encode("utf-8", "surrogateescape")), rows.encode(good)

    def _document(self, text: str, start: int) -> tuple[int, Json]:
        """Return where the document that starts here ends, and the document; -1 if there is none."""
        if text[start] not in "{[":
            return -1, None
        try:
            document, end = self._decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            return -1, None
        try:
            return end, orjson.loads(text[start:end].encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError:  # bytes that are not UTF-8, which the row checker judges, or a huge number
            return (-1, None) if _ESCAPED_SURROGATE.search(text, start, end) else (end, document)

    def _checked(self, text: str, start: int, end: int, document: Json, line: int) -> tuple[rows.Values | Reject, int]:
        if end < 0:
            is_document = text[start] in "{["  # a broken one: only the start of the next line marks its end
            found = (_NEXT_DOCUMENT if is_document else _NEXT_START).search(text, start)
            end = (found.end() if is_document else found.start()) if found else len(text)
            junk = Record(line + 1, text[start:end].strip(), [])
            return self._reject(junk, "Invalid JSON: no document starts here, or it does not end"), end
        record = Record(line + 1 + text.count("\n", start, end), text[start:end], [])
        if end - start > LONGEST_DOCUMENT_BYTES:
            return self._reject(record, _TOO_LONG), end
        try:
            return self.checker.check(Record(record.line, record.raw, self.shred(document))), end
        except FieldError as error:
            return self._reject(record, error.reason), end

    def _reject(self, record: Record, reason: str) -> Reject:
        return self.checker.reject(record, len(self.checker.columns), FieldError(1216, reason))


def _arrow_schema(checker: RowChecker) -> pa.Schema | None:
    """Return what Arrow is to find in each document, None where it cannot replace the reader."""
    columns = checker.columns
    if checker.options.json_paths != "auto" or any(column.type in _NOT_FOR_ARROW for column in columns):
        return None
    return pa.schema([(column.name, _arrow_type(column)) for column in columns])


def _arrow_type(column: Column) -> pa.DataType:
    if column.type is Type.DECIMAL:
        return pa.decimal128(column.length, column.scale)
    return _ARROW_TYPES.get(column.type, pa.string())


def _has_long_line(piece: bytes) -> bool:
    # In a piece less than twice as long, a long line would cover all between these two places.
    if piece.find(b"\n", max(len(piece) - LONGEST_DOCUMENT_BYTES, 0), LONGEST_DOCUMENT_BYTES) >= 0:
        return False
    return len(piece) > LONGEST_DOCUMENT_BYTES and max(map(len, piece.split(b"\n"))) > LONGEST_DOCUMENT_BYTES


def _no_json(constant: str) -> Json:
    raise ValueError(f"{constant} is not valid JSON")


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
