"""Infer a schema from fixed-width text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from lakeport.inference.delimited import Counted, count
from lakeport.inference.layout import Layout
from lakeport.inference.naming import column_names
from lakeport.inference.profile import MARKERS, Profile
from lakeport.inference.reading import Reading
from lakeport.inference.text import Text, encoding_of
from lakeport.wording import amount


def read(found: Layout, text: Text, most_rows: int | None) -> Reading:
    """Read a sample whose columns are where the layout has them."""
    rows = _Rows(found, islice(text.lines, found.header_lines, None))
    counted = Counted(len(found.starts), profiles=[Profile() for _ in found.starts])
    is_whole = count(counted, iter(rows), most_rows)
    names = column_names(found.words or [""] * len(found.starts))
    reading = Reading(_format(found, counted), dict(zip(names, counted.profiles, strict=True)), counted.good)
    reading.is_whole = is_whole
    reading.widths = dict(zip(names, _widths(found, rows.longest), strict=True))
    reading.encoding = encoding_of(text, counted.profiles, is_marked=not found.header_lines)
    reading.notes.append(
        "the widths are a guess from the positions that are blank in all lines; adjacent columns look like one"
    )
    if not found.words:
        reading.notes.append(
            "no header was found: name the columns, or infer again with --header if the first line is one"
        )
    if rows.crossed:
        reading.notes.append(
            f"{amount(rows.crossed, 'row has', 'rows have')} a word that extends over two columns: check the widths"
        )
    return reading


class _Rows:
    """The fields of each line, and what was counted while they were read."""

    def __init__(self, found: Layout, lines: Iterable[str]) -> None:
        self._found = found
        self._lines = lines
        self.longest = 0
        self.crossed = 0

    def __iter__(self) -> Iterator[list[str]]:
        for each in self._lines:
            line = each.rstrip("\r\n")
            self.longest = max(self.longest, len(line))
            self.crossed += self._found.is_crossed(line)
            yield [_value(cell) for cell in self._found.cells(line)] if line else []


def _value(cell: str) -> str:
    """Return a field without the blanks that TRIMBLANKS removes; COPY compares NULL AS with the whole field."""
    value = cell.rstrip()
    return cell if value in MARKERS or cell.strip() in MARKERS else value


def _widths(found: Layout, longest: int) -> Iterator[int]:
    """Yield each column's width in characters; if lines end early, the last column may be wider in other files."""
    last = longest - found.starts[-1]
    ends = (*found.starts[1:], found.starts[-1] + (last + last // 4 if found.is_ragged else last))
    yield from (end - start for start, end in zip(found.starts, ends, strict=True))


def _format(found: Layout, counted: Counted) -> dict[str, object]:
    keys: dict[str, object] = {"type": "fixed_width"}
    if found.header_lines:
        keys["header_lines"] = found.header_lines
    if counted.blank:
        keys["ignoreblanklines"] = True
    return keys
