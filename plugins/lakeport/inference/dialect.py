"""Detect how a text file is written: encoding, delimiter, quotes, and whether it is CSV or other delimited text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lakeport.inference.moments import Moments
from lakeport.schema.text_format import with_escaped_nulls

_SINGLE = (",", "\t", ";", "|", "^", "~", "\x01", "\x1f")
_LAST_RESORT = (":", " ")
_SEVERAL = ("|~|", "~|~", "^|^", "|^|", "~^~", "#@#", "||", "::", "~~", ";;")
_MADE_UP = re.compile(r"[|;:~^#@!$%&*/\\<>=]{2,4}")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # Excel's remark on the delimiter
_ENOUGH = 0.9
_ROWS = 500
csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Dialect:
    """How lines are split into fields."""

    delimiter: str = ","
    quote: str = '"'
    is_csv: bool = True
    has_quotes: bool = False
    has_escapes: bool = False
    has_trailing: bool = False
    first_row: int = 0

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield each row's fields, as COPY would split it."""
        for row in self._rows(lines):
            yield row[:-1] if self.has_trailing and row and not row[-1] else row

    def _rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        if len(self.delimiter) > 1 or not (self.is_csv or self.has_quotes or self.has_escapes):
            for line in lines:
                text = line.rstrip("\r\n")
                yield text.split(self.delimiter) if text else []
            return
        yield from csv.reader(
            (with_escaped_nulls(line, self.delimiter) for line in lines) if self.has_escapes else lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar="\\" if self.has_escapes else None,
            doublequote=self.is_csv,
            quoting=csv.QUOTE_MINIMAL if self.is_csv or self.has_quotes else csv.QUOTE_NONE,
            skipinitialspace=self.is_csv,
        )


def encoding(start: bytes) -> str:
    """Return the encoding that a file's first bytes suggest; utf-8 by default."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start[1:400:2].count(0) > len(start[:400]) // 4:
        return "utf-16-le"
    return "utf-16-be" if start[:400:2].count(0) > len(start[:400]) // 4 else "utf-8-sig"


def dialect(start: str) -> Dialect:
    """Find the dialect in a file's first, whole lines: what splits most of them into equally many fields."""
    if separator := _SEPARATOR_LINE.match(start):
        rest = start[separator.end() :]
        return replace(_with_quotes(rest, Dialect(separator[1])), first_row=1)
    start = _without_remarks(start)
    for delimiter in (*_SEVERAL, *_made_up(start)):
        if _is_split_by(start, delimiter):
            return Dialect(delimiter, is_csv=False)
    best = _best(start, _SINGLE) or _last_resort(start) or Dialect()
    return _with_quotes(start, best)


def variants(found: Dialect, start: str) -> Iterator[Dialect]:
    """Yield the other dialects in which a file may be readable, if its rows do not all fit the one that was found."""
    if found.has_quotes and found.is_csv:
        yield replace(found, is_csv=False)
    if found.quote in start and not _is_usually_quoted(start, found):
        yield replace(found, is_csv=False, has_quotes=False, has_escapes=False)


def _lines(start: str) -> list[str]:
    """Split a text at LF and CR LF alone, as COPY does."""
    return re.split("\r?\n", start)


def _is_usually_quoted(start: str, found: Dialect) -> bool:
    """Return whether quotes usually surround a whole field, so that they are not a part of the values."""
    quote = found.quote
    fields = [field for line in _lines(start) for field in line.split(found.delimiter) if quote in field]
    return sum(field.startswith(quote) and field.endswith(quote) for field in fields) >= len(fields) * _ENOUGH


def _without_remarks(start: str) -> str:
    """Leave out the lines that begin with #, unless that is nearly all of them."""
    lines = list(io.StringIO(start, newline="\n"))
    rest = [line for line in lines if not line.startswith("#")]
    return "".join(rest) if len(rest) > 1 else start


def _made_up(start: str) -> list[str]:
    """Return the pairs and triples of signs in the first line that may be a delimiter, the most frequent first."""
    first = next((line for line in _lines(start) if line.strip()), "")
    return [signs for signs, _ in Counter(_MADE_UP.findall(first)).most_common() if signs not in _SEVERAL]


