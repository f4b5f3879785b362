"""Compare the trailer of a bank's file with its rows, as docs/formats.md shows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import IO

from lakeport.transforming import FileFacts


def complete(stream: IO[bytes], file: FileFacts) -> Iterator[bytes]:
    rows, cents = 0, 0
    for line in stream:
        if line.startswith(b"D"):
            rows, cents = rows + 1, cents + round(Decimal(line[7:15].decode()) * 100)
        elif line.startswith(b"T") and (rows, cents) != (int(line[1:7]), int(line[7:17])):
            raise ValueError(f"the trailer is {line[1:17].decode()}, but {rows} rows have {cents} cents")
        yield line
