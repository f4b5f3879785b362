"""Read a sheet's rows with what openpyxl leaves out: formulas that were saved without a value, and leading zeros."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from lakeport.errors import UnloadableFile

_ZERO_LED = re.compile(r"0[-0 /().]*0")  # 00000 or 000-00-0000, once its quotes and backslashes are removed


def rows_of(sheet: Any, header_lines: int, name: str) -> Iterator[list[Any]]:
    """Yield the values of each row, [] for an empty one; a number has the zeros that its format shows.

    Raises UnloadableFile for a formula below the header that was saved without a value: programs other than Excel write
    such formulas, and Excel computes them when it opens and saves the workbook.
    """
    book, number = sheet.parent, 0
    with book._archive.open(sheet._worksheet_path) as source:
        parser = _Parser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        parser.zero_led = _zero_led_styles(book)
        for at, cells in parser.parse():
            if parser.unsaved and at > header_lines:
                raise UnloadableFile(
                    f"{name}: cell {parser.unsaved} of sheet {sheet.title} is a formula that was saved without its "
                    "value; open the workbook in Excel and save it, or ask the sender for values"
                )
            for _ in range(number + 1, at):
                number += 1
                yield []
            if at > number:
                number = at
                yield _values(cells)


class _Parser(WorkSheetParser):
    """A parser that notes the last formula without a value, and writes zero-led numbers as texts."""

    zero_led: Mapping[int, str] = {}
    unsaved = ""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """Return a cell's place and value."""
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None:
            # Excel saves an empty text as a value of type str.
            if element.find(FORMULA_TAG) is not None and element.get("t") != "str":
                self.unsaved = element.get("r") or f"{cell['column']} in row {cell['row']}"
        elif cell["style_id"] in self.zero_led and isinstance(cell["value"], int) and cell["value"] >= 0:
            cell["value"] = _with_zeros(cell["value"], self.zero_led[cell["style_id"]])
        return cell


def _zero_led_styles(book: Any) -> dict[int, str]:
    """Return the number formats that show leading zeros, by the number of their style."""
    found = {}
    for number, style in enumerate(book._cell_styles):
        at = style.numFmtId - BUILTIN_FORMATS_MAX_SIZE
        if at >= 0 and at < len(book._number_formats):
            format_ = re.sub(r'["\\]', "", book._number_formats[at])
            if _ZERO_LED.fullmatch(format_) and "." not in format_:
                found[number] = format_
    return found


def _with_zeros(value: int, format_: str) -> str:
    """Return a number as its format shows it: each 0 is a digit, and the first takes those that are left over."""
    digits = list(str(value).zfill(format_.count("0")))
    signs = [digits.pop() if sign == "0" else sign for sign in reversed(format_)]
    return "".join(digits) + "".join(reversed(signs))


def _values(cells: list[dict[str, Any]]) -> list[Any]:
    row = [None] * max((cell["column"] for cell in cells), default=0)
    for cell in cells:
        row[cell["column"] - 1] = cell["value"]
    return row
