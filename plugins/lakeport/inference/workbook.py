"""Infer a schema from the first sheet of an Excel workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO

from lakeport.errors import SampleError, UnloadableFile
from lakeport.files.streams import stream_of
from lakeport.inference.delimited import Counted, count
from lakeport.inference.header import header_row
from lakeport.inference.naming import column_names, headers_of
from lakeport.inference.profile import Profile
from lakeport.inference.reading import Reading
from lakeport.preparing.workbooks import rows_as_csv, sheets_of
from lakeport.schema.workbook_format import Xlsx
from lakeport.wording import amount

_HEAD_ROWS = 200


def read(path: Path, most_rows: int | None, *, has_header: bool | None = None) -> Reading:
    """Read a workbook's first sheet; without `has_header` a header is detected."""
    with path.open("rb") as file:
        try:
            first, *others = _sheets(file, path) or [""]
            format_ = Xlsx(type="xlsx", sheet=first or None)
            text = io.TextIOWrapper(stream_of(rows_as_csv(file, format_, (), str(path))), "utf-8", newline="")
            reading = _read(csv.reader(text), path, most_rows, has_header)
        except UnloadableFile as error:
            raise SampleError(str(error)) from error
    if first:
        reading.format["sheet"] = first
        reading.notes.append(f"other sheets are not loaded: {', '.join(others)}")
    return reading


def _sheets(file: IO[bytes], path: Path) -> list[str]:
    """Return the names of the sheets, first the first one that is not hidden; nothing if there is only one."""
    sheets = sheets_of(file, str(path))
    file.seek(0)
    first = next((name for name, is_visible in sheets.items() if is_visible), next(iter(sheets)))
    return [first, *(name for name in sheets if name != first)] if len(sheets) > 1 else []


def _read(source: Iterator[list[str]], path: Path, most_rows: int | None, has_header: bool | None) -> Reading:
    head = list(islice(source, _HEAD_ROWS))
    width = max(map(len, head), default=0)
    if not width:
        raise SampleError(f"{path}: the first sheet has no rows; use a sample that has some")
    skipped, named = header_row([_padded(row, width) if len(row) > 1 else row for row in head], width)
    named = named if has_header is None else has_header
    counted = Counted(width, profiles=[Profile() for _ in range(width)])
    rows = (_padded(row, width) for row in chain(head[skipped + named :], source) if row)
    is_whole = count(counted, rows, most_rows)
    # COPY skips lines, so a load replaces line ends inside a heading by blanks.
    header = [" ".join(word.split()) for word in _padded(head[skipped], width)] if named else [""] * width
    names = column_names(header)
    format_: dict[str, object] = {"type": "xlsx"} | ({"header_lines": skipped + 1} if named else {})
    reading = Reading(format_, dict(zip(names, counted.profiles, strict=True)), counted.good, is_whole)
    if named:
        reading.headers = headers_of(names, header)
    elif has_header is None:
        reading.notes.append(
            "no header was found: name the columns, or infer again with --header if the first row is one"
        )
    if counted.long:
        reading.notes.append(
            f"{amount(counted.long, 'row has', 'rows have')} more than {amount(width, 'cell')}, which a load rejects"
        )
    return reading


def _padded(row: list[str], width: int) -> list[str]:
    """Add the empty cells at a row's end, which a sheet omits."""
    return row + [""] * (width - len(row))
