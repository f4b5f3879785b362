"""Convert a workbook's sheet to CSV: the n-th row of the sheet is the n-th row of the CSV, with empty rows."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from errno import EINVAL
from typing import IO, Any

import openpyxl

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable
from lakeport.preparing.archives import DAMAGED
from lakeport.preparing.cells import cell_text
from lakeport.preparing.sheet_rows import rows_of
from lakeport.preparing.transfer import spooled
from lakeport.preparing.workbook_parts import check_parts
from lakeport.schema.column import Column
from lakeport.schema.workbook_format import Xlsx

_MAX_ROWS = 1_048_576
_PIECE_CHARACTERS = 1 << 18
# What openpyxl and its parsers raise for damaged workbooks.
_DAMAGED: tuple[type[Exception], ...] = (TypeError, LookupError, AttributeError, SyntaxError, ArithmeticError)
_DAMAGED += (*DAMAGED, AssertionError)


def rows_as_csv(
    stream: Readable, format_: Xlsx, columns: Sequence[Column], name: str, *, in_message: Callable[[str], str] = str
) -> Iterator[bytes]:
    """Yield the sheet's rows as CSV in UTF-8.

    Formulas are the values that were saved with them, and a number has the leading zeros that its format shows.
    `in_message` returns what a message has of a reason, which may contain a value of a cell.

    Raises UnloadableFile if the file is not a workbook, does not have the sheet, or unpacks to too many bytes.
    """
    with spooled(stream, name) as file, _readable(name, in_message):
        check_parts(file, name)
        yield from _pieces(_rows(file, format_, name), format_, columns)


def sheets_of(stream: Readable, name: str) -> dict[str, bool]:
    """Return the names of a workbook's sheets in their order, and whether each is shown; raises UnloadableFile."""
    with spooled(stream, name) as file, _readable(name):
        check_parts(file, name)
        workbook = openpyxl.load_workbook(file, read_only=True, keep_links=False)
        return {sheet.title: sheet.sheet_state == "visible" for sheet in workbook.worksheets}


@contextmanager
def _readable(name: str, in_message: Callable[[str], str] = str) -> Iterator[None]:
    """Raise UnloadableFile if what is read inside is not a workbook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns that it ignores styles, charts and validations
        try:
            yield
        except _DAMAGED as error:
            if getattr(error, "errno", None) not in (None, EINVAL):
                raise  # an error of the disk
            reason = f"{type(error).__name__}: {in_message(str(error))}"
            raise UnloadableFile(f"{name} is not a readable .xlsx: {reason}; ask the sender for it again") from error


def _rows(file: IO[bytes], format_: Xlsx, name: str) -> Iterator[Sequence[Any]]:
    workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheets = {sheet.title: sheet for sheet in workbook.worksheets}
    title = format_.sheet or next(iter(sheets), "")
    if title not in sheets:
        found = f"it has {', '.join(sheets) or 'none'}"
        remedy = "change format.sheet, or ask the sender for that sheet"
        raise UnloadableFile(f"{name} has no sheet {title!r}; {found}; {remedy}")
    for number, row in enumerate(rows_of(sheets[title], format_.header_lines, name), start=1):
        if number > _MAX_ROWS:
            most = f"{_MAX_ROWS:,} rows, the maximum of Excel"
            raise UnloadableFile(f"{name} has more than {most}; ask the sender for it again")
        yield row


def _pieces(rows: Iterator[Sequence[Any]], format_: Xlsx, columns: Sequence[Column]) -> Iterator[bytes]:
    text, empty = io.StringIO(), 0
    writer = csv.writer(text, lineterminator="\n")
    header_lines = format_.header_lines
    types = [column.type.name for column in columns]
    for number, row in enumerate(rows, start=1):
        cells = _without_end(row)
        if not cells:
            empty += 1  # written only if a row follows
            continue
        text.write("\n" * empty)
        empty = 0
        if number <= header_lines:
            # COPY skips lines, not rows: replace line ends inside a heading by blanks.
            fields = [" ".join(cell_text(cell, "varchar").split()) for cell in cells]
            types = _types(fields, columns) if number == header_lines else types
        else:
            cells += [None] * (len(types) - len(cells))
            fields = [cell_text(cell, type_) for cell, type_ in zip(cells, _padded(types, len(cells)), strict=True)]
        writer.writerow(fields)
        if text.tell() > _PIECE_CHARACTERS:
            yield _taken(text)
    yield _taken(text)


def _without_end(row: Sequence[Any]) -> list[Any]:
    """Remove the empty cells at the row's end: formatting often extends beyond the values."""
    cells = list(row)
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    return cells


def _types(header: Sequence[str], columns: Sequence[Column]) -> list[str]:
    types = {column.header_word: column.type.name for column in columns}
    return [types.get(name.strip().lower(), "varchar") for name in header]


def _padded(types: Sequence[str], width: int) -> list[str]:
    return [*types, *["varchar"] * (width - len(types))]


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode("utf-8", "surrogatepass")
    text.seek(0)
    text.truncate()
    return data