def _last_resort(start: str) -> Dialect | None:
    """Return a dialect with a blank or a colon, unless that is only a part of dates and times."""
    lines = [line.strip() for line in _lines(start)[:_ROWS] if line.strip()]
    moments = Moments()
    moments.add(lines[1:] or lines)
    best = None if moments.dates or moments.times else _best(start, _LAST_RESORT)
    return best if best and lines[0].count(best.delimiter) == lines[-1].count(best.delimiter) > 0 else None


def splitting(start: str) -> str | None:
    """Return the delimiter that splits nearly all lines into equally many fields; never a blank or a colon."""
    several = next((delimiter for delimiter in _SEVERAL if _is_split_by(start, delimiter)), None)
    best = _best(start, _SINGLE)
    if several or best is None:
        return several
    reader = csv.reader(io.StringIO(start), delimiter=best.delimiter, quotechar=best.quote, skipinitialspace=True)
    return best.delimiter if _share(_first(reader)) >= _ENOUGH else None


def _is_split_by(start: str, delimiter: str) -> bool:
    rows = [line.split(delimiter) for line in _lines(start)[:_ROWS] if line.strip()]
    is_clean = not any(delimiter[0] in field and set(field) <= set(delimiter) for row in rows for field in row)
    parts = not any(delimiter[0] in field for row in rows for field in row) if len(set(delimiter)) == 1 else is_clean
    return parts and _share(rows) >= _ENOUGH


def _best(start: str, delimiters: Sequence[str]) -> Dialect | None:
    candidates = []
    for quote in ('"', "'"):
        for order, delimiter in enumerate(delimiters):
            reader = csv.reader(io.StringIO(start), delimiter=delimiter, quotechar=quote, skipinitialspace=True)
            rows = _first(reader)
            share = _share(rows)
            width = _width(rows)
            if share >= _ENOUGH / 2:
                is_sound = share >= _ENOUGH
                preference = (is_sound, share if not is_sound else 0, quote == '"' or _is_quoted(start, "'", delimiter))
                candidates.append((*preference, share == 1, width, quote == '"', -order, delimiter, quote))
    if not candidates:
        return None
    *_, delimiter, quote = max(candidates)
    uses_apostrophe = quote == "'" and _is_quoted(start, "'", delimiter) and '"' not in start
    return Dialect(delimiter, "'" if uses_apostrophe else '"')


def _first(reader: Iterator[list[str]]) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row)
            if len(rows) >= _ROWS:
                break
    except csv.Error:
        return []
    return rows


def _share(rows: Sequence[Sequence[str]]) -> float:
    """Return the share of rows that have the most frequent number of fields, if that is more than one."""
    filled = [len(row) for row in rows if row]
    width = _width(rows)
    return filled.count(width) / len(filled) if width > 1 else 0


def _width(rows: Sequence[Sequence[str]]) -> int:
    counts = Counter(len(row) for row in rows if row)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _is_quoted(start: str, quote: str, delimiter: str) -> bool:
    edge = re.escape(delimiter)
    return bool(re.search(rf"(?:^|{edge}){quote}[^{quote}\n]*{quote}(?:{edge}|\r?$)", start, re.MULTILINE))


def _with_quotes(start: str, found: Dialect) -> Dialect:
    """Return the dialect as CSV if its quotes are valid CSV, or as delimited: COPY refuses other quotes in a CSV."""
    quote, edge = re.escape(found.quote), re.escape(found.delimiter)
    has_quotes = _is_quoted(start, found.quote, found.delimiter)
    escapes = has_quotes and bool(re.search(rf"\\{quote}(?!\s*(?:{edge}|\r?$))", start, re.MULTILINE))
    sound = rf"(^|{edge})[ \t]*{quote}(?:[^{quote}]|{quote}{quote})*{quote}[ \t]*(?={edge}|\r?$)"
    rest = re.sub(sound, r"\1", start, flags=re.MULTILINE)
    if found.quote not in rest:
        return replace(found, has_quotes=has_quotes)
    return replace(found, is_csv=False, has_quotes=has_quotes, has_escapes=escapes)
