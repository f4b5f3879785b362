"""A workbook is a .zip of XML, and openpyxl trusts it: look at every part before, as it comes out."""

from __future__ import annotations

import re
import zipfile
from typing import IO, cast

from lakeport.errors import UnloadableFile
from lakeport.files.streams import chunks_of
from lakeport.preparing.archives import CarefulFile
from lakeport.preparing.limits import Allowance, Counted

MAX_HELD_BYTES = 64 << 20  # texts and styles, which are held in memory
MAX_ROW_BYTES = 16 << 20  # so is one row
MAX_PARTS = 10_000
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_SHEETS = "xl/worksheets/"
_DEFINITIONS = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")
_LONGEST_DEFINITION = 20
_ROW = re.compile(rb"</?(?:\w+:)?row\b")


def check_parts(file: IO[bytes], name: str) -> None:
    """Raise UnloadableFile where a part is larger than it may be, or is no plain XML."""
    if file.read(4) == _OLD_OR_ENCRYPTED:
        raise UnloadableFile(f"{name} is encrypted or an old .xls; have it saved as .xlsx without a password")
    allowance, held = Allowance(name, file.seek(0, 2)), 0
    file.seek(0)
    with zipfile.ZipFile(cast("IO[bytes]", CarefulFile(file))) as parts:
        if len(parts.infolist()) > MAX_PARTS:
            raise UnloadableFile(f"{name} has more than {MAX_PARTS:,} parts, as no workbook has")
        for info in parts.infolist():
            with parts.open(info) as part:
                size = _check_part(Counted(part, allowance), info.filename, name)
            is_held = info.filename.endswith((".xml", ".rels")) and not info.filename.startswith(_SHEETS)
            held += size * is_held
            if held > MAX_HELD_BYTES:
                raise UnloadableFile(f"{name} holds texts and styles of more than {MAX_HELD_BYTES:,} bytes")
    file.seek(0)


def _check_part(part: Counted, part_name: str, name: str) -> int:
    size, row_bytes, before = 0, 0, b""
    for data in chunks_of(part):
        size += len(data)
        if _DEFINITIONS.search(before + data):
            raise UnloadableFile(f"{name}: {part_name} defines its own XML, as no workbook does")
        before = data[-_LONGEST_DEFINITION:]
        last = max((match.start() for match in _ROW.finditer(data)), default=None)
        row_bytes = row_bytes + len(data) if last is None else len(data) - last
        if part_name.startswith(_SHEETS) and row_bytes > MAX_ROW_BYTES:
            raise UnloadableFile(f"{name}: {part_name} has a row of more than {MAX_ROW_BYTES:,} bytes")
    return size
