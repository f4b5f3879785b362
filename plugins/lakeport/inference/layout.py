"""Find the columns of fixed-width text by the positions that are blank in all of its first lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from lakeport.inference.dialect import splitting
from lakeport.inference.header import is_header

_LINES = 2_000
_MANY_ROWS = 200
_FEWEST_LINES = 5
_MANY_LINES = 10  # this many lines of one length are not a coincidence
_MAX_PREAMBLE = 10
_MOST = 0.9
_RULER = re.compile(r"[-=]+(?: +[-=]+)+")
_NUMBER = re.compile(r"[-+(]?[\d.,]+[-)%]?")


@dataclass(frozen=True)
class Layout:
    """Where each column starts, the header's words, and how many lines come before the first row."""

    starts: tuple[int, ...]
    words: tuple[str, ...] = ()
    header_lines: int = 0
    is_ragged: bool = False

    def cells(self, line: str) -> list[str]:
        """Return a line's fields, with the blanks around them."""
        return [line[start:end] for start, end in zip(self.starts, (*self.starts[1:], None), strict=True)]

    def is_crossed(self, line: str) -> bool:
        """Return whether a word of this line extends over two columns."""
        return any(line[start - 1 : start].strip() and line[start : start + 1].strip() for start in self.starts[1:])


def layout(start: str, *, has_header: bool | None = None) -> Layout | None:
    """Return the layout of a file's first lines, or None if they are ordinary text or have a delimiter.

    Columns without a blank between them look like one.
    """
    raw = [line.rstrip("\r") for line in start.split("\n")[:_LINES]]
    lines = [line.rstrip() for line in raw]
    filled = [number for number, line in enumerate(lines) if line]
    if len(filled) < _FEWEST_LINES or "\t" in start:
        return None
    below = [lines[number] for number in filled[min(_MAX_PREAMBLE, len(filled) // 2) :]]
    ruler = next((at for at, number in enumerate(filled[:_MAX_PREAMBLE]) if _RULER.fullmatch(lines[number])), None)
    found = _columns_in(below, None if ruler is None else lines[filled[ruler]])
    if not _is_table(found, below) or _is_delimited(start, [raw[number] for number in filled]):
        return None
    if ruler is None:
        header, row = _top(found, [lines[number] for number in filled], has_header)
    else:
        header, row = (ruler - 1 if ruler else None), ruler + 1
    rows = [lines[number] for number in filled[row:]]
    found = found if ruler is not None else _columns_in(rows)
    words = lines[filled[header]] if header is not None else ""
    found = _with_words(found, rows, words)
    if len(rows) < _FEWEST_LINES or not _is_table(found, rows):
        return None
    is_ragged = len({len(raw[number]) for number in filled[row:]}) > 1
    return replace(found, header_lines=filled[row] if row else 0, is_ragged=is_ragged)


def _top(found: Layout, lines: Sequence[str], has_header: bool | None) -> tuple[int | None, int]:
    """Return the numbers of the header, if there is one, and of the first row; titles may come before both."""
    if has_header is not None:
        return (0, 1) if has_header else (None, 0)
    cells = [found.cells(line) for line in lines[:_MANY_ROWS]]
    for at, line in enumerate(lines[: min(_MAX_PREAMBLE, len(lines) // 2)]):
        if (words := _header_words(found, line)) and is_header(words, cells[at + 1 :]):
            return at, at + 1
    return None, 0


def _with_words(found: Layout, rows: Sequence[str], header: str) -> Layout:
    """Return a layout with the header's words; the header helps to find the columns if their number stays the same."""
    with_header = _columns_in([*rows, header])
    if len(with_header.starts) == len(found.starts):
        found = with_header
    words = _header_words(found, header)
    if len(words) != len(header.split()):  # a column without a word is a part of the one before it
        starts = [start for start, word in zip(found.starts, words, strict=False) if word or not start]
        found = Layout(tuple(starts)) if len(starts) > 1 else found
    return replace(found, words=tuple(_header_words(found, header)))


def _header_words(found: Layout, header: str) -> list[str]:
    """Return the header's word of each column, or [] if the words do not match the columns."""
    words = header.split()
    if len(words) == len(found.starts):
        return words
    words = [word.strip() for word in found.cells(header)]
    is_fit = not found.is_crossed(header) and sum(map(bool, words)) * 2 >= len(words)
    return words if is_fit else []


def _columns_in(rows: Sequence[str], ruler: str | None = None) -> Layout:
    """Return where columns start in some rows, or under a ruler.

    A gap belongs to the column whose values begin at different positions, as right-aligned numbers do.  A text that is
    too long for its column then rejects the row; a number that is too long would become another number.
    """
    runs = list(_runs([ruler] if ruler else rows))
    starts = [0]
    for (_, end), (start, stop) in pairwise(runs):
        cells = [row[end:stop] for row in rows if row[end:stop].strip()]
        begins = {len(cell) - len(cell.lstrip()) for cell in cells}
        is_left = len(begins) == 1 and not all(
            _NUMBER.fullmatch(cell.strip()) and len(cell) == stop - end for cell in cells
        )
        starts.append(start if is_left or ruler else end)
    return Layout(tuple(starts))


def _runs(rows: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each run of positions that are not blank in every row."""
    taken = [False] * max(map(len, rows), default=0)
    for row in rows:
        for word in re.finditer(r"\S+", row):
            taken[word.start() : word.end()] = [True] * (word.end() - word.start())
    yield from (run.span() for run in re.finditer("x+", "".join("x" if each else " " for each in taken)))


def _is_table(found: Layout, rows: Sequence[str]) -> bool:
    """Return whether the rows are a table, and not text whose blanks are aligned by chance."""
    is_padded = sum("  " in row.strip() for row in rows) * 2 >= len(rows)
    columns = list(zip(*(found.cells(row) for row in rows), strict=True))
    always_filled = sum(sum(map(bool, map(str.strip, column))) >= len(rows) * _MOST for column in columns)
    return always_filled > 1 and is_padded and all(map(_is_aligned, columns))


def _is_aligned(cells: Sequence[str]) -> bool:
    values = [cell for cell in cells if cell.strip()]
    begins = Counter(len(value) - len(value.lstrip()) for value in values)
    ends = Counter(len(value.rstrip()) for value in values)
    numbers = sum(bool(_NUMBER.fullmatch(value.strip())) for value in values)
    return max([numbers, *begins.values(), *ends.values()], default=0) >= len(values) * _MOST


def _is_delimited(start: str, rows: Sequence[str]) -> bool:
    """Return whether a delimiter separates the fields: at the same positions, or in lines of different lengths."""
    delimiter = splitting(start)
    if delimiter is None:
        words = [row.strip().split(" ") for row in rows]
        return len({len(each) for each in words}) == 1 and not any("" in each for each in words)
    places = {tuple(found.start() for found in re.finditer(re.escape(delimiter), row)) for row in rows}
    is_even = len(rows) >= _MANY_LINES and len({len(row) for row in rows}) == 1
    return len(places) == 1 or not is_even or '"' in start
