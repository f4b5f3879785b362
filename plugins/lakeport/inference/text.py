"""Read a sample that is text: its first lines, which show how it is written, and all of its lines."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from lakeport.errors import SampleError
from lakeport.inference.dialect import encoding
from lakeport.inference.encodings import Encoding, guess
from lakeport.inference.opening import Sample
from lakeport.inference.profile import Profile, has_wrong_bytes

_START_BYTES = 1 << 18
_STATEMENT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:--.*\n|/\*.*\n|\s)*+(?:insert\s+into|create\s+table|drop\s+table|set\s+\w+\s*=)\s",
    re.IGNORECASE,
)
_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Text:
    """A file's first whole lines, a stream of all of them, and whether a UTF-8 byte order mark comes first."""

    path: Path
    encoding: str
    start: str
    lines: io.TextIOWrapper
    has_mark: bool = False


def text_of(sample: Sample) -> Text:
    """Return a sample as text; raises SampleError if it is not text."""
    start = sample.stream.read(_START_BYTES)
    text_encoding = encoding(start)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise SampleError(f"{sample.path}: its encoding is UTF-32, which COPY does not read; ask the sender for UTF-8")
    if _PAGE.match(start):
        raise SampleError(f"{sample.path}: a web page, not a table; ask the sender for the file again")
    if _STATEMENT.match(start):
        raise SampleError(f"{sample.path}: SQL statements, not rows; ask the sender for CSV or Parquet")
    if text_encoding == "utf-8-sig" and b"\0" in start:
        raise SampleError(f"{sample.path}: not text: it contains NUL bytes; ask the sender for text or Parquet")
    head = _whole_lines(start.decode(text_encoding, "surrogateescape"), is_all=len(start) < _START_BYTES)
    _check_line_ends(sample.path, head)
    joined = io.BufferedReader(_Joined(start, sample))
    lines = io.TextIOWrapper(joined, text_encoding, "surrogateescape", newline="\n")
    return Text(sample.path, text_encoding, head, lines, start.startswith(codecs.BOM_UTF8))


def _check_line_ends(path: Path, head: str) -> None:
    for ends, name in (("\r\r\n", "CR CR LF"), ("\r", "CR alone")):
        if ends in head and ("\n" not in head or ends != "\r"):
            raise SampleError(
                f"{path}: its lines end with {name}, which COPY does not read; ask the sender for LF or CR LF"
            )


def encoding_of(
    text: Text, profiles: Sequence[Profile], *, words: Sequence[str] = (), is_marked: bool = False
) -> Encoding:
    """Return the encoding with an example of what it reads, after the header's words and all values were read.

    `is_marked` tells that a byte order mark would become a part of the first value.
    """
    if text.encoding.startswith("utf-16"):
        return Encoding(text.encoding.replace("-", ""))
    wrong = [*filter(has_wrong_bytes, words), *(each for profile in profiles for each in profile.wrong_texts)]
    if wrong:
        right = chain(words, *(profile.distinct for profile in profiles))
        return Encoding(*guess({*wrong, *right}, wrong))
    return Encoding("utf-8-sig" if text.has_mark and is_marked else "utf-8")


def _whole_lines(start: str, *, is_all: bool) -> str:
    return start if is_all else start[: start.rfind("\n") + 1] or start


class _Joined(io.RawIOBase):
    """The start of a stream, which was already read, and then its rest."""

    def __init__(self, start: bytes, sample: Sample) -> None:
        self._start = memoryview(start)
        self._rest = sample.stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._start[: len(buffer)] or self._rest.read(len(buffer))
        self._start = self._start[len(data) :]
        buffer[: len(data)] = data
        return len(data)
