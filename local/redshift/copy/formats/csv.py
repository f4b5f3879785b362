"""CSV: quoted fields may hold delimiters, newlines and doubled quotes; a quote anywhere else is an error.

Arrow forgives stray quotes, so a chunk reaches it only after `sound_end` has seen that each one is in its place.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from local.redshift.copy.formats.text import Incomplete, Report, TextReader, run_without
from local.redshift.copy.rows import Record, Reject, RowChecker
from local.redshift.protocol.errors import FieldError


class _Field(NamedTuple):
    value: str
    end: int
    is_sound: bool
    is_quoted: bool


class CsvReader(TextReader):
    def __init__(self, checker: RowChecker, report: Report) -> None:
        super().__init__(checker, report)
        self.delimiter = self.options.delimiter
        self.quote = self.options.quote
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        blanks = "".join(blank for blank in " \t" if blank not in self.delimiter) or "(?!)"
        body = f"[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+"
        self._quoted = re.compile(f"[{blanks}]*{quote}({body})(?:({quote})[{blanks}]*(?={delimiter}|\r?\n|\r?\\Z))?")
        ends = f"[{delimiter}\n]".encode() if len(self.delimiter.encode()) == 1 else b"(?!)"
        self._regular = re.compile(
            b"%b(?<=%b%b)[^%b]*+()%b(?=%b)" % (quote.encode(), ends, *[quote.encode()] * 3, ends)
        )
        self._bare = re.compile(run_without(self.delimiter, self.quote))

    def sound_end(self, data: bytes, *, is_final: bool) -> tuple[int, bool]:
        quote = self.quote.encode()
        if quote not in data:
            return (len(data) if is_final else data.rfind(b"\n") + 1), False
        if end := self._end_if_regular(data, is_final=is_final):
            return end, False
        parts = data.split(quote)
        wrong = self._first_wrong(parts)
        is_open = wrong is None and len(parts) % 2 == 0
        if wrong is None and is_final and not is_open:
            return len(data), False
        last = len(parts) - 1 - is_open if wrong is None else wrong
        return self._last_newline(parts, last), wrong is not None or (is_final and is_open)

    def _end_if_regular(self, data: bytes, *, is_final: bool) -> int:
        """Return what `sound_end` does where every quote opens or closes a field; 0 for any other data."""
        if len(self._regular.findall(data)) * 2 != data.count(self.quote.encode()):
            return 0
        newline = data.rfind(b"\n")
        if is_final:
            return len(data)
        return newline + 1 if newline > data.rfind(self.quote.encode()) else 0

    def _first_wrong(self, parts: list[bytes]) -> int | None:
        """Return the first stretch outside quotes that does not begin and end at a field's boundary."""
        last = len(parts) - 1
        outside = parts[::2]
        is_closed = last % 2 == 0
        middle = outside[1:-1] if is_closed else outside[1:]
        if (
            (last == 0 or self._ends_field(parts[0]))
            and (last == 0 or not is_closed or self._starts_field(parts[last]))
            and all(self._starts_field(part) and self._ends_field(part) for part in set(middle))
        ):
            return None
        return next(self._wrong(parts), None)

    def _wrong(self, parts: list[bytes]) -> Iterator[int]:
        last = len(parts) - 1
        for index in range(0, len(parts), 2):
            if (index and not self._starts_field(parts[index])) or (
                index < last and not self._ends_field(parts[index])
            ):
                yield index

    def _starts_field(self, part: bytes) -> bool:
        return not part or part.startswith((self.delimiter.encode(), b"\n", b"\r\n"))

    def _ends_field(self, part: bytes) -> bool:
        return not part or part.endswith((self.delimiter.encode(), b"\n"))

    def _last_newline(self, parts: list[bytes], last: int) -> int:
        """Return the offset after the last newline outside quotes, looking back from a stretch."""
        index = last
        if index < len(parts) - 1 or index == 0 or self._starts_field(parts[index]):
            newline = parts[index].rfind(b"\n")
            if newline >= 0 and (index == 0 or self._starts_field(parts[index])):
                return sum(map(len, parts[:index])) + index + newline + 1
        for index in range(last - 2, -1, -2):
            newline = parts[index].rfind(b"\n")
            if newline >= 0:
                return sum(map(len, parts[:index])) + index + newline + 1
        return 0

    def middle(self, piece: bytes) -> int:
        quote = self.quote.encode()
        at = len(piece) // 2
        is_open = piece.count(quote, 0, at) % 2 == 1
        while (newline := piece.rfind(b"\n", 0, at)) >= 0:
            is_open ^= piece.count(quote, newline, at) % 2 == 1
            if not is_open:
                return newline + 1
            at = newline
        return 0

    def record(self, text: str, at: int, line: int, *, is_final: bool) -> tuple[int, Record | Reject]:
        start, values, starts = at, list[str | None](), list[int]()
        while True:
            starts.append(at - start)
            field = self._field(text, at)
            self._check_whole(text, field, is_final=is_final)
            if not field.is_sound:
                return self._stray(text, start, Record(line, "", values, starts), field)
            if not text.startswith(self.delimiter, field.end):
                break
            values.append(field.value)
            at = field.end + len(self.delimiter)
        values.append(field.value if field.is_quoted else field.value.removesuffix("\r"))
        end = text.find("\n", field.end)
        if end < 0 and not is_final:
            raise Incomplete
        raw = text[start : end if end >= 0 else len(text)].removesuffix("\r")
        return end + 1 or len(text), Record(line, raw, values, starts)

    def _field(self, text: str, at: int) -> "_Field":
        if quoted := self._quoted.match(text, at):
            value = quoted[1].replace(self.quote * 2, self.quote)
            return _Field(value, quoted.end(), is_sound=quoted[2] is not None, is_quoted=True)
        bare = self._bare.match(text, at)
        end = bare.end() if bare else at
        return _Field(text[at:end], end, is_sound=not text.startswith(self.quote, end), is_quoted=False)

    def _check_whole(self, text: str, field: "_Field", *, is_final: bool) -> None:
        is_cut = field.end >= len(text) or (not field.is_sound and "\n" not in text[field.end :])
        if is_cut and not is_final:
            raise Incomplete

    def _stray(self, text: str, start: int, read: Record, field: "_Field") -> tuple[int, Reject]:
        """Reject a record for its quoting and go on at the line after its first: a quote left open loses no rows."""
        after = text.find("\n", start) + 1 or len(text)
        record = Record(read.line, text[start:after].rstrip("\r\n"), read.fields, read.starts)
        error = FieldError(1214, "Invalid quote formatting for CSV", field.value.partition("\n")[0])
        return after, self.checker.reject(record, len(read.fields), error)

    def is_for_postgres(self, piece: bytes) -> bool:
        """Return whether PostgreSQL would read the piece as COPY does, if every value is stored unchanged."""
        is_usual = (self.delimiter, self.quote) == (",", '"') and piece.endswith(b"\n")
        return is_usual and b"\r" not in piece and b"\\." not in piece and not self.may_have_blank_lines(piece)

    def prepared(self, piece: bytes) -> tuple[bytes, str, str | None] | None:
        return (piece, self.delimiter, self.quote) if len(self.delimiter.encode()) == 1 else None

    def record_count(self, piece: bytes) -> int:
        quote = self.quote.encode()
        quoted = piece.split(quote)[1::2] if quote in piece else []
        return super().record_count(piece) - sum(part.count(b"\n") for part in quoted)
