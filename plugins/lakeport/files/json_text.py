"""The text of a JSON file as ijson may be given it: bounded, since its writer is a stranger."""

from __future__ import annotations

import codecs
import sys

from lakeport.errors import UnloadableFile
from lakeport.files.streams import Readable

_MAX_VALUE_BYTES = 16 << 20  # COPY takes objects of at most 4 MB
_MAX_DIGITS = sys.int_info.default_max_str_digits
_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"0" * 9)


class JsonText:
    """A stream without the mark that some programs write before UTF-8, and never far without the end of a value.

    Nor with more digits in a row than Python makes a number of: ijson's C reads on in the result of that failed
    conversion, which ends the process.

    Raises UnloadableFile where the stream is not so.
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
            raise UnloadableFile(f"{self._name} holds a value of more than {_MAX_VALUE_BYTES:,} bytes")
        self._refuse_long_number(data)
        if self._is_start and data:
            self._is_start = False
            return data.removeprefix(codecs.BOM_UTF8) or self._stream.read(size)
        return data

    def _refuse_long_number(self, data: bytes) -> None:
        digits = self._digits + data.translate(_DIGITS_TO_ZERO)
        if b"0" * (_MAX_DIGITS + 1) in digits:
            raise UnloadableFile(f"{self._name} holds more than {_MAX_DIGITS:,} digits in a row")
        self._digits = digits[-_MAX_DIGITS:]
