"""Delimited text: a newline ends the record, unless ESCAPE takes it back; quotes are data, unless REMOVEQUOTES."""

import re

from local.redshift.copy.formats.text import UNIT_SEPARATOR, Incomplete, Report, TextReader, run_without
from local.redshift.copy.rows import Record, Reject, RowChecker
from local.redshift.protocol.errors import FieldError

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TRAILING_BACKSLASHES = re.compile(rb"(?<!\\)(?:\\\\)*\\\n\Z")


class DelimitedReader(TextReader):
    accepts_trailing_delimiter = True

    def __init__(self, checker: RowChecker, report: Report) -> None:
        super().__init__(checker, report)
        self.delimiter = self.options.delimiter
        delimiter = re.escape(self.delimiter)
        field = run_without(self.delimiter, "\\" if self.options.escape else "")
        field = rf"(?:{field}(?:\\.|\\\Z))*+{field}" if self.options.escape else field
        inside = r"(?:[^'\"\\\n]++|\\.|['\"])" if self.options.escape else r"[^\n]"
        self._field = re.compile(field, re.DOTALL)
        self._quoted = re.compile(rf"(['\"])({inside}*?)\1(?={delimiter}|\r?\n|\r?\Z)", re.DOTALL)

    def sound_end(self, data: bytes, *, is_final: bool) -> tuple[int, bool]:
        if is_final:
            return len(data), False
        return self._newline_before(data, len(data)), False

    def middle(self, piece: bytes) -> int:
        return self._newline_before(piece, len(piece) // 2)

    def _newline_before(self, data: bytes, at: int) -> int:
        while (newline := data.rfind(b"\n", 0, at)) >= 0:
            if not self.options.escape or not self._is_escaped(data, newline):
                return newline + 1
            at = newline
        return 0

    def _is_escaped(self, data: bytes, newline: int) -> bool:
        start = max(data.rfind(b"\n", 0, newline), 0)
        return bool(_TRAILING_BACKSLASHES.search(data[start : newline + 1]))

    def record(self, text: str, at: int, line: int, *, is_final: bool) -> tuple[int, Record | Reject]:
        start, values, starts = at, list[str | None](), list[int]()
        is_unclosed = False
        while True:
            starts.append(at - start)
            quoted = self._quoted.match(text, at) if self.options.remove_quotes else None
            end = quoted.end() if quoted else self._field.match(text, at).end()  # type: ignore[union-attr]
            is_last = not text.startswith(self.delimiter, end)
            raw = quoted[2] if quoted else text[at:end]
            is_unclosed |= self.options.remove_quotes and not quoted and raw.startswith(("'", '"'))
            values.append(self._value(raw.removesuffix("\r") if is_last and not quoted else raw))
            if is_unclosed or is_last:
                break
            at = end + len(self.delimiter)
        newline = text.find("\n", end)
        if newline < 0 and not is_final:
            raise Incomplete
        after = newline + 1 or len(text)
        record = Record(line, text[start : newline if newline >= 0 else after].removesuffix("\r"), values, starts)
        if is_unclosed:
            return after, self.checker.reject(record, len(values) - 1, FieldError(1214, "Delimiter not found"))
        return after, record

    def _value(self, raw: str) -> str | None:
        if not self.options.escape or "\\" not in raw:
            return raw
        if raw in ("\\N", "\\\\N") and self.options.null_as == "\\N":
            return None
        return _ESCAPED.sub(r"\1", raw)

    def prepared(self, piece: bytes) -> tuple[bytes, str, str | None] | None:
        if self.options.escape and b"\\" in piece:
            return None
        if self.options.remove_quotes and (b'"' in piece or b"'" in piece):
            return None
        delimiter = self.delimiter.encode()
        if len(delimiter) == 1:
            return piece, self.delimiter, None
        if UNIT_SEPARATOR.encode() in piece:
            return None
        return piece.replace(delimiter, UNIT_SEPARATOR.encode()), UNIT_SEPARATOR, None
