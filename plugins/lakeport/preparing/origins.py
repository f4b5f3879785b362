"""Keep the line of the file from which each row of a transform's output came."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import IO, TYPE_CHECKING, Protocol

from lakeport.model import CopySource

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PAIR = struct.Struct("<QQ")


class _Pairs(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Origins:
    """The line of each written row, stored as pairs (row, line) wherever the difference between the two changes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._row = 0
        self._distance: int | None = None

    def note(self, line: int) -> None:
        """Note the line of the next row."""
        self._row += 1
        if line - self._row != self._distance:
            self._distance = line - self._row
            self._file.write(_PAIR.pack(self._row, line))


def lines_of_rows(s3: S3Client, source: CopySource, rows: Iterable[int]) -> dict[int, int]:
    """Return the lines from which these rows of a transform's output came."""
    with s3.get_object(Bucket=source.bucket, Key=source.origins_key)["Body"] as pairs:
        return lines_in(pairs, sorted(rows))


def lines_in(pairs: _Pairs, rows: Sequence[int]) -> dict[int, int]:
    """Return the lines of these rows, which are sorted, by what Origins wrote."""
    found: dict[int, int] = {}
    wanted = iter(rows)
    row = next(wanted, None)
    first, line = _next_pair(pairs) or (1, 1)
    while row is not None:
        following = _next_pair(pairs)
        while row is not None and (following is None or row < following[0]):
            found[row] = line + row - first
            row = next(wanted, None)
        first, line = following or (first, line)
    return found


def _next_pair(pairs: _Pairs) -> tuple[int, int] | None:
    data = pairs.read(_PAIR.size)
    return _PAIR.unpack(data) if len(data) == _PAIR.size else None
