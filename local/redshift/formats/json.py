"""JSON: documents one after the other, matched to columns by their keys; a document may span lines."""

import json
import re
from collections.abc import Iterator

import orjson
import pyarrow as pa

from local.redshift import rows, utf8
from local.redshift.errors import FieldError
from local.redshift.formats.shredding import Json, Shred
from local.redshift.formats.text import CHUNK_BYTES, Report, Stream
from local.redshift.rows import Record, Reject, RowChecker
from local.redshift.vectors import VectorChecker

LONGEST_DOCUMENT_BYTES = 4 << 20
_BLANK = re.compile(r"\s*")
_NEXT_DOCUMENT = re.compile(r"\n\s*(?=[{\[])")


class JsonReader:
    """Reads one file."""

    def __init__(self, checker: RowChecker, report: Report, shred: Shred) -> None:
        self.checker = checker
        self.options = checker.options
        self.vectors = VectorChecker(checker)
        self.report = report
        self.lines_scanned = 0
        self.shred = shred
        self._decoder = json.JSONDecoder()

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
        block = self._one_document_a_line(piece)
        if block is not None:
            return len(piece), block
        return self._one_by_one(utf8.decoded(piece), line, is_final=is_final)

    def _one_document_a_line(self, piece: bytes) -> bytes | None:
        try:
            documents = [orjson.loads(line) for line in piece.split(b"\n") if line.strip()]
        except orjson.JSONDecodeError:
            return None
        if not documents or not all(type(document) in (dict, list) for document in documents):
            return None
        try:
            values = zip(*map(self.shred, documents), strict=True)
        except FieldError:
            return None
        block = self.vectors.encode([pa.array(column, pa.string()) for column in values])
        if block is not None:
            self.lines_scanned += len(documents)
        return block

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
        try:
            _, end = self._decoder.raw_decode(text, start)
            return end, orjson.loads(text[start:end].encode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return -1, None

    def _checked(self, text: str, start: int, end: int, document: Json, line: int) -> tuple[rows.Values | Reject, int]:
        if end < 0:
            found = _NEXT_DOCUMENT.search(text, start)
            end = found.end() if found else len(text)
            junk = Record(line + 1, text[start:end].strip(), [])
            return self._reject(junk, "Invalid JSON: no document starts here, or it does not end"), end
        record = Record(line + 1 + text.count("\n", start, end), text[start:end], [])
        try:
            return self.checker.check(Record(record.line, record.raw, self.shred(document))), end
        except FieldError as error:
            return self._reject(record, error.reason), end

    def _reject(self, record: Record, reason: str) -> Reject:
        return self.checker.reject(record, len(self.checker.columns), FieldError(1216, reason))


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
