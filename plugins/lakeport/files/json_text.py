"""The text of a JSON file for ijson, with bounded values, since the file is not trusted."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterator
from textwrap import shorten
from typing import Any

import ijson

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable

_MAX_VALUE_BYTES = 16 << 20  # COPY takes objects of at most 4 MB
_MAX_DIGITS = sys.int_info.default_max_str_digits
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)


def reason_of(error: ijson.JSONError | ValueError) -> str:
    """Return why a text is not valid JSON, in 200 characters at most, without the arrow that ijson draws below it.

    It may contain a part of the text, so that a message must leave it out if the file type does not show values.
    """
    reason = error.args[0] if error.args else ""  # bytes if the text is not valid UTF-8
    text = reason.decode(errors="backslashreplace") if isinstance(reason, bytes) else str(error)
    return shorten(text.partition("(right here)")[0], 200)


class JsonText:
    """A stream without the UTF-8 byte order mark, with bounded values and numbers.

    Numbers have at most as many digits as Python converts: ijson's C code uses the result of a failed conversion, which
    ends the process.

    Raises UnloadableFile for a longer value or number.
    """

    def __init__(self, stream: Readable, name: str) -> None:
        self._stream = stream
        self._name = name
        self._is_start = True
        self._bytes = 0
        self._digits = b""

    def value_ended(self) -> None:
        """Count the bytes of the next value."""
        self._bytes = 0

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes, none at the end."""
        data = self._stream.read(size)
        self._bytes += len(data)
        if self._bytes > _MAX_VALUE_BYTES:
            most = f"{_MAX_VALUE_BYTES:,} bytes, the maximum"
            raise UnloadableFile(
                f"{self._name} contains a value of more than {most}; ask the sender for smaller values"
            )
        self._refuse_long_number(data)
        if self._is_start and data:
            self._is_start = False
            return data.removeprefix(codecs.BOM_UTF8) or self._stream.read(size)
        return data

    def _refuse_long_number(self, data: bytes) -> None:
        digits = self._digits + data.translate(_DIGITS_TO_ZERO)
        if b"0" * (_MAX_DIGITS + 1) in digits:
            most = f"{_MAX_DIGITS:,} digits in a row, the maximum"
            raise UnloadableFile(f"{self._name} contains more than {most}; ask the sender for shorter numbers")
        self._digits = digits[-_MAX_DIGITS:]


def values_of(stream: Readable, name: str) -> Iterator[Any]:
    """Yield the consecutive JSON values of a text; numbers keep every digit.

    Raises UnloadableFile as JsonText does, and ijson.JSONError or ValueError for text that is not valid JSON.
    """
    text = JsonText(stream, name)
    for value in ijson.items(text, "", multiple_values=True, use_float=False):
        text.value_ended()
        yield value
