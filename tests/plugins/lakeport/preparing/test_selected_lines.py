"""Only lines that are rows reach COPY, and each keeps the number of its line in the file."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest

from lakeport.errors import UnloadableFile
from lakeport.preparing.rejections import Rejection
from lakeport.preparing.selected_lines import RecentLines, SelectedLines
from lakeport.schema.text_format import TextFormat
from tests.support.file_types import make_file_type
from tests.support.golden import raises_golden

BANK = {"H": "skip", "D": "data", "T": "skip"}


class _Lines:
    """The line in the file of each written line."""

    def __init__(self) -> None:
        self.found: list[int] = []

    def note(self, line: int) -> None:
        self.found.append(line)


def selected(text: bytes, **format_: Any) -> tuple[list[tuple[int, bytes]], list[Rejection]]:
    """Return the selected lines with their numbers in the file, and the rejected ones."""
    columns = [{"name": "id", "type": "integer", "width": 4}] if format_.get("type") == "fixed_width" else None
    more = {"columns": columns} if columns else {}
    parsed = make_file_type(format={"type": "csv", **format_}, **more).format
    assert isinstance(parsed, TextFormat)
    notes = _Lines()
    lines = SelectedLines(io.BytesIO(text), parsed, "trips.csv", notes)
    written = lines.stream.read().splitlines(keepends=True)
    return list(zip(notes.found, written, strict=True)), lines.rejected


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        (b"H,1\nD,1\nD,2\nT,2\n", {"lines": BANK}, [(2, b"D,1\n"), (3, b"D,2\n")]),
        (b"H,1\r\nD,1\r\nT,1", {"lines": BANK}, [(2, b"D,1\r\n")]),
        (b"\xef\xbb\xbfD,1\nT,1\n", {"lines": BANK}, [(1, b"\xef\xbb\xbfD,1\n")]),
        (b"x\nkind,id\nD,1\nT,1\n", {"lines": BANK, "header_lines": 2},
         [(1, b"x\n"), (2, b"kind,id\n"), (3, b"D,1\n")]),
        (b"# a\n1,a\n\n2,b\n", {"lines": {"#": "skip", "": "data"}}, [(2, b"1,a\n"), (3, b"\n"), (4, b"2,b\n")]),
        (b"# a\n1,a\n\n2,b\n", {"lines": {"#": "skip", "": "data"}, "ignoreblanklines": True},
         [(2, b"1,a\n"), (4, b"2,b\n")]),
        (b"D1\nDX\nD2\n", {"type": "fixed_width", "lines": {"D": "data", "DX": "skip"}}, [(1, b"D1\n"), (3, b"D2\n")]),
        # A row of several lines is whole, whatever its further lines begin with.
        (b'D,"a\nT,b"\nT,1\n', {"lines": BANK}, [(1, b'D,"a\n'), (2, b'T,b"\n')]),
        # Quotes are quotes only around a field: the trailer stays a trailer.
        (b'D,5" pipe\nT,1\n', {"lines": BANK}, [(1, b'D,5" pipe\n')]),
        (b'H,Bob "s\nD,1\n', {"lines": BANK}, [(2, b"D,1\n")]),
        (b"D|a\\\nT|b\nT|1\n", {"type": "delimited", "escape": True, "lines": BANK}, [(1, b"D|a\\\n"), (2, b"T|b\n")]),
        (b"D|a\\\\\nT|1\n", {"type": "delimited", "escape": True, "lines": BANK}, [(1, b"D|a\\\\\n")]),
        (b"1,a\n2,b\nTotal 2\n\n", {"trailer_lines": 2}, [(1, b"1,a\n"), (2, b"2,b\n")]),
        (b"id\nTotal 0\n", {"header_lines": 1, "trailer_lines": 1}, [(1, b"id\n")]),
        (b"H\nT\n", {"lines": BANK}, []),
        (b"", {"lines": BANK}, []),
    ],
)  # fmt: skip
def test_rows_are_kept_with_their_lines(
    text: bytes, format_: dict[str, Any], expected: list[tuple[int, bytes]]
) -> None:
    assert selected(text, **format_) == (expected, [])


def test_line_with_an_unknown_prefix_is_rejected_with_its_number() -> None:
    kept, rejected = selected(b"H\nD,1\nX,\xff2\n\nD,3\nT\n", lines=BANK)
    assert kept == [(2, b"D,1\n"), (5, b"D,3\n")]
    assert [(each.line, each.raw) for each in rejected] == [(3, "X,\\xff2"), (4, "")]
    assert rejected[0].reason == "unknown prefix; format.lines has 'H', 'D', 'T'"


def test_file_shorter_than_header_and_trailer_is_refused() -> None:
    with raises_golden(UnloadableFile, "preparing", "shorter_than_header_and_trailer", "1 line,", "2"):
        selected(b"id\n", header_lines=1, trailer_lines=1)


def test_row_without_its_closing_quote_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lakeport.preparing.selected_lines._MAX_ROW_BYTES", 1000)
    with raises_golden(UnloadableFile, "preparing", "selected_row_too_long", "line 2"):
        selected(b'H\nD,"a\n' + b"D,1\n" * 1000, lines=BANK)


def test_recent_lines_are_those_of_the_file() -> None:
    """However far the stream is read ahead, and also if every other line is skipped."""
    chance, recent = random.Random(1), RecentLines()
    numbers = sorted(chance.sample(range(1, 5000), 2000))
    for number in numbers:
        recent.note(number)
    asked = sorted(chance.sample(range(1, 2001), 700))
    assert [recent.line_of(each) for each in asked] == [numbers[each - 1] for each in asked]
