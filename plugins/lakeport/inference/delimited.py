"""Infer a schema from CSV and other delimited text."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from lakeport.errors import SampleError
from lakeport.inference.dialect import Dialect, dialect
from lakeport.inference.header import is_header, preamble, width
from lakeport.inference.naming import column_names
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading
from lakeport.inference.text import Text, encoding_of

_ROWS_AT_ONCE = 20_000
_HEAD_ROWS = 200
_MANY = 0.01


@dataclass
class Counted:
    """The numbers of rows, by whether they have the right number of fields, and a profile of each column."""

    width: int
    good: int = 0
    short: int = 0
    long: int = 0
    blank: int = 0
    profiles: list[Profile] = field(default_factory=list)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Count some rows, and add the values of the good ones to the profiles."""
        good = [row for row in rows if len(row) == self.width]
        self.good += len(good)
        self.blank += sum(not row for row in rows)
        self.short += sum(0 < len(row) < self.width for row in rows)
        self.long += sum(len(row) > self.width for row in rows)
        for profile, values in zip(self.profiles, zip(*good, strict=True), strict=False):
            profile.add(Counter(values))


def read(text: Text, most_rows: int | None, *, has_header: bool | None = None) -> Reading:
    """Read a delimited sample; without `has_header` a header is detected."""
    try:
        return _read(dialect(text.start), text, most_rows, has_header)
    except csv.Error as error:
        raise SampleError(f"{text.path}: not valid delimited text: {error}") from error


def _read(found: Dialect, text: Text, most_rows: int | None, has_header: bool | None) -> Reading:
    source = found.rows(text.lines)
    head = list(islice(source, _HEAD_ROWS))
    usual = width(head)
    if not usual:
        raise SampleError(f"{text.path}: the file has no rows; use a sample that has some")
    skipped = preamble(head, usual)
    named = is_header(head[skipped], head[skipped + 1 :]) if has_header is None else has_header
    header = [_as_loaded(word) for word in head[skipped]] if named else [""] * usual
    counted = Counted(usual, profiles=[Profile() for _ in range(usual)])
    is_whole = count(counted, chain(head[skipped + named :], source), most_rows)
    names = column_names(header)
    reading = Reading(_format(found, skipped, named, counted), dict(zip(names, counted.profiles, strict=True)))
    reading.rows, reading.is_whole = counted.good, is_whole
    if named:
        reading.headers = headers_of(names, header)
    _remark(reading, counted, text.encoding, skipped=skipped, named=named, is_asked=has_header is not None)
    return reading


def headers_of(names: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    """Return the word in the header for each column whose name differs from it or whose word is a duplicate."""
    doubled = {word for word, times in Counter(word.strip().lower() for word in words).items() if times > 1}
    pairs = zip(names, words, strict=True)
    return {name: word for name, word in pairs if word.strip().lower() != name or word.strip().lower() in doubled}


def count(counted: Counted, rows: Iterator[list[str]], most_rows: int | None) -> bool:
    """Count at most `most_rows` rows; return whether these were all."""
    while most_rows is None or counted.good < most_rows:
        wanted = _ROWS_AT_ONCE if most_rows is None else min(_ROWS_AT_ONCE, most_rows - counted.good)
        block = list(islice(rows, wanted))
        if not block:
            return True
        counted.add(block)
    return next(rows, None) is None


def _format(found: Dialect, skipped: int, named: bool, counted: Counted) -> dict[str, object]:
    keys: dict[str, object] = {"type": "csv" if found.is_csv else "delimited"}
    if named:
        keys["header_lines"] = skipped + 1
    if found.delimiter != ("," if found.is_csv else "|"):
        keys["delimiter"] = _escaped(found.delimiter)
    if found.is_csv and found.quote != '"':
        keys["quote"] = found.quote
    if not found.is_csv:
        keys |= {
            key: True for key, is_set in (("removequotes", found.has_quotes), ("escape", found.has_escapes)) if is_set
        }
    if counted.blank:
        keys["ignoreblanklines"] = True
    if counted.short > counted.good * _MANY:
        keys["fillrecord"] = True
    return keys


def _remark(
    reading: Reading, counted: Counted, text_encoding: str, *, skipped: int, named: bool, is_asked: bool
) -> None:
    """Add notes on what a person should check."""
    if not named and not is_asked:
        reading.notes.append(
            "no header was found: name the columns, or infer again with --header if the first line is one"
        )
    if skipped and not named:
        reading.notes.append(f"the first {skipped} lines are not rows and will be rejected")
    for count, what in ((counted.short, "fewer"), (counted.long, "more")):
        if count:
            outcome = (
                "fillrecord adds the missing fields"
                if what == "fewer" and "fillrecord" in reading.format
                else "they are rejected"
            )
            reading.notes.append(f"{count:,} rows have {what} than {counted.width} fields: {outcome}")
    reading.encoding = encoding_of(text_encoding, counted.profiles)


def _as_loaded(word: str) -> str:
    """Return a header's word as a load reads it: bytes that are not UTF-8 are escaped."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _escaped(delimiter: str) -> str:
    """Write a delimiter as COPY takes it: \\t for a tab, \\001 for a character that cannot be printed."""
    if delimiter == "\t":
        return "\\t"
    return delimiter if delimiter.isprintable() else f"\\{ord(delimiter):03o}"
