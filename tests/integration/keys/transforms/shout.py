"""Functions for the cases beside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lakeport.transforming import FileFacts, Rows


def loud(rows: Rows, file: FileFacts) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {**row, "city": row["city"].upper()}


def same(rows: Rows, file: FileFacts) -> Iterator[dict[str, Any]]:
    yield from rows


def without_trailer(stream: IO[bytes], file: FileFacts) -> Iterator[bytes]:
    for line in stream:
        if not line.startswith(b"SUM"):
            yield line
