"""Excel workbooks made in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import openpyxl


def workbook(rows: Sequence[Sequence[Any]], **more: Sequence[Sequence[Any]]) -> bytes:
    """Write a workbook; `more` are its other sheets."""
    book = openpyxl.Workbook()
    del book["Sheet"]
    for title, content in {"Sheet": rows, **more}.items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
