"""Infer a schema from CSV and other delimited text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from lakeport.errors import SampleError
from lakeport.inference.dialect import Dialect, dialect, variants
from lakeport.inference.header import header_row, is_remark, width
from lakeport.inference.naming import column_names, headers_of
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading
from lakeport.inference.text import Text, encoding_of
from lakeport.wording import amount

_ROWS_AT_ONCE = 20_000
_HEAD_ROWS = 200
_MANY = 0.01
_END = "\x1a"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass
class Counted:
    """The numbers of rows, by whether they have the right number of fields, and a profile of each column."""

    width: int
    good: int = 0
    short: int = 0
    long: int = 0
    blank: int = 0
    remarks: int = 0
    has_end: bool = False
    """Whether the last row is Ctrl-Z, which DOS writes at the end of a file."""
    profiles: list[Profile] = field(default_factory=list)

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Count some rows, and add the values of the good ones to the profiles."""
        self.has_end = bool(rows) and rows[-1] == [_END]
        rows = rows[:-1] if self.has_end else rows
        good = [row for row in rows if len(row) == self.width]
        self.good += len(good)
        self.blank += sum(not row for row in rows)
        self.remarks += sum(is_remark(row, self.width) for row in rows)
        self.short += sum(0 < len(row) < self.width and not is_remark(row, self.width) for row in rows)
        self.long += sum(len(row) > self.width and not is_remark(row, self.width) for row in rows)
        for profile, values in zip(self.profiles, zip(*good, strict=True), strict=False):
            profile.add(Counter(values))


def read(text: Text, most_rows: int | None, *, has_header: bool | None = None, variant: int = 0) -> Reading | None:
    """Read a delimited sample; without `has_header` a header is detected.

    A file may be readable in several dialects: `variant` is the number of the one to use; None if there are fewer.
    """
    found = dialect(text.start)
    dialects = [found, *variants(found, text.start)]
    try:
        return _read(dialects[variant], text, most_rows, has_header) if variant < len(dialects) else None
    except csv.Error as error:
        raise SampleError(f"{text.path}: not valid delimited text: {error}") from error


def _read(found: Dialect, text: Text, most_rows: int | None, has_header: bool | None) -> Reading:
    found = _with_trailing(found, text.start)
    source = found.rows(text.lines)
    head = list(islice(source, _HEAD_ROWS))
    usual = width(head)
    if not usual:
        raise SampleError(f"{text.path}: the file has no rows; use a sample that has some")
    top = found.first_row
    skipped, named = header_row(head[top:], usual) if len(head) > top else (0, False)
    skipped, named = top + skipped, named if has_header is None else has_header
    words = list(head[skipped]) if named else [""] * usual
    counted = Counted(usual, profiles=[Profile() for _ in range(usual)])
    is_whole = count(counted, chain(head[skipped + named :], source), most_rows)
    if not named and not any(profile.values or profile.markers for profile in counted.profiles):
        raise SampleError(f"{text.path}: the file has no rows; use a sample that has some")
    encoding = encoding_of(text, counted.profiles, words=words, is_marked=not named)
    header = list(map(encoding.as_loaded, words))
    names = column_names(header)
    reading = Reading(_format(found, skipped, named, counted), dict(zip(names, counted.profiles, strict=True)))
    reading.rows, reading.is_whole, reading.encoding = counted.good, is_whole, encoding
    if named:
        reading.headers = headers_of(names, header)
        reading.problems += _problems_of(words)
    _remark(reading, counted, skipped=skipped, named=named, is_asked=has_header is not None)
    return reading


def _problems_of(words: Sequence[str]) -> Iterator[str]:
    for found in filter(None, map(_CONTROL.search, words)):
        name = found.string
        yield (
            f"the header {name!r:.60} has the control character {found[0]!r}; COPY needs a line end after each row, "
            "so ask the sender for lines"
        )


def _with_trailing(found: Dialect, start: str) -> Dialect:
    """Return the dialect as delimited text if rows, but not the header, end with a delimiter, which COPY then takes."""
    rows = [row for row in found.rows(io.StringIO(start, newline="\n")) if row][found.first_row :][:_HEAD_ROWS]
    usual = width(rows)
    table = [row for row in rows if len(row) == usual]
    above = rows[: rows.index(table[0])] if table else []
    has_short_header = bool(above) and len(above[-1]) == usual - 1 and bool(above[-1][-1])
    if usual > 2 and has_short_header and not any(row[-1] for row in table):  # noqa: PLR2004
        return replace(found, is_csv=False, has_trailing=True)
    return found


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
    if counted.has_end:
        keys["trailer_lines"] = 1
    if counted.blank:
        keys["ignoreblanklines"] = True
    if counted.short > counted.good * _MANY:
        keys["fillrecord"] = True
    return keys


def _remark(reading: Reading, counted: Counted, *, skipped: int, named: bool, is_asked: bool) -> None:
    """Add notes on what a person should check."""
    if not named and not is_asked:
        reading.notes.append(
            "no header was found: name the columns, or infer again with --header if the first line is one"
        )
    if broken := [word for word in reading.headers.values() if "\n" in word]:
        reading.notes.append(
            f"the header has a line break in {broken[0]!r}, so that COPY cannot skip it; ask for one line"
        )
    if skipped and not named:
        lines = "line is not a row" if skipped == 1 else f"{skipped} lines are not rows"
        reading.notes.append(f"the first {lines} and will be rejected")
    if counted.has_end:
        reading.notes.append("the last line is Ctrl-Z, which DOS writes at the end of a file: trailer_lines skips it")
    if counted.remarks:
        lines = amount(counted.remarks, "line begins", "lines begin")
        reading.notes.append(f"{lines} with #: COPY reads remarks as rows; ask the sender to omit them")
    width = amount(counted.width, "field")
    if counted.short:
        rows = amount(counted.short, "row has", "rows have")
        outcome = "; fillrecord adds the missing ones" if "fillrecord" in reading.format else ", which COPY rejects"
        reading.notes.append(f"{rows} fewer than {width}{outcome}")
    if counted.long:
        reading.notes.append(f"{amount(counted.long, 'row has', 'rows have')} more than {width}, which COPY rejects")


def _escaped(delimiter: str) -> str:
    """Write a delimiter as COPY takes it: \\t for a tab, \\001 for a character that cannot be printed."""
    if delimiter == "\t":
        return "\\t"
    return delimiter if delimiter.isprintable() else f"\\{ord(delimiter):03o}"
