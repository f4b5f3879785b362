"""Check every part of a workbook, a .zip of XML, before openpyxl reads it: openpyxl trusts its content."""

from __future__ import annotations

import re
import zipfile
from typing import IO, cast

from lakeport.errors import UnloadableFile
from lakeport.files.streams import chunks_of
from lakeport.preparing.limits import Allowance, Counted
from lakeport.preparing.zip_entries import CarefulFile

MAX_HELD_BYTES = 64 << 20  # texts and styles, which openpyxl keeps in memory
MAX_ROW_BYTES = 16 << 20  # openpyxl also keeps one row in memory
MAX_PARTS = 10_000
_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_AS_CSV = "ask the sender for the sheet as CSV"
_SHEETS = "xl/worksheets/"
_DEFINITIONS = re.compile(rb"<\0?!\0?(?:D\0?O\0?C\0?T\0?Y\0?P\0?E|E\0?N\0?T\0?I\0?T\0?Y)")
_LONGEST_DEFINITION = 20
_ROW = re.compile(rb"</?(?:\w+:)?row\b")


def check_parts(file: IO[bytes], name: str) -> None:
    """Raise UnloadableFile if a part is too large, or has XML definitions."""
    if file.read(4) == _OLD_OR_ENCRYPTED:
        raise UnloadableFile(f"{name} is encrypted or an old .xls; ask the sender for .xlsx without a password")
    allowance, held = Allowance(name, file.seek(0, 2)), 0
    file.seek(0)
    with zipfile.ZipFile(cast("IO[bytes]", CarefulFile(file, name))) as parts:
        if len(parts.infolist()) > MAX_PARTS:
            raise UnloadableFile(f"{name} has more than {MAX_PARTS:,} parts, the maximum for a workbook; {_AS_CSV}")
        for info in parts.infolist():
            with parts.open(info) as part:
                size = _check_part(Counted(part, allowance), info.filename, name)
            is_held = info.filename.endswith((".xml", ".rels")) and not info.filename.startswith(_SHEETS)
            held += size * is_held
            if held > MAX_HELD_BYTES:
                raise UnloadableFile(
                    f"{name} contains more than {MAX_HELD_BYTES:,} bytes of texts and styles, the maximum; {_AS_CSV}"
                )
    file.seek(0)


def _check_part(part: Counted, part_name: str, name: str) -> int:
    size, row_bytes, before = 0, 0, b""
    for data in chunks_of(part):
        size += len(data)
        if _DEFINITIONS.search(before + data):
            raise UnloadableFile(
                f"{name}: {part_name} has a DOCTYPE or ENTITY definition, which is not allowed in a workbook; {_AS_CSV}"
            )
        before = data[-_LONGEST_DEFINITION:]
        last = max((match.start() for match in _ROW.finditer(data)), default=None)
        row_bytes = row_bytes + len(data) if last is None else len(data) - last
        if part_name.startswith(_SHEETS) and row_bytes > MAX_ROW_BYTES:
            most = f"{MAX_ROW_BYTES:,} bytes, the maximum"
            raise UnloadableFile(f"{name}: {part_name} has a row of more than {most}; {_AS_CSV}")
    return size
