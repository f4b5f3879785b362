"""Turn a file in another ENCODING into UTF-8 while it is read."""

import codecs

from local.redshift.copy.formats.text import Stream
from local.redshift.protocol.errors import FieldError

_CODECS = {"UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be", "ISO88591": "iso-8859-1"}
_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MARK_BYTES = 2


class Transcoded:
    """Raises FieldError 1221 where the file is not in its ENCODING."""

    def __init__(self, stream: Stream, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._may_have_mark = encoding != "ISO88591"
        self._decoder = codecs.getincrementaldecoder(_CODECS[encoding])() if encoding in _CODECS else None

    def read(self, size: int = -1, /) -> bytes:
        while data := self._stream.read(size):
            if text := self._decoded(data):
                return text.encode()
        self._decoded(b"", is_final=True)
        return b""

    def _decoded(self, data: bytes, *, is_final: bool = False) -> str:
        if self._decoder is None and not is_final:
            while len(data) < _MARK_BYTES and (more := self._stream.read(_MARK_BYTES)):
                data += more
            mark = data[:_MARK_BYTES]
            if mark not in _MARKS:
                raise FieldError(1221, "Encoding differs from ENCODING: a UTF16 file needs a byte order mark")
            self._decoder = codecs.getincrementaldecoder(_MARKS[mark])()
            data = data[_MARK_BYTES:]
        try:
            text = self._decoder.decode(data, is_final) if self._decoder else ""
        except UnicodeDecodeError as error:
            raise FieldError(1221, f"Encoding differs from ENCODING {self._encoding}: {error.reason}") from None
        if text and self._may_have_mark:  # UTF16LE and UTF16BE take a file with its mark, too
            text, self._may_have_mark = text.removeprefix("\ufeff"), False
        return text
