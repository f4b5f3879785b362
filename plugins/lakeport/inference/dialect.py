"""Detect how a text file is written: encoding, delimiter, quotes, and whether it is CSV or other delimited text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_SINGLE = (",", "\t", ";", "|", "^", "~", "\x01", "\x1f")
_LAST_RESORT = (":", " ")
_SEVERAL = ("|~|", "~|~", "^|^", "|^|", "~^~", "#@#", "||", "::", "~~", ";;")
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

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield each row's fields, as COPY would split it."""
        if len(self.delimiter) > 1 or not (self.is_csv or self.has_quotes or self.has_escapes):
            for line in lines:
                text = line.rstrip("\r\n")
                yield text.split(self.delimiter) if text else []
            return
        yield from csv.reader(
            lines,
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
    for delimiter in _SEVERAL:
        if _is_split_by(start, delimiter):
            return Dialect(delimiter, is_csv=False)
    best = _best(start, _SINGLE) or _best(start, _LAST_RESORT) or Dialect()
    return _with_quotes(start, best)


def splitting(start: str) -> str | None:
    """Return the delimiter that splits nearly all lines into equally many fields; never a blank or a colon."""
    several = next((delimiter for delimiter in _SEVERAL if _is_split_by(start, delimiter)), None)
    best = _best(start, _SINGLE)
    if several or best is None:
        return several
    reader = csv.reader(io.StringIO(start), delimiter=best.delimiter, quotechar=best.quote, skipinitialspace=True)
    return best.delimiter if _share(_first(reader)) >= _ENOUGH else None


def _is_split_by(start: str, delimiter: str) -> bool:
    rows = [line.split(delimiter) for line in start.splitlines()[:_ROWS] if line.strip()]
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
                candidates.append((*preference, width, quote == '"', -order, delimiter, quote))
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
        return Dialect(found.delimiter, found.quote, has_quotes=has_quotes)
    return Dialect(found.delimiter, found.quote, is_csv=False, has_quotes=has_quotes, has_escapes=escapes)
